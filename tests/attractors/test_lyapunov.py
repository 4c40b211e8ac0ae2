"""The largest exponent: analytic truths, invariances, negative controls, bad input, and what comes back."""

import functools
import math

import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.attractors import divergence_curve, lyapunov_max, systems
from midstream_lab.errors import GapError, InputError
from midstream_lab.sequence import sequence

N = 4096


def told(found: xr.Dataset) -> tuple[str, float, float, float]:
    low, high = found["interval"].values
    return found["status"].item(), float(found["exponent"]), low, high


@functools.lru_cache
def henon_x(n: int = 2000) -> np.ndarray:
    return systems.Henon().trajectory(n).values[:, 0]


# Truths


@pytest.mark.parametrize(
    ("system", "truth"),
    [
        (systems.Logistic(), math.log(2)),  # exact
        (systems.Tent(), math.log(1.99999)),  # exact
        (systems.Tent(mu=1.7), math.log(1.7)),  # exact
        (systems.Henon(), 0.41922),  # Sprott 2003
        (systems.Logistic(r=3.9), 0.4960),  # tangent-space integration
    ],
    ids=str,
)
def test_exponents_of_maps(system: systems.Map, truth: float) -> None:
    status, value, low, high = told(lyapunov_max(system.trajectory(4000), channel=system.variables[0]))
    assert status == "ok"
    assert low < truth < high
    assert value == pytest.approx(truth, rel=0.05)


@pytest.mark.parametrize(
    ("system", "truth"), [(systems.Lorenz(), 0.9056), (systems.Rossler(), 0.0714)], ids=["Lorenz", "Rossler"]
)
@pytest.mark.parametrize("channel", ["x", "y"])
def test_exponents_of_flows_from_other_channels_and_starts(system: systems.Flow, truth: float, channel: str) -> None:
    """Sprott 2003."""
    status, value, low, high = told(lyapunov_max(system.trajectory(5000, rng=4), channel=channel))
    assert status == "ok"
    assert low < truth < high
    assert value == pytest.approx(truth, rel=0.25)


def test_curve_of_an_exact_map_rises_with_ln_2() -> None:
    curve = divergence_curve(systems.Logistic().trajectory(4000), embedding_dim=2, steps=12)
    assert float(curve["slope"]) == pytest.approx(math.log(2), rel=0.03)
    assert float(curve["r2"]) > 0.99
    np.testing.assert_allclose(curve["local_slope"][1:5], math.log(2), rtol=0.1)


def test_divergence_curve_equals_naive() -> None:
    x = systems.Lorenz().trajectory(400, dt="1/20").values[:, 0]
    curve = divergence_curve(x, dt=1, delay=3, embedding_dim=3, theiler=10, steps=15)
    np.testing.assert_allclose(curve["divergence"], naive.divergence(x, 3, 3, 10, 15), rtol=1e-10)


# Invariances


@settings(max_examples=8, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-1e3, 1e3))
def test_scale_and_shift_change_nothing(scale: float, shift: float) -> None:
    base = told(lyapunov_max(henon_x(), dt=1))
    moved = told(lyapunov_max(scale * henon_x() + shift, dt=1))
    assert moved[0] == base[0]
    np.testing.assert_allclose(moved[1:], base[1:], rtol=1e-3)


@pytest.mark.parametrize("dt", [0.1, "1/3", 60.0])
def test_exponent_scales_with_one_over_dt(dt: float | str) -> None:
    base, scaled = lyapunov_max(henon_x(), dt=1), lyapunov_max(henon_x(), dt=dt)
    for name in ("exponent", "interval", "slope", "estimates", "local_slope"):
        np.testing.assert_allclose(scaled[name] * scaled.attrs["dt"], base[name], rtol=1e-12)


def test_the_same_data_give_the_same_answer() -> None:
    xr.testing.assert_identical(lyapunov_max(henon_x(), dt=1), lyapunov_max(henon_x(), dt=1))


def test_another_seed_moves_only_the_ends() -> None:
    one, two = lyapunov_max(henon_x(), dt=1, rng=1), lyapunov_max(henon_x(), dt=1, rng=np.random.default_rng(2))
    assert float(one["exponent"]) == float(two["exponent"])
    np.testing.assert_allclose(one["interval"], two["interval"], rtol=0.02)


def test_a_higher_level_is_wider() -> None:
    width = [float(lyapunov_max(henon_x(), dt=1, level=p)["interval"].diff("end").item()) for p in (0.5, 0.9, 0.99)]
    assert width[0] < width[1] < width[2]


