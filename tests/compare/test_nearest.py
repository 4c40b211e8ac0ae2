"""Lower bounds below the distance, and a search with them that finds what brute force finds."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.compare import dtw_distance, envelope, lb_improved, lb_keogh, lb_kim, nearest, pairwise
from midstream_lab.errors import InputError

VALUES = st.integers(-8, 8).map(lambda k: k / 4)  # so that sums are exact and ties come
COSTS = st.sampled_from(["squared", "absolute"])


def series(channels: int, most: int = 12) -> st.SearchStrategy[np.ndarray]:
    return st.integers(1, most).flatmap(lambda n: arrays(np.float64, (n, channels), elements=VALUES))


PAIRS = st.integers(1, 2).flatmap(lambda channels: st.tuples(series(channels), series(channels)))
SEARCHES = st.integers(1, 2).flatmap(
    lambda channels: st.tuples(
        st.lists(series(channels, 7), min_size=1, max_size=3), st.lists(series(channels, 7), min_size=1, max_size=14)
    )
)


@settings(max_examples=200, deadline=None)
@given(pair=PAIRS, spare=st.integers(0, 12), cost=COSTS)
def test_bounds_are_in_order_below_the_distance(pair: tuple, spare: int, cost: str) -> None:
    x, y = pair
    window = abs(len(x) - len(y)) + spare
    distance = dtw_distance(x, y, window=window, cost=cost) * (1 + 1e-12)
    keogh = lb_keogh(x, y, window=window, cost=cost)
    assert 0 <= keogh <= lb_improved(x, y, window=window, cost=cost) <= distance
    assert lb_kim(x, y, cost=cost) <= distance
    assert lb_improved(x, y, cost=cost) <= dtw_distance(x, y, cost=cost) * (1 + 1e-12)


def test_a_bound_may_be_the_distance() -> None:
    x, y = np.zeros(4), np.array([0.0, 4.0, -4.0, 0.0])
    assert lb_improved(x, y, window=1) == dtw_distance(x, y, window=1) == 32**0.5
    assert lb_keogh(x, y, window=0) == dtw_distance(x, y, window=0)
    assert lb_kim([1.0], [4.0]) == dtw_distance([1.0], [4.0]) == 3.0


@settings(max_examples=60, deadline=None)
@given(y=series(2, 20), window=st.integers(0, 25))
def test_the_envelope_is_the_extreme_of_each_window(y: np.ndarray, window: int) -> None:
    found = envelope(y, window=window)
    for i in range(len(y)):
        part = y[max(0, i - window) : i + window + 1]
        np.testing.assert_array_equal(found["lower"][i], part.min(axis=0))
        np.testing.assert_array_equal(found["upper"][i], part.max(axis=0))


@settings(max_examples=150, deadline=None)
@given(given=SEARCHES, spare=st.integers(0, 5) | st.none(), k=st.integers(1, 4), cost=COSTS)
def test_it_finds_what_brute_force_finds(given: tuple, spare: int | None, k: int, cost: str) -> None:
    queries, X = given
    k = min(k, len(X))
    lengths = [len(x) for x in queries + X]
    window = None if spare is None else max(lengths) - min(lengths) + spare
    found = nearest(queries, X, k=k, window=window, cost=cost)
    all_of_them = pairwise(queries, X, window=window, cost=cost).values
    want = np.argsort(all_of_them, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(found["index"], want)
    np.testing.assert_array_equal(found["distance"], np.take_along_axis(all_of_them, want, axis=1))
    assert found["candidates"].sum("stage").values.tolist() == [len(X)] * len(queries)


@pytest.mark.parametrize("scale", [1e-150, 1.0, 1e9])
def test_real_walks_with_every_stage(scale: float) -> None:
    rng = np.random.default_rng(0)
    X = scale * rng.standard_normal((400, 60)).cumsum(axis=1)
    queries = X[:12] + scale * rng.standard_normal((12, 60))
    found = nearest(queries, X, k=5, window=6)
    all_of_them = pairwise(queries, X, window=6).values
    want = np.argsort(all_of_them, axis=1, kind="stable")[:, :5]
    np.testing.assert_array_equal(found["index"], want)
    np.testing.assert_array_equal(found["distance"], np.take_along_axis(all_of_them, want, axis=1))
    assert found["index"][:, 0].values.tolist() == list(range(12))
    if scale == 1.0:
        assert (found["candidates"].sum("query") > 0).all()
        assert found["candidates"].sel(stage="computed").sum() < 0.1 * 12 * 400


def test_other_measures_compute_every_distance() -> None:
    X = np.random.default_rng(0).standard_normal((9, 10))

    def dtw(x: np.ndarray, y: np.ndarray) -> float:  # its name is no reason to take it for the measure
        return -dtw_distance(x, y)

    for measure, options, function in (
        ("dtw", {"penalty": 0.5}, lambda x, y: dtw_distance(x, y, penalty=0.5)),
        (dtw, {}, dtw),
    ):
        found = nearest(X[3], X, k=2, measure=measure, **options)
        want = [function(X[3], x) for x in X]
        assert found["index"].values.tolist() == [np.argsort(want)[:2].tolist()]
        assert found["candidates"].sel(stage="computed").values.tolist() == [9]


def test_labels_are_kept() -> None:
    X = xr.DataArray(np.eye(3), dims=("beat", "time"), coords={"beat": ["N", "V", "A"]})
    found = nearest({"mine": [0, 1, 0]}, X)
    assert found["label"].sel(query="mine").values.tolist() == ["V"]
    assert found["label"].dtype == found["label"].astype(str).dtype
    assert math.isclose(found["distance"].item(), 0.0)
    for query in ([0, 1, 0], np.array([0, 1, 0]), X[1], [[0, 1, 0]]):
        assert nearest(query, X)["index"].values.tolist() == [[1]]


@pytest.mark.parametrize(
    ("query", "options", "words"),
    [
        ([], {}, "is empty"),
        ([1.0, np.nan], {}, r"query\[0\]\[1\] = nan"),
        ([1.0, 2.0], {"k": 3}, "from 1 to 2"),
        ([1.0, 2.0], {"k": 0}, "from 1 to 2"),
        ([1.0, 2.0], {"k": True}, "from 1 to 2"),
        ([1.0], {"window": 0}, "the least is 1"),
        ([[[1.0, 2.0]]], {}, "query has 2 channels and X has 1"),
    ],
)
def test_what_cannot_be_searched_is_refused(query: list, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        nearest(query, [[0.0, 1.0], [1.0, 2.0]], **options)


def test_no_window_is_too_narrow_unseen() -> None:
    for bound in (lb_keogh, lb_improved):
        with pytest.raises(InputError, match="the least is 2"):
            bound([1.0, 2.0, 3.0], [1.0], window=1)
