"""Every kernel of the attractor room against its slow, obvious version."""

import inspect
import math

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.kernels.attractors import (
    dimension,
    divergence,
    embedding,
    flows,
    information,
    systems,
    tangent,
    theiler,
)
from midstream_lab.kernels.common import neighbours


def frozen(values) -> np.ndarray:
    view = np.ascontiguousarray(values, dtype=np.float64).view()
    view.flags.writeable = False
    return view


@pytest.fixture(scope="module")
def walk() -> np.ndarray:
    """A short sequence that is neither map-like nor smooth."""
    rng = np.random.default_rng(3)
    return frozen(np.sin(np.arange(260) / 4.0) + 0.3 * rng.standard_normal(260))


@pytest.mark.parametrize(("delay", "dim"), [(1, 1), (3, 2), (5, 4)])
def test_embedding_equals_naive(walk: np.ndarray, delay: int, dim: int) -> None:
    expected = naive.embed(walk, delay, dim)
    np.testing.assert_array_equal(embedding.embed_delay(walk, delay, dim, len(expected)), expected)


@pytest.mark.parametrize(
    ("n", "dim", "count", "window"), [(1, 2, 1, 0), (14, 1, 3, 0), (300, 3, 5, 10), (120, 6, 40, 7)]
)
def test_neighbours_equal_brute_force(n: int, dim: int, count: int, window: int) -> None:
    points = np.random.default_rng(n).standard_normal((n, dim))
    index, squared = neighbours.find_neighbours(points, count, window)
    np.testing.assert_allclose(squared, naive.neighbours(points, count, window), rtol=1e-12)
    for i, row in enumerate(index):
        found = row[row >= 0]
        assert (np.abs(found - i) > window).all()
        assert len(set(found)) == len(found)


def test_neighbours_skip_exact_duplicates() -> None:
    points = np.repeat(np.arange(30.0), 4)[:, None]
    index, squared = neighbours.find_neighbours(points, 1, 1)
    assert (squared == 1.0).all()
    assert (points[index[:, 0], 0] != points[:, 0]).all()


def test_neighbours_of_identical_points_are_none() -> None:
    index, squared = neighbours.find_neighbours(np.zeros((50, 2)), 2, 1)
    assert (index == -1).all()
    assert np.isinf(squared).all()


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float64, st.tuples(st.integers(1, 60), st.integers(1, 3)), elements=st.integers(-4, 4).map(float)),
    st.integers(1, 6),
    st.integers(0, 8),
)
def test_neighbours_equal_brute_force_on_a_grid_with_ties(points: np.ndarray, count: int, window: int) -> None:
    squared = neighbours.find_neighbours(points, count, window)[1]
    np.testing.assert_array_equal(squared, naive.neighbours(points, count, window))


@pytest.mark.parametrize("bins", [2, 5, 16])
def test_information_equals_naive(walk: np.ndarray, bins: int) -> None:
    label = information.bin_equiprobable(walk, bins)
    assert label.tolist() == naive.equiprobable(walk.tolist(), bins)
    curve = information.count_information(label, bins, 12)
    expected = [naive.mutual_information(walk, bins, lag) for lag in range(13)]
    np.testing.assert_allclose(curve, expected, rtol=1e-10, atol=1e-12)


def test_equal_values_share_a_bin() -> None:
    label = information.bin_equiprobable(frozen([1, 1, 1, 1, 2, 3]), 3)
    assert len(set(label[:4].tolist())) == 1


@pytest.mark.parametrize(("delay", "dim", "window"), [(1, 2, 1), (4, 3, 12)])
def test_divergence_equals_naive(walk: np.ndarray, delay: int, dim: int, window: int) -> None:
    steps = 9
    curve, used = divergence.follow_pairs(walk, delay, dim, window, 1, steps)
    assert (used == len(walk) - (dim - 1) * delay - steps).all()
    np.testing.assert_allclose(curve, naive.divergence(walk, delay, dim, window, steps), rtol=1e-10)


@pytest.mark.parametrize("scale", [1e-80, 1.0, 1e70])
def test_logs_of_products_are_sums_of_logs_at_any_scale(walk: np.ndarray, scale: float) -> None:
    curve = divergence.follow_pairs(frozen(walk * scale), 2, 2, 5, 1, 6)[0]
    np.testing.assert_allclose(curve - math.log(scale), naive.divergence(walk, 2, 2, 5, 6), rtol=1e-9)


def test_several_neighbours_give_the_root_mean_square(walk: np.ndarray) -> None:
    curve = divergence.follow_pairs(walk, 2, 3, 8, 4, 0)[0]
    points = naive.embed(walk, 2, 3)
    logs = 0.5 * np.log(naive.neighbours(points, 4, 8).mean(axis=1))
    assert curve[0] == pytest.approx(logs.mean(), rel=1e-10)


