"""The kernels behind correlation sums, recurrence, entropies, scaling and the 0-1 test against slow versions."""

import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.kernels.attractors import correlation, entropy, online, recurrence, rqa, scaling, zero_one

NORMS = {"max": correlation.MAXIMUM, "euclidean": correlation.EUCLIDEAN}


def limits(radii, norm: str) -> np.ndarray:
    radii = np.asarray(radii, dtype=np.float64)
    return radii if norm == "max" else radii**2


@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize(("n", "dim", "theiler"), [(2, 1, 0), (60, 1, 3), (400, 2, 0), (400, 3, 25)])
def test_pairs_equal_brute_force(n: int, dim: int, theiler: int, norm: str) -> None:
    points = np.random.default_rng(n + dim).standard_normal((n, dim)).cumsum(axis=0)
    radii = np.geomspace(1e-3, 40.0, 25)
    found = correlation.count_pairs(points, limits(radii, norm), theiler, NORMS[norm])
    assert found.tolist() == naive.pairs_within(points, radii, theiler, norm)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(2, 80), st.integers(1, 3)), elements=st.integers(-3, 3).map(float)),
    st.integers(0, 5),
    st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0, 4.0]), min_size=1, unique=True).map(sorted),
)
def test_pairs_at_exactly_the_radius_count(points: np.ndarray, theiler: int, radii: list[float]) -> None:
    found = correlation.count_pairs(points, np.array(radii), theiler, correlation.MAXIMUM)
    assert found.tolist() == naive.pairs_within(points, radii, theiler, "max")


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_matrix_and_pairs_equal_brute_force(norm: str) -> None:
    points = np.random.default_rng(0).standard_normal((70, 2))
    expected = naive.distances(points, norm) <= 0.7
    columns = np.ascontiguousarray(points.T)
    limit = limits([0.7], norm)[0]
    assert (recurrence.fill_matrix(columns, limit, NORMS[norm]).astype(bool) == expected).all()
    pairs, found = recurrence.list_points(columns, limit, NORMS[norm], 5000)
    assert pairs[:found].tolist() == np.argwhere(np.triu(expected, 1)).tolist()
    few, all_ = recurrence.list_points(columns, limit, NORMS[norm], 3)
    assert all_ == found
    assert few.tolist() == pairs[:3].tolist()


@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize(("n", "theiler"), [(9, 0), (64, 0), (131, 1), (200, 17)])
def test_lines_equal_those_of_the_matrix(n: int, theiler: int, norm: str) -> None:
    rng = np.random.default_rng(n)
    points = np.stack([np.sin(np.arange(n) / 3.0), np.cos(np.arange(n) / 3.0)], axis=1) + 0.2 * rng.standard_normal(
        (n, 2)
    )
    matrix = naive.distances(points, norm) <= 0.4
    diagonal, vertical, by_lag = rqa.count_lines(
        np.ascontiguousarray(points.T), limits([0.4], norm)[0], theiler, NORMS[norm]
    )
    lags = range(theiler + 1, n)
    expected = np.bincount([r for lag in lags for r in naive.runs(np.diagonal(matrix, lag))], minlength=n + 1)
    assert diagonal.tolist() == expected.tolist()
    assert vertical.tolist() == np.bincount([r for row in matrix for r in naive.runs(row)], minlength=n + 1).tolist()
    assert by_lag.tolist() == [0] * (theiler + 1) + [int(np.diagonal(matrix, lag).sum()) for lag in lags]


@pytest.mark.parametrize(("order", "delay"), [(2, 1), (3, 1), (4, 3), (6, 2)])
def test_patterns_are_told_apart_as_by_a_stable_sort(order: int, delay: int) -> None:
    x = np.random.default_rng(order).integers(0, 6, 3000).astype(float)
    rows = len(x) - (order - 1) * delay
    codes = np.empty(rows, np.int32)
    entropy.code_patterns(x, order, delay, 0, codes)
    patterns = [tuple(np.argsort(x[i : i + order * delay : delay][:order], kind="stable")) for i in range(rows)]
    assert len(set(zip(codes.tolist(), patterns, strict=True))) == len(set(patterns)) == len(set(codes.tolist()))
    assert codes.min() >= 0
    assert codes.max() < math.factorial(order)


def test_patterns_slide() -> None:
    x = np.random.default_rng(1).standard_normal(5000)
    counts, expected = np.zeros(24, np.int64), np.zeros(24, np.int64)
    entropy.count_patterns(x[:1000], 4, 2, counts)
    entropy.slide_patterns(x, 4, 2, 1000 - 6, counts)
    entropy.count_patterns(x[-1000:], 4, 2, expected)
    assert counts.tolist() == expected.tolist()


@pytest.mark.parametrize("theiler", [0, 7])
def test_rate_slides(theiler: int) -> None:
    points = np.random.default_rng(2).standard_normal((300, 2))
    columns, later, total = np.ascontiguousarray(points.T), np.zeros(300, np.int64), 0
    for known, to in ((0, 1), (1, 90), (90, 91), (91, 300)):
        total += online.slide_rate(np.ascontiguousarray(columns[:, :to]), known, 80, 0.5, 0, theiler, later[:to])
        window = points[max(0, to - 80) : to]
        assert [total] == naive.pairs_within(window, [0.5], theiler, "max")


@pytest.mark.parametrize(("size", "order"), [(8, 1), (25, 2), (64, 3)])
def test_fluctuations_equal_polynomial_fits(size: int, order: int) -> None:
    profile = np.random.default_rng(size).standard_normal(500).cumsum()
    basis = np.ascontiguousarray(np.linalg.qr(np.vander(np.linspace(-1, 1, size), order + 1))[0].T)
    starts = np.arange(500 // size) * size
    square = np.empty(len(starts))
    scaling.measure_fluctuations(profile, basis, starts, square)
    for begin, value in zip(starts, square, strict=True):
        part = profile[begin : begin + size]
        fit = np.polynomial.Polynomial.fit(np.arange(size), part, order)
        assert value == pytest.approx(np.mean((part - fit(np.arange(size))) ** 2), rel=1e-9)


def test_rescaled_ranges_equal_their_definition() -> None:
    x = np.random.default_rng(3).standard_normal(200)
    x[40:60] = 1.0
    starts, ratio = np.arange(10) * 20, np.empty(10)
    scaling.rescale_ranges(x, 20, starts, ratio)
    assert np.isnan(ratio[2])
    expected = [naive.rescaled_range(x[s : s + 20]) for s in starts if s != 40]
    np.testing.assert_allclose(np.delete(ratio, 2), expected, rtol=1e-12)


def test_growth_of_the_walk_equals_its_definition() -> None:
    x = np.random.default_rng(4).standard_normal(400)
    angles = np.array([0.7, 1.5, 2.4])
    found = zero_one.correlate_growth(x, angles, 40)
    np.testing.assert_allclose(found, [naive.zero_one(x, c, 40) for c in angles], rtol=1e-9)


def test_a_walk_that_stands_still_does_not_grow() -> None:
    assert zero_one.correlate_growth(np.zeros(300), np.array([1.0]), 30).tolist() == [0.0]
