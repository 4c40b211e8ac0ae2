"""Dynamic time warping against the obvious version, cited examples and what must hold for any two sequences."""

import math
from itertools import pairwise

import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.compare import Alignment, derivative, dtw, dtw_distance
from midstream_lab.errors import InputError
from midstream_lab.kernels.compare import dtw as kernels

VALUES = st.integers(-8, 8).map(lambda k: k / 4)  # so that sums are exact and ties come
SEQUENCES = st.integers(1, 24).flatmap(lambda n: arrays(np.float64, n, elements=VALUES))

VARIANTS = [
    {},
    {"cost": "absolute"},
    {"penalty": 0.5},
    {"penalty": 0.5, "cost": "absolute"},
    {"weight": 0.3},
    {"open_begin": True},
    {"open_end": True},
    {"open_begin": True, "open_end": True},
    {"step_pattern": "symmetric2"},
    {"step_pattern": "asymmetric", "open_begin": True, "open_end": True},
    {"step_pattern": "asymmetric", "open_end": True, "penalty": 0.25},
]


def obvious(x, y, *, window=None, cost="squared", step_pattern="symmetric1", open_begin=False, open_end=False, **rest):
    inside = (lambda i, j: True) if window is None else (lambda i, j: abs(i - j) <= window)
    costs = naive.dtw_costs(
        x, y, inside=inside, squared=cost == "squared", pattern=step_pattern, opened=open_begin, **rest
    )
    total = costs[-1].min() if open_end else costs[-1, -1]
    return math.sqrt(total) if cost == "squared" else total


def cost_along(found: Alignment, x: np.ndarray, y: np.ndarray, *, squared: bool = True) -> float:
    apart = x[found.path[:, 0]] - y[found.path[:, 1]]
    return math.sqrt((apart**2).sum()) if squared else np.abs(apart).sum()


@pytest.mark.parametrize("options", VARIANTS, ids=str)
@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, y=SEQUENCES)
def test_it_equals_the_obvious_version(options: dict, x: np.ndarray, y: np.ndarray) -> None:
    assert dtw_distance(x, y, **options) == pytest.approx(obvious(x, y, **options), abs=1e-12)
    assert dtw(x, y, **options).distance == pytest.approx(obvious(x, y, **options), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, y=SEQUENCES, more=st.integers(0, 12))
def test_a_band_equals_the_obvious_version(x: np.ndarray, y: np.ndarray, more: int) -> None:
    window = abs(len(x) - len(y)) + more
    for options in ({}, {"cost": "absolute"}, {"penalty": 1.0}):
        want = obvious(x, y, window=window, **options)
        assert dtw_distance(x, y, window=window, **options) == pytest.approx(want, abs=1e-12)
        found = dtw(x, y, window=window, **options)
        assert found.distance == pytest.approx(want, abs=1e-12)
        assert (np.abs(found.path[:, 0] - found.path[:, 1]) <= window).all()


@pytest.mark.parametrize(("n", "m"), [(149, 149), (150, 149), (150, 400), (400, 150), (333, 777), (65, 64), (1, 300)])
@pytest.mark.parametrize("width", [0, 1, 20, 10_000])
@pytest.mark.parametrize("cost", ["squared", "absolute"])
def test_lengths_around_the_limits_of_the_kernels(n: int, m: int, width: int, cost: str) -> None:
    rng = np.random.default_rng([n, m, width])
    x, y = rng.standard_normal(n).round(1), rng.standard_normal(m).round(1)
    window = abs(n - m) + width
    penalised = {"penalty": 1e-300}  # takes the general kernel, and adds nothing
    want = dtw_distance(x, y, window=window, cost=cost, **penalised)
    assert dtw_distance(x, y, window=window, cost=cost) == pytest.approx(want, rel=1e-12)
    found = dtw(x, y, window=window, cost=cost)
    assert found.distance == pytest.approx(want, rel=1e-12)
    assert cost_along(found, x, y, squared=cost == "squared") == pytest.approx(want, rel=1e-9)


@pytest.mark.parametrize("options", VARIANTS[:8], ids=str)
@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, y=SEQUENCES)
def test_a_path_is_a_path_and_costs_what_is_said(options: dict, x: np.ndarray, y: np.ndarray) -> None:
    found = dtw(x, y, **options)
    steps = np.diff(found.path, axis=0)
    assert ((steps >= 0) & (steps <= 1)).all()
    assert (steps.sum(axis=1) > 0).all()
    assert found.path[0, 0] == 0
    assert found.path[-1, 0] == len(x) - 1
    assert options.get("open_begin") or found.path[0, 1] == 0
    assert options.get("open_end") or found.path[-1, 1] == len(y) - 1
    if "penalty" not in options and "weight" not in options:
        squared = options.get("cost") != "absolute"
        assert cost_along(found, x, y, squared=squared) == pytest.approx(found.distance, abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, y=SEQUENCES)
