"""Exponents from equations against the literature, exact values and eigenvalues."""

import math

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from midstream_lab.attractors import kaplan_yorke, lyapunov_spectrum, systems
from midstream_lab.attractors.systems import System
from midstream_lab.errors import InputError

LN2 = math.log(2.0)
#: System, spectrum, where it comes from, and the dimension. Digits as published or computed at two step sizes.
TABLE = {
    "Lorenz": (systems.Lorenz(), [0.9057, 0.0, -14.5723], "Sprott 2003", 2.062),
    "Lorenz, Wolf": (systems.Lorenz(sigma=16, rho=45.92, beta=4), [1.503, 0.0, -22.503], "Wolf et al. 1985", 2.067),
    "Lorenz, rest": (systems.Lorenz(rho=20), [-0.1548, -0.1548, -13.357], "eigenvalues", 0.0),
    "Lorenz, cycle": (systems.Lorenz(rho=160), [0.0, -1.206, -12.46], "two step sizes", 1.0),
    "Rossler": (systems.Rossler(), [0.0712, 0.0, -5.394], "Sprott 2003", 2.0132),
    "Rossler, Wolf": (systems.Rossler(a=0.15, b=0.2, c=10), [0.0884, 0.0, -9.8], "two step sizes", 2.009),
    "Rossler, cycle": (systems.Rossler(c=2.5), [0.0, -0.0455, -2.117], "two step sizes", 1.0),
    "Henon": (systems.Henon(), [0.41921, -1.62319], "Sprott 2003", 1.2583),
    "logistic 4": (systems.Logistic(), [LN2], "exact", 1.0),
    "logistic 3.2": (systems.Logistic(r=3.2), [math.log(0.16) / 2], "exact", 0.0),
    "logistic 3.5": (systems.Logistic(r=3.5), [-0.8725], "two step sizes", 0.0),
    "logistic 3.7": (systems.Logistic(r=3.7), [0.3550], "two step sizes", 1.0),
    "logistic 3.8": (systems.Logistic(r=3.8), [0.4321], "two step sizes", 1.0),
    "logistic 3.9": (systems.Logistic(r=3.9), [0.4960], "two step sizes", 1.0),
    "tent": (systems.Tent(), [math.log(1.99999)], "exact", 1.0),
    "cat": (systems.ArnoldCat(), [0.962424, -0.962424], "exact", 2.0),
    "Kaplan-Yorke": (systems.KaplanYorke(), [LN2, math.log(0.2)], "exact", 1.43068),
    "Ikeda": (systems.Ikeda(), [0.5077, -0.7184], "two step sizes", 1.7067),
    "Mackey-Glass 17": (systems.MackeyGlass(), [0.00516, 0.0, -0.0387], "Farmer 1982", 2.13),
    "Mackey-Glass 23": (systems.MackeyGlass(tau=23), [0.00937, 0.0, -0.0117], "Farmer 1982", 2.80),
    "Ueda": (systems.Duffing(delta=0.05, alpha=0, gamma=7.5), [0.104, 0.0, -0.154], "two step sizes", 2.675),
    "Duffing": (systems.Duffing(), [0.1568, 0.0, -0.3568], "two step sizes", 2.439),
    "van der Pol": (systems.VanDerPol(), [0.0, 0.0, -1.0594], "two step sizes", None),
    "van der Pol 3": (systems.VanDerPol(mu=3), [0.0, 0.0, -3.939], "two step sizes", None),
    "torus": (systems.VanDerPol(mu=0.5, force=0.5, omega=2.2), [0.0, 0.0, -0.504], "two step sizes", 2.0),
    "two tones": (systems.QuasiPeriodic(), [0.0, 0.0, 0.0, 0.0], "exact", None),
    "Lorenz 96, 5": (systems.Lorenz96(size=5), [0.470, 0.0, -0.515, -1.312, -3.643], "two step sizes", 2.913),
    "double pendulum": (systems.DoublePendulum(), [0.927, 0.0, 0.0, -0.927], "two step sizes", 4.0),
    "Chua": (systems.Chua(), [0.326, 0.0, -2.512], "two step sizes", 2.130),
}
#: Where the default run is too short for three digits, or longer than it need be.
DURATIONS = {"Lorenz 96, 5": 4000.0, "Chua": 6000.0, "Mackey-Glass 17": 20000.0, "Mackey-Glass 23": 40000.0}


