"""Delay embedding, mutual information, and the choice of delay, dimension and Theiler window."""

import math

import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.attractors import (
    autocorrelation,
    embed,
    estimate_delay,
    estimate_embedding_dim,
    estimate_theiler,
    mutual_information,
    systems,
)
from midstream_lab.errors import GapError, InputError
from midstream_lab.sequence import sequence

FINITE = st.floats(-1e6, 1e6, width=32)


def test_embedding_is_labelled() -> None:
    x = sequence(np.arange(10.0), dt="1/5", name="x")
    points = embed(x, delay=3, dim=2)
    assert points.dims == ("time", "component")
    assert points["component"].values.tolist() == ["x(t)", "x(t + 3)"]
    assert points["time"].values.tolist() == pytest.approx(np.arange(7) / 5)
    assert (points.attrs["delay"], points.attrs["dim"], points.attrs["left_out"]) == (3, 2, 0)
    np.testing.assert_array_equal(points.values, naive.embed(np.arange(10.0), 3, 2))


@settings(max_examples=50, deadline=None)
@given(arrays(np.float64, st.integers(8, 40), elements=FINITE), st.integers(1, 3), st.integers(1, 3))
def test_embedding_equals_naive(x: np.ndarray, delay: int, dim: int) -> None:
    np.testing.assert_array_equal(embed(x, delay=delay, dim=dim).values, naive.embed(x, delay, dim))


def test_vectors_that_touch_nan_are_left_out_and_counted() -> None:
    x = np.arange(10.0)
    x[4] = np.nan
    points = embed(x, delay=2, dim=2)
    assert points.attrs["left_out"] == 2
    assert points.values[:, 0].tolist() == [0, 1, 3, 5, 6, 7]
    assert np.isfinite(points).all()


def test_absent_rows_count_as_missing() -> None:
    whole = sequence(np.arange(10.0), dt=1)
    points = embed(whole.isel(time=[0, 1, 2, 3, 5, 6, 7, 8, 9]), delay=2, dim=2)
    assert points.values.tolist() == [[0, 2], [1, 3], [3, 5], [5, 7], [6, 8], [7, 9]]


def test_irregular_time_is_refused() -> None:
    x = xr.DataArray(np.arange(6.0), dims="time", coords={"time": [0.0, 1.0, 2.3, 3.1, 4.9, 5.05]})
    with pytest.raises(GapError, match="resample"):
        embed(x, delay=1, dim=2)


def test_a_channel_is_chosen_by_name() -> None:
    run = systems.Lorenz().trajectory(50)
    np.testing.assert_array_equal(embed(run, delay=1, dim=1, channel="z").values[:, 0], run.sel(channel="z"))
    with pytest.raises(InputError, match="x, y, z"):
        embed(run, delay=1, dim=2)
    with pytest.raises(InputError, match="no channel named 'w'"):
        embed(run, delay=1, dim=2, channel="w")


@pytest.mark.parametrize(
    "x",
    [
        [0, 1, 2, 3, 4, 5],
        np.arange(6, dtype=np.float32),
        np.arange(6),
        np.arange(12.0)[::2] / 2,
        pd.Series(np.arange(6.0)),
        xr.DataArray(np.arange(6.0), dims="sample"),
    ],
    ids=["list", "float32", "int", "strided", "pandas", "xarray"],
)
def test_every_kind_of_array_embeds_alike(x) -> None:
    assert embed(x, delay=2, dim=2).values.tolist() == [[0, 2], [1, 3], [2, 4], [3, 5]]


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        ([], {}, "empty"),
        ([1.0], {}, "1 samples give no vector"),
        ([1.0, np.inf, 2.0], {}, "infinite"),
        (np.arange(5.0), {"delay": 0}, "delay must be"),
        (np.arange(5.0), {"delay": 1.5}, "delay must be"),
        (np.arange(5.0), {"delay": True}, "delay must be"),
        (np.arange(5.0), {"dim": 0}, "dim must be"),
        (np.arange(5.0), {"dim": 9}, "give no vector"),
    ],
)
def test_bad_input_to_embed_is_explained(x, options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        embed(x, **({"delay": 1, "dim": 2} | options))


def test_mutual_information_of_a_sequence_and_itself_is_its_entropy() -> None:
    x = np.random.default_rng(0).permutation(1600)
    curve = mutual_information(x, max_lag=20)
    assert float(curve[0]) == pytest.approx(math.log(16))
    # Miller's bias of independent values, (bins - 1)^2 / 2n
    assert float(curve[1:].mean()) == pytest.approx(15**2 / 3200, rel=0.15)


def test_mutual_information_of_an_alternation_is_ln_2() -> None:
    curve = mutual_information(np.tile([0.0, 1.0], 500), max_lag=3, bins=2)
    np.testing.assert_allclose(curve, math.log(2), rtol=1e-5)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 100.0), st.floats(-100.0, 100.0))