def test_identity_symmetry_and_the_bounds(x: np.ndarray, y: np.ndarray) -> None:
    distance = dtw_distance(x, y)
    assert dtw_distance(x, x) == 0
    assert dtw_distance(y, x) == pytest.approx(distance, abs=1e-12)
    assert dtw_distance(x[::-1], y[::-1]) == pytest.approx(distance, abs=1e-12)
    assert dtw_distance(x, y, open_end=True) <= distance + 1e-12
    assert distance <= dtw_distance(x, y, step_pattern="symmetric2") + 1e-12
    # Kim, Park & Chu (2001): the ends, and the extremes, differ at most as much
    assert max(abs(x[0] - y[0]), abs(x[-1] - y[-1]), abs(x.max() - y.max()), abs(x.min() - y.min())) <= distance + 1e-12
    if len(x) == len(y):
        assert distance <= np.linalg.norm(x - y) + 1e-12
        assert dtw_distance(x, y, window=0) == pytest.approx(np.linalg.norm(x - y), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, y=SEQUENCES)
def test_a_wider_band_never_costs_more(x: np.ndarray, y: np.ndarray) -> None:
    least = abs(len(x) - len(y))
    found = [dtw_distance(x, y, window=window) for window in range(least, least + 8)]
    assert all(wide <= narrow + 1e-12 for narrow, wide in pairwise(found))
    assert dtw_distance(x, y, window=max(len(x), len(y))) == dtw_distance(x, y)


@settings(max_examples=60, deadline=None)
@given(x=SEQUENCES, times=st.integers(1, 4))
def test_a_stretched_sequence_is_the_same(x: np.ndarray, times: int) -> None:
    assert dtw_distance(np.repeat(x, times), x) == 0


def test_channels_warp_together() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((30, 3)), rng.standard_normal((25, 3))
    for options in ({}, {"cost": "absolute"}, {"step_pattern": "symmetric2"}):
        assert dtw_distance(x, y, **options) == pytest.approx(obvious(x, y, **options))
        assert dtw_distance(x[:, :1], y[:, :1], **options) == pytest.approx(dtw_distance(x[:, 0], y[:, 0], **options))
    assert dtw_distance(x, y[:, ::1]) == pytest.approx(dtw_distance(x[:, [2, 0, 1]], y[:, [2, 0, 1]]))


def test_the_costs_are_kept_on_request() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.standard_normal(20), rng.standard_normal(30)
    assert dtw(x, y).cost_matrix is None
    found = dtw(x, y, window=12, cost_matrix=True)
    want = naive.dtw_costs(x, y, inside=lambda i, j: abs(i - j) <= 12)
    np.testing.assert_allclose(found.cost_matrix, want)
    assert found.cost_matrix.dims == ("x", "y")
    assert math.sqrt(found.cost_matrix[-1, -1]) == pytest.approx(found.distance)


def test_the_itakura_parallelogram_bounds_the_slope() -> None:
    rng = np.random.default_rng(5)
    for n, m in ((40, 40), (40, 50), (30, 21), (2, 2), (1, 5), (3, 7)):
        x, y = rng.standard_normal(n), rng.standard_normal(m)
        found = dtw(x, y, itakura=2.0)
        assert found.distance >= dtw_distance(x, y) - 1e-12
        along, across = (found.path / np.maximum([n - 1, m - 1], 1)).T
        slack = 1.0 / max(1, min(n, m) - 1)
        if min(n, m) > 1:
            assert (across <= np.minimum(2 * along, 0.5 + along / 2) + slack).all()
            assert (across >= np.maximum(along / 2, 2 * along - 1) - slack).all()
    with pytest.raises(InputError, match="slope above 1"):
        dtw_distance(x, y, itakura=1.0)


def test_derivative_is_that_of_keogh_and_pazzani() -> None:
    x = np.arange(10.0) ** 2
    np.testing.assert_allclose(
        derivative(x), [((x[i] - x[i - 1]) + (x[i + 1] - x[i - 1]) / 2) / 2 for i in range(1, 9)]
    )
    assert derivative(np.column_stack([x, x])).shape == (8, 2)
    # a constant added to one sequence does not matter then
    y = np.sin(np.arange(30.0))
    assert dtw_distance(derivative(y), derivative(y + 5)) == pytest.approx(0, abs=1e-12)
    with pytest.raises(InputError, match="at least 3"):
        derivative([1.0, 2.0])


GIVEN = [
    list,
    pd.Series,
    lambda x: x.astype(np.float32),
    lambda x: x.astype(int),
    lambda x: np.repeat(x, 2)[::2],
    lambda x: xr.DataArray(x, dims="time"),
]


