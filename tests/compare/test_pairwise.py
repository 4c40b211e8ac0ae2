"""All pairs: equal to one pair at a time, with labels, blocks and errors that name the series."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.compare import dtw_distance, pairwise
from midstream_lab.errors import InputError

VALUES = st.integers(-8, 8).map(lambda k: k / 4)
LISTS = st.integers(1, 2).flatmap(
    lambda channels: st.lists(
        st.integers(1, 9).flatmap(lambda n: arrays(np.float64, (n, channels), elements=VALUES)), min_size=1, max_size=9
    )
)


def walks(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).cumsum(axis=1)


@settings(max_examples=80, deadline=None)
@given(series=LISTS, spare=st.integers(0, 9) | st.none(), cost=st.sampled_from(["squared", "absolute"]))
def test_it_equals_one_pair_at_a_time(series: list[np.ndarray], spare: int | None, cost: str) -> None:
    lengths = [len(x) for x in series]
    window = None if spare is None else max(lengths) - min(lengths) + spare
    found = pairwise(series, window=window, cost=cost)
    want = [[dtw_distance(x, y, window=window, cost=cost) for y in series] for x in series]
    np.testing.assert_allclose(found, want, rtol=1e-13, atol=0)
    np.testing.assert_array_equal(found, pairwise(series, series, window=window, cost=cost))


@pytest.mark.parametrize(
    "options",
    [{"window": 0}, {"window": 1}, {"window": 2}, {"window": 13}, {"penalty": 0.5}, {"itakura": 2.0}, {"weight": 0.1}],
    ids=str,
)
def test_more_pairs_than_lanes(options: dict) -> None:
    X, Y = walks(11, 40), walks(7, 40, seed=1)
    want = [[dtw_distance(x, y, **options) for y in Y] for x in X]
    np.testing.assert_allclose(pairwise(X, Y, **options), want, rtol=1e-12)


def test_an_asymmetric_measure_is_computed_both_ways() -> None:
    X = walks(5, 12)
    for found in (
        pairwise(X, step_pattern="asymmetric"),
        pairwise(X, measure=lambda x, y: dtw_distance(x, y, step_pattern="asymmetric")),
    ):
        assert found[0, 1].item() == dtw_distance(X[0], X[1], step_pattern="asymmetric")
        assert found[1, 0].item() == dtw_distance(X[1], X[0], step_pattern="asymmetric") != found[0, 1].item()


def test_every_kind_of_collection_is_the_same() -> None:
    X = walks(4, 10).round(3)
    want = pairwise(X).values
    fixed = X.copy()
    fixed.flags.writeable = False
    time_first = xr.DataArray(X.T, dims=("time", "patient"), coords={"patient": list("abcd")})
    for same in (
        list(X), X.tolist(), fixed, X[:, :, None], np.repeat(X, 2, axis=1)[:, ::2], [pd.Series(x) for x in X],
        time_first, dict(zip("abcd", X, strict=True)), xr.DataArray(X, dims=("k", "t")),
    ):  # fmt: skip
        np.testing.assert_array_equal(pairwise(same), want)
    assert pairwise(time_first, X[:2]).coords["x"].values.tolist() == list("abcd")
    assert set(pairwise(time_first, X[:2]).coords) == {"x"}
    np.testing.assert_array_equal(pairwise(np.arange(6).reshape(2, 3)), [[0, 26**0.5], [26**0.5, 0]])
    np.testing.assert_allclose(pairwise(X.astype(np.float32)), want, rtol=1e-5)
    assert X.flags.writeable  # the caller's array stays as it was


def test_threads_and_progress_change_nothing() -> None:
    X, seen = walks(120, 5), []
    want = pairwise(X, progress=lambda done, total: seen.append((done, total)))
    assert [total for _, total in seen] == [120 * 121 // 2] * len(seen)
    assert seen[-1][0] == seen[-1][1]
    assert len(seen) > 1
    np.testing.assert_array_equal(pairwise(X, n_jobs=2), want)


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        ([], {}, "no series"),
        ([1.0, 2.0], {}, r"\[X\]"),
        (np.zeros((2, 0)), {}, "none of them 0"),
        (np.zeros(3), {}, "into a list"),
        ([[1.0], []], {}, r"X\[1\]"),
        ([[1.0], [1.0, np.nan, 2.0]], {}, r"X\[1\]\[1\] = nan"),
        (np.full((2, 3, 2), np.inf), {}, r"X\[0\]\[0, 0\] = inf"),
        ([np.zeros((3, 2)), np.zeros(3)], {}, r"X\[1\] has 1 channels and X\[0\] has 2"),
        ([np.zeros(9), np.zeros(4), np.zeros(2)], {"window": 3}, "the least is 7"),
        ([[1.0]], {"measure": "nonsense"}, "dtw"),
        ([[1.0]], {"nonsense": 1}, "no option nonsense"),
        ([[1.0]], {"n_jobs": 0}, "n_jobs"),
        ([[1.0]] * 5, {"max_pairs": 24}, "max_pairs=24"),
        ("spam", {}, "a str"),
        (np.array([["a", "b"]]), {}, "not real numbers"),
    ],
)
def test_what_cannot_be_compared_is_refused(given: object, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        pairwise(given, **options)


def test_a_failing_pair_is_named() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        pairwise([[1.0], [2.0]], measure=lambda x, y: 1 / int(x[0] - 2 * y[0] + 3))
    assert caught.value.__notes__ == ["in the pair X[0], Y[1]"]
    with pytest.raises(InputError, match="X has 1 channels and Y has 2"):
        pairwise([[1.0]], [[[1.0, 2.0]]])


class TestLazy:
    da = pytest.importorskip("dask.array", reason="needs the extra dask")

    def test_blocks_are_computed_when_asked_for(self) -> None:
        X, Y = walks(13, 8), walks(5, 8, seed=1)
        labelled = xr.DataArray(X, dims=("site", "time"), coords={"site": np.arange(13) * 10})
        lazy = pairwise(labelled.chunk(site=4, time=3), window=2)
        assert lazy.chunks == ((4, 4, 4, 1),) * 2
        assert lazy.sel(x=120, y=0).compute().item() == dtw_distance(X[12], X[0], window=2)
        np.testing.assert_array_equal(lazy, pairwise(X, window=2))
        for first, second in ((self.da.from_array(X, chunks=5), Y), (X, self.da.from_array(Y, chunks=2))):
            np.testing.assert_array_equal(pairwise(first, second), pairwise(X, Y))
        asymmetric = pairwise(self.da.from_array(X, chunks=5), step_pattern="asymmetric")
        np.testing.assert_array_equal(asymmetric, pairwise(X, step_pattern="asymmetric"))

    @pytest.mark.slow
    def test_a_matrix_larger_than_the_memory_of_a_worker(self) -> None:
        distributed = pytest.importorskip("distributed", reason="needs the extra dask")
        n, limit = 8000, 400 * 2**20
        assert 8 * n * n > limit
        X = walks(n, 3)
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1",
                memory_limit=limit,
            ) as cluster,
            distributed.Client(cluster) as client,
        ):  # fmt: skip
            assert len(client.scheduler_info()["workers"]) == 2
            lazy = pairwise(self.da.from_array(X, chunks=(1000, 3)))
            got = lazy.mean("y").compute()
        for k in (0, 4321, n - 1):
            assert got[k].item() == pytest.approx(pairwise(X[k : k + 1], X).mean().item(), rel=1e-12)
