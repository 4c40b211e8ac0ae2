"""The matrix profile against its definition, with missing values, constant windows and large offsets."""

import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.compare import discords, distance_profile, join_profile, matrix_profile, motifs
from midstream_lab.errors import InputError
from midstream_lab.sequence import sequence

SAMPLES = st.one_of(st.integers(-3, 3).map(float), st.just(float("nan")))
RNG = np.random.default_rng(5)
WALK = RNG.standard_normal(700).cumsum()


def check(found: xr.Dataset, x: np.ndarray, y: np.ndarray, allowed: np.ndarray, name: str = "") -> None:
    """The profile is the least of the allowed distances, and the index is a place where that is so."""
    distances = np.where(allowed, naive.window_distances(x, y, found.attrs["window"]), np.inf)
    profile, index = found[f"{name}profile"].values, found[f"{name}index"].values
    np.testing.assert_allclose(profile, distances.min(axis=1), atol=1e-6)
    assert ((index == -1) == np.isinf(profile)).all()
    has = index >= 0
    np.testing.assert_allclose(profile[has], distances[np.flatnonzero(has), index[has]], atol=1e-9)


def check_all(found: xr.Dataset, x: np.ndarray) -> None:
    apart = np.subtract.outer(np.arange(found.sizes["start"]), np.arange(found.sizes["start"]))
    exclusion = found.attrs["exclusion"]
    check(found, x, x, abs(apart) > exclusion)
    check(found, x, x, apart > exclusion, "left_")
    check(found, x, x, apart < -exclusion, "right_")


@settings(max_examples=60, deadline=None)
@given(x=st.lists(SAMPLES, min_size=12, max_size=40), window=st.integers(3, 7), exclusion=st.integers(0, 9))
def test_the_profile_is_that_of_the_definition(x: list[float], window: int, exclusion: int) -> None:
    check_all(matrix_profile(x, window=window, exclusion=exclusion), np.array(x))


@settings(max_examples=40, deadline=None)
@given(
    x=st.lists(SAMPLES, min_size=7, max_size=30),
    y=st.lists(SAMPLES, min_size=7, max_size=30),
    window=st.integers(3, 7),
)
def test_the_join_is_that_of_the_definition(x: list[float], y: list[float], window: int) -> None:
    found = join_profile(x, y, window=window)
    check(found, np.array(x), np.array(y), np.ones((len(x) - window + 1, len(y) - window + 1), bool))


@pytest.mark.parametrize("offset", [0.0, 1e5, -1e9])
def test_a_walk_with_a_hole_a_flat_part_and_an_offset(offset: float) -> None:
    x = WALK + offset
    x[200:203] = np.nan
    x[400:480] = x[400]
    found = matrix_profile(x, window=50)
    check_all(found, x)
    assert np.isinf(found["profile"][151:203]).all()
    assert found["profile"][151:203].size == 52
    assert found.attrs["exclusion"] == 13


def test_a_spike_does_not_drown_the_windows_after_it() -> None:
    x = WALK.copy()
    x[100] = 1e7
    found = matrix_profile(x, window=30)
    distances = naive.window_distances(x, x, 30)
    apart = abs(np.subtract.outer(np.arange(671), np.arange(671))) > 8
    np.testing.assert_allclose(found["profile"], np.where(apart, distances, np.inf).min(axis=1), atol=1e-3)


def test_the_answer_does_not_depend_on_threads_scale_or_offset() -> None:
    one = matrix_profile(WALK, window=20)
    xr.testing.assert_identical(one, matrix_profile(WALK, window=20, n_jobs=3))
    moved = matrix_profile(WALK * -3 + 7, window=20)
    np.testing.assert_allclose(moved["profile"], one["profile"], atol=1e-9)
    np.testing.assert_array_equal(moved["index"], one["index"])
    back = matrix_profile(WALK[::-1], window=20)
    np.testing.assert_allclose(back["profile"][::-1], one["profile"], atol=1e-9)
    np.testing.assert_allclose(back["left_profile"][::-1], one["right_profile"], atol=1e-9)