@pytest.mark.parametrize("make", GIVEN)
def test_what_people_give(make) -> None:
    x, y = np.array([1.0, 3.0, 2.0, 5.0]), np.array([1.0, 2.0, 5.0])
    assert dtw_distance(make(x), make(y)) == dtw_distance(x, y)


def test_arrays_are_left_as_they_were() -> None:
    x, y = np.arange(5.0), np.arange(7.0)
    dtw_distance(x, y)
    dtw(x, y, penalty=1.0)
    assert x.flags.writeable
    assert y.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        dtw(x, y).path[0] = 3


@pytest.mark.parametrize("where", [0, 7, 199])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("options", [{}, {"cost": "absolute"}, {"penalty": 1.0}], ids=str)
def test_what_is_not_finite_is_named(where: int, bad: float, options: dict) -> None:
    x, y = np.zeros(200), np.ones(300)
    spoiled = x.copy()
    spoiled[where] = bad
    for function in (dtw, dtw_distance):
        with pytest.raises(InputError, match=rf"the first is x\[{where}\]"):
            function(spoiled, y, **options)
        with pytest.raises(InputError, match=rf"the first is y\[{where}\]"):
            function(y, spoiled, **options)


@pytest.mark.parametrize(
    ("x", "y", "options", "message"),
    [
        ([], [1.0], {}, "x: "),
        ([1.0], [], {}, "y: "),
        (["a"], [1.0], {}, "x: "),
        (np.zeros((3, 2)), np.zeros((3, 3)), {}, "x has 2 channels and y has 3"),
        (np.zeros((3, 2)), np.zeros(3), {}, "x has 2 channels and y has 1"),
        (np.zeros((2, 2, 2)), np.zeros(3), {}, "x: "),
        (np.zeros(9), np.zeros(4), {"window": 4}, "the least is 5"),
        (np.zeros(9), np.zeros(4), {"window": -1}, "0 or more"),
        (np.zeros(9), np.zeros(4), {"window": 5.5}, "whole number"),
        (np.zeros(9), np.zeros(4), {"window": "wide"}, "whole number"),
        (np.zeros(9), np.zeros(4), {"cost": "cubed"}, "'squared' or 'absolute'"),
        (np.zeros(9), np.zeros(4), {"step_pattern": "rabiner"}, "symmetric1, symmetric2, asymmetric"),
        (np.zeros(9), np.zeros(4), {"penalty": -1.0}, "penalty"),
        (np.zeros(9), np.zeros(4), {"weight": np.nan}, "weight"),
        (np.zeros(9), np.zeros(4), {"window": 9, "itakura": 2.0}, "not both"),
        (np.zeros(9), np.zeros(4), {"step_pattern": "symmetric2", "open_end": True}, "open ends need"),
        (np.zeros(4), np.zeros(12), {"step_pattern": "asymmetric"}, "no path"),
        (np.zeros(4), np.zeros(12), {"open_end": 1}, "True or False"),
    ],
)
def test_bad_input_is_refused_in_words(x, y, options: dict, message: str) -> None:
    for function in (dtw, dtw_distance):
        with pytest.raises(InputError, match=message):
            function(x, y, **options)


def test_too_many_cells_are_refused_before_anything_is_allocated() -> None:
    with pytest.raises(InputError, match="dtw_distance needs no path"):
        dtw(np.zeros(1_000_000), np.zeros(1_000_000))


def test_one_element_matches_all() -> None:
    assert dtw_distance([2.0], [2.0]) == 0
    assert dtw([2.0], [1.0, 2.0, 4.0]).path.tolist() == [[0, 0], [0, 1], [0, 2]]
    assert dtw_distance([2.0], [1.0, 2.0, 4.0]) == math.sqrt(5)


def test_the_memory_of_a_path_is_at_most_a_quarter_of_a_byte_for_each_cell() -> None:
    for n in (1000, 5000):
        offset = kernels.plan_checkpoints(n, n, n)[1]
        checkpoints = 2 * 8 * int(offset[-1])
        assert checkpoints <= 1.01 * n * n / 4


def test_an_alignment_says_what_it_is() -> None:
    found = dtw([0.0, 1.0, 2.0], [0.0, 2.0], penalty=0.5)
    table = found.to_xarray()
    assert table["x"].values.tolist() == found.path[:, 0].tolist()
    assert "penalty 0.5" in table.attrs["measure"]
    html = found._repr_html_()
    assert html == dtw([0.0, 1.0, 2.0], [0.0, 2.0], penalty=0.5)._repr_html_()
    assert "penalty 0.5" in html
    assert len(found) == len(found.path)