@pytest.mark.parametrize("name", TABLE)
def test_spectrum_is_the_known_one(name: str) -> None:
    """Within four standard errors, and 0.003 for the digits of the sources and the slow zero exponents."""
    system, known, _, dimension = TABLE[name]
    found = lyapunov_spectrum(system, duration=DURATIONS.get(name))
    assert found["status"].item() == "ok", found["reasons"].item()
    off = np.abs(found["spectrum"].values - known)
    assert (off <= 4.0 * found["standard_error"].values + 0.003 * max(1.0, max(map(abs, known)) / 5)).all(), off
    if dimension is not None:
        assert kaplan_yorke(found) == pytest.approx(dimension, abs=0.03 if dimension < 2.5 else 0.1)


def test_largest_exponents_of_forty_sites() -> None:
    """Lorenz 96: 1.69 +- 0.02."""
    found = lyapunov_spectrum(systems.Lorenz96(), n_exponents=2, duration=100.0, transient=20.0)
    first = found.isel(exponent=0)
    assert abs(float(first["spectrum"]) - 1.69) < 4 * float(first["standard_error"]) + 0.02


def test_slow_delay_has_two_positive_exponents() -> None:
    """Mackey-Glass with a delay of 30: 0.0070(2), 0.0021(2), 0."""
    found = lyapunov_spectrum(systems.MackeyGlass(tau=30), duration=30000.0)
    np.testing.assert_allclose(found["spectrum"].values, [0.0070, 0.0021, 0.0], atol=0.0012)


@pytest.mark.parametrize(
    ("system", "total"),
    [
        (systems.Lorenz(), -41 / 3),
        (systems.Lorenz(sigma=16, rho=45.92, beta=4), -21.0),
        (systems.Duffing(), -0.2),
        (systems.Lorenz96(size=5), -5.0),
        (systems.Henon(), math.log(0.3)),
        (systems.Lozi(), math.log(0.5)),
        (systems.Ikeda(), 2 * math.log(0.9)),
        (systems.Standard(), 0.0),
        (systems.DoublePendulum(), 0.0),
    ],
)
def test_exponents_add_up_to_the_contraction(system: System, total: float) -> None:
    """Exact where the divergence, or the determinant, is the same everywhere (the pendulum is Hamiltonian)."""
    found = lyapunov_spectrum(system, duration=2000 * system.dt)
    tolerance = 1e-3 if system.name != "double pendulum" else 0.02
    assert float(found["spectrum"].sum()) == pytest.approx(total, abs=tolerance)


def test_standard_map_has_the_exponent_of_chirikov() -> None:
    """ln(k / 2) for large k (Chirikov 1979)."""
    found = lyapunov_spectrum(systems.Standard(k=20.0))
    assert float(found["spectrum"][0]) == pytest.approx(math.log(10.0), abs=0.02)


def test_fixed_point_gives_the_real_parts_of_the_eigenvalues() -> None:
    for system, point in ((systems.FitzHughNagumo(current=0.0), None), (systems.Lorenz(rho=0.5), np.zeros(3))):
        settled = system.settled(2000.0).state if point is None else point
        real = np.sort(np.linalg.eigvals(system.jacobian(settled)).real)[::-1]
        found = lyapunov_spectrum(system, transient=2000.0)
        np.testing.assert_allclose(found["spectrum"].values, real, atol=3e-3)


def test_first_exponents_do_not_depend_on_how_many_are_wanted() -> None:
    whole = lyapunov_spectrum(systems.Rossler(), duration=600.0)["spectrum"].values
    part = lyapunov_spectrum(systems.Rossler(), n_exponents=1, duration=600.0)["spectrum"].values
    assert part[0] == pytest.approx(whole[0], abs=0.01)