def test_chosen_parameters_are_used_and_reported() -> None:
    found = lyapunov_max(henon_x(), dt=1, delay=2, embedding_dim=3, theiler=9)
    assert [found.attrs[key] for key in ("delay", "embedding_dim", "theiler")] == [2, 3, 9]
    assert found["embedding_dim"].values.tolist() == [3, 4, 5, 6]


# Negative controls: none may come out as chaos


def steady(start: int, coefficients: list[float], rng: np.random.Generator) -> np.ndarray:
    """A linear autoregressive process."""
    x = np.zeros(N + start)
    for i in range(len(coefficients), len(x)):
        x[i] = sum(c * x[i - 1 - k] for k, c in enumerate(coefficients)) + rng.standard_normal()
    return x[start:]


@functools.lru_cache
def controls(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    t = np.arange(N)
    turn = 2 * math.pi * t / rng.uniform(30, 60)
    ring = steady(500, [2 * 0.98 * math.cos(0.14), -(0.98**2)], rng)
    cycle = systems.VanDerPol().trajectory(N).values[:, 0]
    rossler = systems.Rossler(c=2.5).trajectory(N, transient=2000).values[:, 0]
    torus = systems.VanDerPol(mu=0.5, force=0.5, omega=2.2).trajectory(N).values[:, 0]
    shake = rng.standard_normal(N)
    return {
        "white noise": shake,
        "uniform noise": rng.random(N),
        "sine": np.sin(turn),
        "noisy sine": np.sin(turn) + 0.05 * shake,
        "two frequencies": np.sin(turn) + 0.8 * np.sin(turn * (1 + math.sqrt(5)) / 2),
        "AR(1) 0.5": steady(100, [0.5], rng),
        "AR(1) 0.95": steady(500, [0.95], rng),
        "narrow-band noise": ring,
        "narrow-band noise, distorted": np.exp(ring / ring.std()),
        "random walk": np.cumsum(shake),
        "linear trend": t.astype(float),
        "linear trend with noise": t / N + 0.05 * shake,
        "van der Pol cycle": cycle,
        "van der Pol cycle, noisy": cycle + 0.01 * cycle.std() * shake,
        "Rossler cycle": rossler,
        "Rossler cycle, noisy": rossler + 0.01 * rossler.std() * shake,
        "driven van der Pol torus": torus,
        "logistic cycle": systems.Logistic(r=3.5).trajectory(N).values[:, 0],
        "logistic cycle, noisy": systems.Logistic(r=3.5).trajectory(N).values[:, 0] + 0.005 * shake,
    }


@pytest.mark.parametrize("name", list(controls(0)))
@pytest.mark.parametrize("seed", [0, 1])
def test_what_is_not_chaos_is_not_called_chaos(name: str, seed: int) -> None:
    found = lyapunov_max(controls(seed)[name], dt=1)
    status, _, low, _ = told(found)
    assert not (status == "ok" and low > 0)
    assert status == "ok" or found["reasons"].item()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("white noise", "no determinism"),
        ("sine", "linear model predicts nearly as well"),
        ("van der Pol cycle", "holds 0"),
        ("linear trend", "not stationary"),
        ("logistic cycle", "only 4 different values"),
    ],
)
def test_reasons_say_what_was_found(name: str, words: str) -> None:
    assert words in lyapunov_max(controls(0)[name], dt=1)["reasons"].item()


def test_a_constant_is_called_constant() -> None:
    found = lyapunov_max(np.full(2000, 3.0), dt=1)
    assert found["status"].item() == "inconclusive"
    assert "constant (3)" in found["reasons"].item()
    assert math.isnan(float(found["exponent"]))


@pytest.mark.parametrize("n", [1, 2, 499])
def test_too_short_a_sequence_is_inconclusive(n: int) -> None:
    found = lyapunov_max(np.arange(n) % 7.0, dt=1)
    assert found["status"].item() == "inconclusive"
    assert str(n) in found["reasons"].item() or "constant" in found["reasons"].item()


def test_numbers_that_mean_nothing_are_nan() -> None:
    noise = lyapunov_max(np.random.default_rng(0).standard_normal(2000), dt=1)
    assert np.isnan([noise["exponent"], *noise["interval"]]).all()
    assert np.isfinite(noise["divergence"]).all()


# Input


@pytest.mark.parametrize(
    "convert",
    [list, np.float32, lambda x: np.repeat(x, 2)[::2], lambda x: pd.Series(x), lambda x: sequence(x, dt=1)],
    ids=["list", "float32", "strided", "pandas", "sequence"],
)
def test_every_kind_of_array_gives_the_same(convert) -> None:
    x = henon_x()
    given_time = {} if isinstance(convert(x), xr.DataArray) else {"dt": 1}
    found, base = lyapunov_max(convert(x), **given_time), lyapunov_max(x, dt=1)
    np.testing.assert_allclose(found["exponent"], base["exponent"], rtol=1e-2 if convert is np.float32 else 1e-12)


