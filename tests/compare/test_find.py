"""What is found in a long series is what trying every window finds."""

import naive
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.compare import dtw_distance, find
from midstream_lab.errors import InputError

WALK = np.random.default_rng(8).standard_normal(900).cumsum()


def scaled(part: np.ndarray) -> np.ndarray:
    return part * 0 if np.ptp(part) == 0 else (part - part.mean()) / (part - part.mean()).std()


def every(query: np.ndarray, x: np.ndarray, measure: str, window: int | None) -> np.ndarray:
    if measure == "euclidean":
        return naive.window_distances(query, x, len(query))[0]
    parts = np.lib.stride_tricks.sliding_window_view(x, len(query))
    return np.array(
        [np.inf if np.isnan(p).any() else dtw_distance(scaled(query), scaled(p), window=window) for p in parts]
    )


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    m=st.integers(2, 9),
    n=st.integers(14, 70),
    window=st.integers(0, 4),
    exclusion=st.integers(0, 9),
    measure=st.sampled_from(["euclidean", "dtw"]),
)
def test_the_windows_found_are_those_of_brute_force(
    seed: int, m: int, n: int, window: int, exclusion: int, measure: str
) -> None:
    rng = np.random.default_rng(seed)
    query, x = rng.standard_normal(m), rng.standard_normal(n).cumsum()
    x[3] = np.nan
    x[8:12] = x[8]
    options = {"window": window} if measure == "dtw" else {}
    found = find(query, x, k=4, measure=measure, exclusion=exclusion, **options)
    distances = every(query, x, measure, options.get("window"))
    for start, end, distance in zip(found["start"].values, found["end"].values, found["distance"].values, strict=True):
        assert end == start + m - 1
        assert distance == pytest.approx(distances.min(), abs=1e-7)
        assert distance == pytest.approx(distances[start], abs=1e-7)
        distances[max(0, start - exclusion) : start + exclusion + 1] = np.inf
    assert found.sizes["match"] == 4 or np.isinf(distances).all()


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_most_windows_are_never_reached(offset: float) -> None:
    query = WALK[300:364] * 2 + 1
    found = find(query, WALK + offset, k=2, measure="dtw", window=3)
    assert int(found["start"][0]) == 300
    assert float(found["distance"][0]) == pytest.approx(0, abs=1e-5)
    assert abs(int(found["start"][1]) - 300) > 32
    assert int(found["candidates"].sel(stage="computed")) < 40
    assert int(found["candidates"].sel(stage="lb_keogh")) > 400


def test_times_and_nothing_to_find() -> None:
    dated = pd.Series(WALK, pd.date_range("2024-01-01", periods=900, freq="D"))
    assert find(WALK[5:30], dated)["time"].values[0] == np.datetime64("2024-01-06")
    for measure in ("euclidean", "dtw"):
        assert find([1.0, 2.0], [np.nan] * 9, measure=measure).sizes["match"] == 0
        assert find([1, 1, 1], [5, 6, 7, 7, 7], measure=measure)["start"].values.tolist() == [2]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: find(WALK, WALK[:9]), "no more than the haystack has"),
        (lambda: find([1.0], WALK), "2 or more"),
        (lambda: find([1.0, 2.0], WALK, k=0), "k must"),
        (lambda: find([1.0, 2.0], WALK, k=900), "the number of windows"),
        (lambda: find([1.0, 2.0], WALK, window=1), "leave it out"),
        (lambda: find([1.0, 2.0], WALK, measure="erp"), "'euclidean' or 'dtw'"),
        (lambda: find([1.0, np.nan], WALK, measure="dtw"), "at row 1"),
        (lambda: find([1.0, 2.0], WALK, measure="dtw", window=-1), "window"),
        (lambda: find([1.0, 2.0], WALK, exclusion=1.5), "exclusion"),
        (lambda: find([1.0, np.inf], WALK), "infinite"),
    ],
)
def test_bad_input_is_named(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
