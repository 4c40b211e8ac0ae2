"""Correlation sums and the correlation dimension."""

import json
import math
from pathlib import Path

import known
import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab import datasets
from midstream_lab.attractors import correlation_dimension, correlation_sum, systems
from midstream_lab.errors import GapError, InputError
from midstream_lab.sequence import sequence

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "invariants.json").read_text())
PLAIN = {"delay": 1, "embedding_dim": 1, "theiler": 0}


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_sum_equals_naive(norm: str) -> None:
    x = np.random.default_rng(0).standard_normal(300).cumsum()
    radii = [0.1, 1.0, 5.0]
    found = correlation_sum(x, radii=radii, delay=3, embedding_dim=2, theiler=10, norm=norm)
    expected = naive.pairs_within(naive.embed(x, 3, 2), radii, 10, norm)
    assert found["pairs"].values.tolist() == expected
    n = 300 - 3
    np.testing.assert_allclose(found["correlation_sum"], np.array(expected) * 2 / ((n - 10) * (n - 11)))


def test_sum_equals_that_of_nolds_but_for_the_points_themselves() -> None:
    (row,) = [row for row in ORACLE["answers"] if row["job"] == "corr_dim"]
    options, x = row["options"], np.array(ORACLE["x"])
    n = len(x) - (options["dim"] - 1) * options["delay"]
    found = correlation_sum(
        x, radii=options["radii"], delay=options["delay"], embedding_dim=options["dim"], theiler=0, norm="euclidean"
    )
    np.testing.assert_allclose(found["correlation_sum"], np.exp(row["answer"]["log_sum"]) - 1.0 / (n - 1), rtol=1e-12)


def test_sum_of_evenly_spread_numbers_is_known() -> None:
    """|u - v| <= r has the probability 2 r - r^2 for u, v uniform in [0, 1]."""
    u = np.random.default_rng(1).uniform(size=20_000)
    radii = np.array([0.01, 0.1, 0.5])
    found = correlation_sum(u, radii=radii, **PLAIN)
    np.testing.assert_allclose(found["correlation_sum"], 2 * radii - radii**2, rtol=0.02)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-10.0, 10.0))
def test_sum_moves_with_the_scale_and_not_with_the_place(scale: float, shift: float) -> None:
    x = np.random.default_rng(2).standard_normal(200)
    radii = np.array([0.2345, 1.2345])
    expected = correlation_sum(x, radii=radii, delay=2, embedding_dim=2, theiler=5)
    moved = correlation_sum(scale * x + shift, radii=scale * radii, delay=2, embedding_dim=2, theiler=5)
    assert moved["pairs"].values.tolist() == expected["pairs"].values.tolist()


def test_default_radii_and_attrs() -> None:
    found = correlation_sum(systems.Henon().trajectory(1000), channel="x")
    assert found.sizes["radius"] == 40
    assert (np.diff(found["correlation_sum"]) >= 0).all()
    assert all(isinstance(value, str | int | float) for value in found.attrs.values())