def test_a_read_only_array_is_not_written_to() -> None:
    x = henon_x().copy()
    x.flags.writeable = False
    before = x.copy()
    lyapunov_max(x, dt=1)
    np.testing.assert_array_equal(x, before)


def test_integers_work() -> None:
    counts = np.round(henon_x(3000) * 2000).astype(np.int32)
    assert told(lyapunov_max(counts, dt=1))[1] == pytest.approx(0.419, rel=0.15)


def test_dt_and_its_unit_come_from_the_time_axis() -> None:
    found = lyapunov_max(sequence(henon_x(), dt="1/10", unit="s"))
    assert found["exponent"].attrs["units"] == "nat / (s)"
    assert float(found["exponent"]) == pytest.approx(4.19, rel=0.1)


@pytest.mark.parametrize("function", [lyapunov_max, divergence_curve])
@pytest.mark.parametrize(
    ("x", "options", "error", "words"),
    [
        (np.arange(9.0), {}, InputError, "sampling interval"),
        ([], {"dt": 1}, InputError, "empty"),
        (["a", "b"], {"dt": 1}, InputError, "real numbers"),
        (np.array([1.0, np.inf, 2.0]), {"dt": 1}, InputError, "infinite"),
        (np.array([1.0, np.nan, 2.0]), {"dt": 1}, GapError, "resample"),
        (np.arange(9.0), {"dt": 0}, InputError, "positive"),
        (np.zeros((9, 2)), {"dt": 1}, InputError, "choose one of the channels"),
        (np.zeros((9, 2)), {"dt": 1, "channel": "7"}, InputError, "no channel named '7'"),
        (
            xr.DataArray(np.arange(4.0), dims="time", coords={"time": [0.0, 2.0, 1.0, 3.0]}),
            {},
            InputError,
            "increase",
        ),
        (
            xr.DataArray(np.arange(5.0), dims="time", coords={"time": [0.0, 1.0, 2.7, 3.1, 4.05]}),
            {},
            GapError,
            "resample",
        ),
        (sequence(np.arange(9.0), dt=1).isel(time=[0, 1, 2, 5, 6]), {}, GapError, "resample"),
    ],
)
def test_bad_input_is_explained(function, x, options, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        function(x, **options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"level": 1.0}, "level"),
        ({"delay": 0}, "delay must be"),
        ({"embedding_dim": 2.5}, "embedding_dim must be"),
        ({"theiler": 0}, "theiler must be"),
        ({"draws": 0}, "draws must be"),
        ({"delay": 500}, "too few"),
    ],
)
def test_bad_parameters_are_explained(options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        lyapunov_max(henon_x(), dt=1, **options)


@pytest.mark.parametrize("options", [{"steps": 1998}, {"delay": 900, "embedding_dim": 4}, {"neighbours": 0}])
def test_divergence_curve_says_what_does_not_fit(options: dict) -> None:
    with pytest.raises(InputError):
        divergence_curve(henon_x(), dt=1, **options)


def test_divergence_of_a_constant_is_refused() -> None:
    with pytest.raises(InputError, match="constant"):
        divergence_curve(np.ones(900), dt=1)


# What comes back


def test_the_answer_is_a_dataset_that_saves_and_shows() -> None:
    found = lyapunov_max(systems.Henon().trajectory(2000), channel="x")
    assert {"exponent", "interval", "status", "reasons", "divergence", "local_slope", "fit_region"} <= set(found)
    assert found["interval"].dims == ("end",)
    assert found["end"].values.tolist() == ["low", "high"]
    assert found["exponent"].attrs["units"] == "nat / (iterate)"
    assert found["reasons"].item() == ""
    assert {"method", "citation", "version", "level", "dt"} <= set(found.attrs)
    for holder in [found, *found.variables.values()]:
        assert all(isinstance(value, str | int | float) for value in holder.attrs.values())
    low, high = found["fit_region"].isel(embedding_dim=0).values
    assert 0 <= low < high <= float(found["lag"][-1])


def test_answers_of_several_channels_concatenate() -> None:
    run = systems.Henon().trajectory(1500)
    answers = [lyapunov_max(run, channel=c)[["exponent", "interval", "status", "reasons"]] for c in ("x", "y")]
    joined = xr.concat(answers, dim="channel")
    assert joined["exponent"].shape == (2,)
    assert joined["status"].values.tolist() == ["ok", "ok"]