def test_many_rows_stay_exact_over_the_tiles() -> None:
    x = np.random.default_rng(1).standard_normal(5000)
    found = matrix_profile(x, window=8, n_jobs=2)
    for i in (0, 2047, 2048, 4096, 4992):
        row = distance_profile(x[i : i + 8], x)["distance"].values
        row[max(0, i - 2) : i + 3] = np.inf
        assert found["index"][i] == row.argmin()
        assert float(found["profile"][i]) == pytest.approx(row.min(), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(x=st.lists(SAMPLES, min_size=8, max_size=40), query=st.lists(SAMPLES, min_size=2, max_size=8))
def test_the_distance_profile_is_that_of_the_definition(x: list[float], query: list[float]) -> None:
    found = distance_profile(query, x)["distance"].values
    np.testing.assert_allclose(found, naive.window_distances(np.array(query), np.array(x), len(query))[0], atol=1e-7)
    plain = distance_profile(query, x, normalize=False)["distance"].values
    parts = np.lib.stride_tricks.sliding_window_view(x, len(query))
    expected = np.sqrt(((parts - np.array(query)) ** 2).sum(axis=1))
    np.testing.assert_allclose(plain, np.where(np.isnan(expected), np.inf, expected), atol=1e-12)


def test_motifs_and_discords_that_were_planted() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal(1500)
    shape = np.sin(np.linspace(0, 9, 60)) * 5
    for at in (200, 900):
        x[at : at + 60] += shape
    profile = matrix_profile(x, window=60)
    found = motifs(profile, k=2)
    assert 170 < int(found["first"][0]) < 230  # any window with most of the shape
    assert int(found["second"][0]) - int(found["first"][0]) == 700
    assert float(found["distance"][0]) == float(profile["profile"].min())
    starts = np.concatenate([found["first"], found["second"]])
    assert min(abs(a - b) for i, a in enumerate(starts) for b in starts[:i]) > profile.attrs["exclusion"]
    wave = np.sin(np.arange(1500) / 7) + rng.standard_normal(1500) / 50
    wave[700:715] = 0.0
    strange = discords(matrix_profile(wave, window=60), k=2)
    assert 640 < int(strange["start"][0]) < 715
    assert strange["distance"][0] >= strange["distance"][1]


def test_times_come_along() -> None:
    x = sequence(WALK, dt="1/360")
    profile = matrix_profile(x, window=20)
    assert profile["time"].dims == ("start",)
    assert profile["time"].values.tolist() == x["time"].values[: profile.sizes["start"]].tolist()
    found = motifs(profile)
    assert found["first_time"].values.tolist() == x["time"].values[found["first"].values].tolist()
    assert discords(profile)["time"].dims == ("discord",)
    index = pd.date_range("2024-01-01", periods=700, freq="D")
    dated = distance_profile(WALK[:9], pd.Series(WALK, index))
    assert dated["time"].values[3] == np.datetime64("2024-01-04")


@pytest.mark.parametrize("make", [list, np.float32, lambda x: np.repeat(x, 2)[::2], pd.Series, lambda x: x[:, None]])
def test_what_people_give(make: object) -> None:
    x = np.round(WALK[:120] * 8) / 8
    xr.testing.assert_equal(matrix_profile(make(x), window=10), matrix_profile(x, window=10))


@pytest.mark.parametrize("x", [np.full(30, np.nan), np.append(WALK[:4], np.full(30, np.nan))])
def test_nothing_but_missing_values(x: np.ndarray) -> None:
    profile = matrix_profile(x, window=5)
    assert np.isinf(profile["profile"]).all()
    assert (profile["index"] == -1).all()
    assert motifs(profile).sizes["motif"] == 0
    assert discords(profile).sizes["discord"] == 0


def test_a_constant_series_is_at_distance_0() -> None:
    assert (matrix_profile(np.full(30, 1e9), window=5)["profile"] == 0).all()
    assert distance_profile(np.ones(4), np.arange(9.0))["distance"].values.tolist() == [2.0] * 6


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: matrix_profile(WALK, window=2), "window must be a whole number from 3 to 700"),
        (lambda: matrix_profile(WALK, window=701), "x has 700 samples"),
        (lambda: matrix_profile([1.0, 2.0], window=3), "at least 3"),
        (lambda: matrix_profile(WALK, window=2.5), "not 2.5"),
        (lambda: matrix_profile(WALK, window=9, exclusion=-1), "exclusion"),
        (lambda: matrix_profile(WALK, window=9, n_jobs=0), "n_jobs"),
        (lambda: matrix_profile(np.append(WALK, np.inf), window=9), "infinite, the first at row 700"),
        (lambda: matrix_profile(np.ones((9, 2)), window=3), "2 channels"),
        (lambda: matrix_profile([], window=3), "x: "),
        (lambda: join_profile(WALK, [1, 2, 3], window=4), "the shorter series has 3 samples"),
        (lambda: distance_profile(WALK, WALK[:5]), "query"),
        (lambda: distance_profile([1.0], WALK), "query"),
        (lambda: motifs(matrix_profile(WALK, window=9), k=0), "k must"),
        (lambda: discords(xr.Dataset()), "matrix_profile"),
    ],
)
def test_bad_input_is_named(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