@pytest.mark.parametrize(
    "kind",
    [
        lambda x: x.astype(np.float32).astype(float),
        lambda x: x.tolist(),
        lambda x: pd.Series(x),
        lambda x: np.repeat(x, 2)[::2],
        lambda x: xr.DataArray(x, dims="time"),
        lambda x: sequence(x, dt="1/10"),
    ],
)
def test_kinds_of_input(kind) -> None:
    x = np.random.default_rng(3).standard_normal(100).astype(np.float32).astype(float)
    x.flags.writeable = False
    expected = correlation_sum(x, radii=[0.5], **PLAIN)["pairs"].item()
    assert correlation_sum(kind(x), radii=[0.5], **PLAIN)["pairs"].item() == expected


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        ([], {}, "empty|no "),
        ([1.0], PLAIN, "constant"),
        (np.ones(50), PLAIN, "constant"),
        ([1.0, np.inf, 2.0], PLAIN, "infinite"),
        (np.arange(9.0), {**PLAIN, "theiler": 8}, "Theiler window of 8"),
        (np.arange(9.0), {**PLAIN, "delay": 5, "embedding_dim": 3}, "give no vector"),
        (np.arange(9.0), {**PLAIN, "norm": "taxi"}, "norm must be"),
        (np.arange(9.0), {**PLAIN, "radii": [2.0, 1.0]}, "radii must be increasing"),
        (np.arange(9.0), {**PLAIN, "radii": ["a"]}, "radii must be increasing"),
        (np.arange(9.0), {**PLAIN, "theiler": -1}, "theiler must be"),
    ],
)
def test_what_cannot_be_used_is_said(x, options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        correlation_sum(x, **options)


def test_gaps_are_refused_with_a_way_out() -> None:
    x = np.arange(20.0) % 7
    x[3] = np.nan
    for function in (lambda: correlation_sum(x, **PLAIN), lambda: correlation_dimension(x)):
        with pytest.raises(GapError, match="resample"):
            function()


#: D2 with the source: Sprott 2003, or exact.
DIMENSIONS = {"Lorenz": 2.05, "Rossler": 1.991, "Henon": 1.220, "logistic": 1.0, "tent": 1.0, "Ikeda": 1.69}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_dimension_of_known_systems(name: str) -> None:
    case = {**known.REPORTED, **known.TUNING}[name]
    held = 0
    for seed in range(3):
        found = correlation_dimension(known.segment(case, np.random.default_rng(100 + seed))[0])
        assert found["status"].item() == "ok", found["reasons"].item()
        assert float(found["dimension"]) == pytest.approx(DIMENSIONS[name], rel=0.15)
        assert float(found["takens"]) == pytest.approx(float(found["dimension"]), rel=0.25)
        low, high = found["interval"].values
        assert high - low < 0.6 * float(found["dimension"])
        held += low <= DIMENSIONS[name] <= high
    assert held >= 2


def test_cycle_and_torus() -> None:
    t = 0.1 * np.arange(5000)
    golden = (1 + math.sqrt(5)) / 2
    assert float(correlation_dimension(np.sin(t))["dimension"]) == pytest.approx(1.0, abs=0.1)
    torus = correlation_dimension(np.sin(t) + 0.8 * np.sin(golden * t))
    assert float(torus["dimension"]) == pytest.approx(2.0, abs=0.2)


def test_long_data_are_thinned_only_where_close_pairs_abound() -> None:
    x = systems.Henon().trajectory(30_000, rng=1).sel(channel="x")
    found = correlation_dimension(x, delay=1, theiler=3, max_dim=4)
    low, high = found["interval"].values
    assert low < DIMENSIONS["Henon"] < high
    radii = found["radius"].values[:30]
    exact = correlation_sum(x, radii=radii, delay=1, embedding_dim=2, theiler=3)["correlation_sum"].values
    told = found["correlation_sum"].sel(embedding_dim=2).values[:30]
    assert (told[exact < 5e-4] == exact[exact < 5e-4]).all()
    np.testing.assert_allclose(told, exact, rtol=0.03)


def test_noise_has_no_dimension() -> None:
    rng = np.random.default_rng(4)
    white = rng.standard_normal(5000)
    smooth = np.convolve(white, np.ones(8) / 8.0, mode="valid")
    walk = white.cumsum()
    for x in (white, smooth, walk):
        found = correlation_dimension(x)
        assert found["status"].item() == "inconclusive"
        assert found["reasons"].item()


def test_what_comes_back_too_seldom_has_no_dimension() -> None:
    """A sine in noise and two minutes of a heart: their slopes settle near 5, which 60 turns cannot show."""
    rng = np.random.default_rng(0)
    sine = np.sin(0.1 * np.arange(5000)) + 0.1 * rng.standard_normal(5000)
    heart = datasets.load("ecg_mitbih_208")[: 2 * 60 * 360 : 4]
    for x in (sine, heart):
        found = correlation_dimension(x)
        assert found["status"].item() == "inconclusive"
        assert "come back too seldom" in found["reasons"].item()
        assert np.isnan(found["dimension"])
        assert np.isfinite(found["estimates"]).sum() >= 3  # the curves are shown all the same


def test_too_little_is_inconclusive() -> None:
    for x, words in ((np.ones(2000), "constant"), (np.random.default_rng(5).standard_normal(500), "500 samples")):
        found = correlation_dimension(x)
        assert found["status"].item() == "inconclusive"
        assert words in found["reasons"].item()
        assert np.isnan(found["interval"]).all()


def test_parameters_of_the_dimension() -> None:
    for options, words in (({"max_dim": 3}, "max_dim"), ({"level": 1.0}, "level"), ({"theiler": 0}, "theiler")):
        with pytest.raises(InputError, match=words):
            correlation_dimension(np.arange(2000.0) % 7, **options)
