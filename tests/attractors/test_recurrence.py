"""Recurrence matrices and recurrence quantification."""

import json
from pathlib import Path

import naive
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import recurrence_matrix, recurrence_points, rqa, systems
from midstream_lab.errors import GapError, InputError

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "invariants.json").read_text())
PLAIN = {"delay": 1, "embedding_dim": 1, "theiler": 0}


def wave(n: int, noise: float = 0.2) -> np.ndarray:
    return np.sin(np.arange(n) / 4.0) + noise * np.random.default_rng(n).standard_normal(n)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_matrix_equals_naive(norm: str) -> None:
    x = wave(120)
    plot = recurrence_matrix(x, radius=0.4, rate=None, delay=3, embedding_dim=2, theiler=5, norm=norm)
    assert plot.dims == ("time", "other_time")
    assert plot.dtype == bool
    assert (plot.values == (naive.distances(naive.embed(x, 3, 2), norm) <= 0.4)).all()


def test_sparse_matrix_is_the_upper_half_of_the_dense_one() -> None:
    x = wave(300)
    options = {"rate": 0.2, "delay": 2, "embedding_dim": 2, "theiler": 8}
    dense, sparse = recurrence_matrix(x, **options), recurrence_points(x, **options)
    pairs = np.stack([sparse["row"], sparse["column"]], axis=1)
    assert pairs.tolist() == np.argwhere(np.triu(dense.values, 1)).tolist()
    assert sparse.attrs["radius"] == dense.attrs["radius"]
    assert sparse.attrs["rows"] == dense.shape[0]


def test_points_with_no_recurrence_at_all() -> None:
    assert recurrence_points(np.arange(10.0), radius=0.5, rate=None, **PLAIN).sizes["pair"] == 0


def test_a_matrix_that_is_too_large_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError, match="recurrence_points"):
        recurrence_matrix(np.random.default_rng(0).standard_normal(30_001), rate=0.01, **PLAIN)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
@pytest.mark.parametrize("theiler", [0, 6])
def test_rqa_equals_naive(norm: str, theiler: int) -> None:
    x = wave(250)
    found = rqa(x, radius=0.5, rate=None, delay=2, embedding_dim=2, theiler=theiler, norm=norm)
    expected = naive.rqa(naive.embed(x, 2, 2), 0.5, theiler, norm)
    assert set(found.data_vars) == set(expected)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-9), name


def test_rqa_equals_that_of_pyunicorn() -> None:
    (row,) = [row for row in ORACLE["answers"] if row["job"] == "rqa"]
    options = row["options"]
    found = rqa(
        ORACLE["x"],
        radius=options["radius"],
        rate=None,
        delay=options["delay"],
        embedding_dim=options["dim"],
        theiler=0,
    )
    for name, value in row["answer"].items():
        assert float(found[name]) == pytest.approx(value, rel=1e-6), name


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.3])
def test_white_noise_has_the_lines_of_independent_points(rate: float) -> None:
    """Without embedding, DET is the share of points with a neighbour on the diagonal.

    Neighbours on a diagonal are independent in noise, so that DET = 1 - (1 - p)^2 and L = (2 - p) / (1 - p).
    """
    found = rqa(np.random.default_rng(1).standard_normal(3000), rate=rate, **PLAIN)
    p = float(found["recurrence_rate"])
    assert p == pytest.approx(rate, rel=1e-3)
    assert float(found["determinism"]) == pytest.approx(1 - (1 - p) ** 2, rel=0.05)
    assert float(found["mean_diagonal"]) == pytest.approx((2 - p) / (1 - p), rel=0.01)
    assert abs(float(found["trend"])) < 1e-5


def test_a_sine_is_all_diagonals() -> None:
    period, n = 25, 500
    x = np.sin(2 * np.pi * np.arange(n) / period)
    found = rqa(x, radius=0.1, rate=None, delay=6, embedding_dim=2, theiler=12)
    rows = n - 6
    assert float(found["determinism"]) == 1.0
    assert float(found["longest_diagonal"]) == rows - period
    assert float(found["divergence"]) == pytest.approx(1 / (rows - period))
    assert float(found["laminarity"]) == 0.0


def test_chaos_lies_between_a_cycle_and_noise() -> None:
    options = {"delay": 1, "embedding_dim": 2, "theiler": 1}
    logistic = float(rqa(systems.Logistic().trajectory(1500), **options)["determinism"])
    noise = float(rqa(np.random.default_rng(2).standard_normal(1500), **options)["determinism"])
    assert noise < logistic < 1.0


@settings(max_examples=15, deadline=None)
@given(st.sampled_from([0.25, 0.5, 2.0, 1024.0]), st.booleans())
def test_rqa_does_not_see_scale_and_the_direction_of_time(scale: float, reverse: bool) -> None:
    x = wave(150)
    expected = rqa(x, radius=0.5, rate=None, delay=2, embedding_dim=2, theiler=3)
    moved = rqa(scale * (x[::-1] if reverse else x), radius=0.5 * scale, rate=None, delay=2, embedding_dim=2, theiler=3)
    for name in expected.data_vars:
        assert float(moved[name]) == pytest.approx(float(expected[name]), rel=1e-9)


def test_where_nothing_recurs_measures_are_missing() -> None:
    found = rqa(np.arange(50.0), radius=0.5, rate=None, **PLAIN)
    assert float(found["recurrence_rate"]) == 0.0
    assert np.isnan(found["determinism"])
    assert np.isnan(found["mean_diagonal"])
    assert float(found["longest_diagonal"]) == 0.0


def test_memory_does_not_grow_with_the_square_of_the_length() -> None:
    """The matrix of 40,000 points would take 1.6 GB."""
    x = systems.Henon().trajectory(40_000)
    found = rqa(x, channel="x", radius=0.01, rate=None, delay=1, embedding_dim=2, theiler=1)
    assert 0 < float(found["recurrence_rate"]) < 0.01


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rate": 0.1, "radius": 0.1}, "either radius"),
        ({"rate": None}, "either radius"),
        ({"rate": 1.5}, "rate must lie"),
        ({"rate": "much"}, "rate must be"),
        ({"rate": None, "radius": -1.0}, "radius must be"),
        ({"rate": None, "radius": "wide"}, "radius must be"),
        ({"min_diagonal": 0}, "min_diagonal must be"),
        ({"norm": "taxi"}, "norm must be"),
    ],
)
def test_parameters_are_checked(options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        rqa(wave(100), **{**PLAIN, **options})


@pytest.mark.parametrize("function", [rqa, recurrence_matrix, recurrence_points])
def test_constant_and_gapped_data_are_refused(function) -> None:
    with pytest.raises(InputError, match="constant"):
        function(np.ones(100))
    x = wave(100)
    x[7] = np.nan
    with pytest.raises(GapError, match="resample"):
        function(x)