def test_interval_narrows_with_the_run_and_widens_with_the_level() -> None:
    def width(**options: float) -> float:
        return float(np.ptp(lyapunov_spectrum(systems.Henon(), **options)["interval"].values[0]))

    assert width(duration=100_000) < width(duration=2_000)
    assert width(duration=2_000, level=0.99) > width(duration=2_000, level=0.5)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 60 random starts of the logistic map at 3.8 the 0.90 interval holds 0.4321 in at least 80%."""
    held = 0
    for seed in range(60):
        low, high = lyapunov_spectrum(systems.Logistic(r=3.8, rng=seed), duration=10_000)["interval"].values[0]
        held += low <= 0.4321 <= high
    assert held >= 48


def test_an_unsettled_run_is_inconclusive() -> None:
    """A contraction of 1/2 that becomes 9/10 half-way through."""
    ageing = systems.Map.from_function(
        lambda s, p: (s[0] * (0.5 if s[1] < 55 else 0.9), s[1] + 1.0), variables=("x", "age"), initial=[1.0, 0.0]
    )
    found = lyapunov_spectrum(ageing, duration=100)
    assert found["status"].item() == "inconclusive"
    assert "transient" in found["reasons"].item()


def test_result_is_labelled() -> None:
    found = lyapunov_spectrum(systems.Henon(), duration=100)
    assert found["spectrum"].attrs["units"] == "nat / (iterate)"
    assert found["interval"].dims == ("exponent", "end")
    assert {"method", "citation", "version", "parameter_a", "duration"} <= set(found.attrs)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: lyapunov_spectrum([1.0, 2.0]), "must be a Flow or a Map"),
        (lambda: lyapunov_spectrum(systems.NoisyFlow(systems.Lorenz(), noise=1.0)), "has noise"),
        (lambda: lyapunov_spectrum(systems.Henon(), n_exponents=3), "n_exponents"),
        (lambda: lyapunov_spectrum(systems.Henon(), duration=3), "too short"),
        (lambda: lyapunov_spectrum(systems.Henon(), duration=math.nan), "duration"),
        (lambda: lyapunov_spectrum(systems.Henon(), transient=-1), "transient"),
        (lambda: lyapunov_spectrum(systems.Henon(), level=1.0), "level"),
        (lambda: lyapunov_spectrum(systems.Henon(), blocks=3), "blocks"),
        (lambda: lyapunov_spectrum(systems.Henon(initial=[5.0, 5.0])), "left every bound"),
        (lambda: kaplan_yorke([]), "one or more"),
        (lambda: kaplan_yorke([math.nan, 1.0]), "without NaN"),
        (lambda: kaplan_yorke([1.0, -2.0], tol=-1), "tol"),
    ],
)
def test_bad_input_is_explained(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


@pytest.mark.parametrize(
    ("spectrum", "tol", "dimension"),
    [
        ([0.9056, 0.0, -14.5723], 0.0, 2 + 0.9056 / 14.5723),
        ([-1.0, -2.0], 0.0, 0.0),
        ([-1e-6, -1.0], 0.0, 0.0),
        ([-1e-6, -1.0], 1e-3, 1.0),
        ([1e-6, 1e-7, -0.5], 1e-3, 2.0),
        ([1.0, -1.0], 0.0, 2.0),
        ([0.5], 0.0, 1.0),
        ([-3.0, 1.0], 0.0, 1 + 1 / 3),
    ],
)
def test_kaplan_yorke_by_hand(spectrum: list[float], tol: float, dimension: float) -> None:
    assert kaplan_yorke(spectrum, tol=tol) == pytest.approx(dimension)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=8), st.floats(0.01, 100))
def test_kaplan_yorke_lies_between_nothing_and_everything_at_any_scale(spectrum: list[float], scale: float) -> None:
    dimension = kaplan_yorke(spectrum)
    assert 0.0 <= dimension <= len(spectrum)
    assert kaplan_yorke(spectrum[::-1]) == dimension
    assert kaplan_yorke([scale * value for value in spectrum]) == pytest.approx(dimension, abs=1e-6)


def test_spectra_concatenate() -> None:
    parts = [lyapunov_spectrum(systems.Henon(a=a), duration=500) for a in (1.2, 1.4)]
    assert xr.concat(parts, dim="a", combine_attrs="drop_conflicts")["spectrum"].shape == (2, 2)