def test_expansion_equals_naive(walk: np.ndarray) -> None:
    growth, *_ = dimension.measure_expansion(walk, 3, 3, 6, 15.0, 2.0)
    np.testing.assert_allclose(growth, [naive.expansion(walk, 3, d, 6) for d in (1, 2, 3)], rtol=1e-10)


def test_close_pairs_equal_naive(walk: np.ndarray) -> None:
    points = naive.embed(walk, 2, 2)
    share = theiler.count_close(points, 0.4**2, 15)
    np.testing.assert_allclose(share, [naive.close_pairs(points, 0.4, lag) for lag in range(16)])


@pytest.mark.parametrize(("delay", "dim"), [(1, 2), (3, 3)])
def test_tangents_equal_naive(walk: np.ndarray, delay: int, dim: int) -> None:
    counts = np.array([8, 20])
    counts.flags.writeable = False
    total, used, square = tangent.grow_tangents(walk, delay, dim, 6, counts, 1e-3, 5)
    for size, count in enumerate(counts):
        logs, squares = naive.tangent_growth(walk, delay, dim, 6, count, 1e-3, tangent.SETTLE)
        assert used[size].sum() == len(logs)
        np.testing.assert_allclose(total[size].sum(), logs.sum(), rtol=1e-8)
        np.testing.assert_allclose(square[size], squares.mean(), rtol=1e-8)


@pytest.mark.parametrize("m", [1, 2, 5])
def test_solve_positive_equals_numpy(m: int) -> None:
    rng = np.random.default_rng(m)
    half = rng.standard_normal((m, m + 3))
    a, b = half @ half.T, rng.standard_normal(m)
    expected = np.linalg.solve(a, b)
    tangent.solve_positive(a.copy(), b)
    np.testing.assert_allclose(b, expected, rtol=1e-9)


def test_known_linear_map_is_recovered() -> None:
    """x' = y, y' = -0.5 x + 1.2 y: a neighbourhood's fit gives the coefficients, its gradient pushes their growth."""
    rng = np.random.default_rng(0)
    points = rng.standard_normal((400, 2))
    future = points @ np.array([-0.5, 1.2]) + 3.0
    index, _ = neighbours.find_neighbours(points, 12, 0)
    gradient, error = tangent.fit_gradients(points, future, index, 12, 0.0)
    np.testing.assert_allclose(gradient, np.tile([-0.5, 1.2], (400, 1)), rtol=1e-8)
    np.testing.assert_allclose(error, 0.0, atol=1e-10)


def test_growth_of_a_constant_map_is_its_eigenvalue() -> None:
    gradient = np.tile([0.0, 2.0], (300, 1))
    total, used = tangent.push_tangents(gradient, 1, 3)
    assert total.sum() / used.sum() == pytest.approx(math.log(2.0), abs=1e-6)


def test_a_missing_gradient_restarts_the_vector() -> None:
    gradient = np.tile([0.0, 2.0], (100, 1))
    gradient[50] = np.nan
    _, used = tangent.push_tangents(gradient, 1, 1)
    assert used[0] == (50 - tangent.SETTLE) + (49 - tangent.SETTLE)


def test_too_little_data_gives_counts_of_zero_and_never_raises() -> None:
    short = frozen([0.0, 1.0, 2.0])
    sizes = np.array([8, 20])
    assert divergence.follow_pairs(short, 5, 3, 1, 1, 4)[1].sum() == 0
    assert tangent.grow_tangents(short, 5, 3, 1, sizes, 1e-3, 2)[1].sum() == 0
    assert np.isnan(dimension.measure_expansion(short, 5, 3, 1, 15.0, 2.0)[0]).all()


def test_integration_equals_naive_runge_kutta() -> None:
    p = frozen([10.0, 28.0, 8.0 / 3.0])

    def velocity(s):
        return np.array([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])

    states = systems.advance_state(flows.LORENZ, p, frozen([1.0, 2.0, 20.0]), 3, 0.01, 5)
    np.testing.assert_allclose(states[-1], naive.integrate(velocity, [1.0, 2.0, 20.0], 0.01, 15), rtol=1e-12)


def test_kernels_neither_raise_nor_hold_the_gil() -> None:
    for module in (dimension, divergence, embedding, information, systems, tangent, theiler, neighbours):
        for name, kernel in vars(module).items():
            if hasattr(kernel, "targetoptions"):
                assert kernel.targetoptions.get("nogil"), f"{module.__name__}.{name}"
        assert "raise " not in inspect.getsource(module)