def test_mutual_information_does_not_see_scale_and_shift(scale: float, shift: float) -> None:
    x = np.random.default_rng(1).standard_normal(200).round(6)
    expected = mutual_information(x, max_lag=5, bins=4)
    np.testing.assert_allclose(mutual_information(scale * x + shift, max_lag=5, bins=4), expected, atol=1e-12)


def test_autocorrelation_equals_its_definition() -> None:
    x = np.random.default_rng(2).standard_normal(300)
    c = x - x.mean()
    expected = [(c[: 300 - k] * c[k:]).sum() / (c**2).sum() for k in range(11)]
    np.testing.assert_allclose(autocorrelation(x, max_lag=10), expected, atol=1e-12)


def test_lags_are_in_units_of_time() -> None:
    x = sequence(np.random.default_rng(0).standard_normal(100), dt="1/4")
    for curve in (autocorrelation(x, max_lag=4), mutual_information(x, max_lag=4)):
        assert curve["lag"].values.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
        assert curve["lag"].attrs["units"] == "s"


@pytest.mark.parametrize(("dt", "low", "high"), [("1/60", 0.12, 0.22), ("1/100", 0.12, 0.22)])
def test_delay_of_lorenz_is_that_of_the_literature(dt: str, low: float, high: float) -> None:
    """Fraser & Swinney's criterion gives about 0.16 time units (Abarbanel 1996: 10 samples of 0.01 to 0.02)."""
    found = estimate_delay(systems.Lorenz().trajectory(5000, dt=dt), channel="x")
    assert "mutual information" in found["rule"].item()
    assert low <= int(found["delay"]) * found.attrs["dt"] <= high


@pytest.mark.parametrize("kind", [systems.Logistic, systems.Henon, systems.Ikeda])
def test_delay_of_a_map_is_1(kind) -> None:
    assert int(estimate_delay(kind().trajectory(2000), channel="x")["delay"]) == 1


@pytest.mark.parametrize(("kind", "dims"), [(systems.Henon, {2}), (systems.Lorenz, {3, 4}), (systems.Rossler, {3, 4})])
def test_dimension_of_known_systems(kind, dims: set[int]) -> None:
    """Cao 1997: 2 for Henon, 3 for Lorenz."""
    assert int(estimate_embedding_dim(kind().trajectory(4000), channel="x")["embedding_dim"]) in dims


def test_caos_e2_of_random_numbers_is_1() -> None:
    found = estimate_embedding_dim(np.random.default_rng(0).standard_normal(3000), max_dim=5)
    np.testing.assert_allclose(found["e2"], 1.0, atol=0.1)
    henon = estimate_embedding_dim(systems.Henon().trajectory(3000), channel="x", max_dim=5)
    assert float(henon["e2"][0]) < 0.5


def test_theiler_window_is_never_0_and_covers_what_it_must() -> None:
    assert int(estimate_theiler(np.random.default_rng(0).standard_normal(500), dim=1)["theiler"]) >= 1
    run = systems.Lorenz().trajectory(4000)
    memory, delay = (int(estimate_delay(run, channel="x")[key]) for key in ("memory", "delay"))
    theiler = int(estimate_theiler(run, channel="x", dim=5)["theiler"])
    assert theiler >= max(2 * memory, 4 * delay)
    assert theiler < 500


@pytest.mark.parametrize("function", [estimate_delay, estimate_theiler, estimate_embedding_dim, autocorrelation])
def test_a_constant_has_no_delay(function) -> None:
    with pytest.raises(InputError, match="constant"):
        function(np.full(600, 2.5))


@pytest.mark.parametrize(
    "function", [estimate_delay, estimate_theiler, estimate_embedding_dim, autocorrelation, mutual_information]
)
def test_gaps_are_refused_with_a_way_out(function) -> None:
    x = np.random.default_rng(0).standard_normal(600)
    x[100] = np.nan
    with pytest.raises(GapError, match="resample"):
        function(x)


@pytest.mark.parametrize("function", [autocorrelation, mutual_information])
def test_lag_must_fit(function) -> None:
    with pytest.raises(InputError, match="max_lag=20"):
        function(np.arange(20.0), max_lag=20)
    with pytest.raises(InputError, match="max_lag must be"):
        function(np.arange(20.0), max_lag=0)


def test_too_few_samples_for_the_dimension() -> None:
    with pytest.raises(InputError, match="too few"):
        estimate_embedding_dim(np.arange(12.0) % 7, max_dim=8)


def test_attrs_are_text_and_numbers() -> None:
    x = np.random.default_rng(0).standard_normal(600)
    results = [f(x) for f in (estimate_delay, estimate_theiler, estimate_embedding_dim, mutual_information)]
    for result in [*results, embed(x, delay=1, dim=2)]:
        assert all(isinstance(value, str | int | float) for value in result.attrs.values())
        assert {"method", "version"} <= set(result.attrs)
