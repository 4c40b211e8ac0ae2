"""Built-in systems: exact identities, finite differences, and the small face of what steps."""

import math

import numpy as np
import pytest

from midstream_lab.attractors import systems
from midstream_lab.attractors.systems import Flow, Map, System
from midstream_lab.errors import InputError
from midstream_lab.sequence import timebase

FLOWS = [
    systems.Lorenz,
    systems.Rossler,
    systems.Chua,
    systems.Duffing,
    systems.VanDerPol,
    systems.Lorenz96,
    systems.DoublePendulum,
    systems.HindmarshRose,
    systems.LotkaVolterra,
    systems.FitzHughNagumo,
    systems.Kuramoto,
    systems.QuasiPeriodic,
]
MAPS = [
    systems.Logistic,
    systems.Henon,
    systems.Tent,
    systems.Lozi,
    systems.Ikeda,
    systems.ArnoldCat,
    systems.KaplanYorke,
    systems.Standard,
]
ALL = [*FLOWS, *MAPS, systems.MackeyGlass]


def slopes(function, state: np.ndarray) -> np.ndarray:
    """Jacobian by central differences."""
    h = 1e-6
    columns = [(function(state + h * unit) - function(state - h * unit)) / (2 * h) for unit in np.eye(len(state))]
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("kind", FLOWS)
def test_jacobian_of_a_flow_is_the_slope_of_its_velocity(kind: type[Flow]) -> None:
    flow = kind(rng=1)
    state = flow.advance(1, 20.0)[0]
    np.testing.assert_allclose(flow.jacobian(state), slopes(flow.velocity, state), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("kind", MAPS)
def test_jacobian_of_a_map_is_the_slope_of_its_step(kind: type[Map]) -> None:
    state = kind(rng=1).advance(50)[-1]
    np.testing.assert_allclose(
        kind().jacobian(state), slopes(lambda s: kind(initial=s).step(), state), rtol=1e-5, atol=1e-7
    )


@pytest.mark.parametrize(
    ("system", "trace"), [(systems.Lorenz(), -41 / 3), (systems.Duffing(), -0.2), (systems.VanDerPol(), 0.0)]
)
def test_contraction_of_phase_space(system: Flow, trace: float) -> None:
    """Exact: the divergence of Lorenz is -(sigma + 1 + beta), of Duffing -delta, of van der Pol mu (1 - x^2)."""
    state = np.array([1.0, 0.3, 0.2])
    assert np.trace(system.jacobian(state)) == pytest.approx(trace)


def test_determinants_of_henon_and_lozi_are_minus_b() -> None:
    for system, b in ((systems.Henon(), 0.3), (systems.Lozi(), 0.5)):
        assert np.linalg.det(system.jacobian([0.4, 0.1])) == pytest.approx(-b)


def test_fixed_points_do_not_move() -> None:
    """Lorenz: (sqrt(beta (rho - 1)), same, rho - 1); logistic r = 4: 3/4."""
    a = math.sqrt(8 / 3 * 27)
    np.testing.assert_allclose(systems.Lorenz().velocity([a, a, 27.0]), 0.0, atol=1e-12)
    assert systems.Logistic(initial=[0.75]).step()[0] == 0.75


def test_logistic_orbit_has_its_closed_form() -> None:
    """x_n = sin^2(2^n arcsin sqrt x_0) at r = 4, until rounding has doubled too often."""
    orbit = systems.Logistic(initial=[0.3]).advance(12)[:, 0]
    angle = math.asin(math.sqrt(0.3))
    np.testing.assert_allclose(orbit, [math.sin(2**n * angle) ** 2 for n in range(1, 13)], atol=1e-10)


def test_halving_the_step_changes_a_short_run_little() -> None:
    fine = type("Fine", (systems.Lorenz,), {"max_step": systems.Lorenz.max_step / 4})
    coarse_end, fine_end = systems.Lorenz().advance(1, 2.0), fine().advance(1, 2.0)
    np.testing.assert_allclose(coarse_end, fine_end, rtol=1e-4)


@pytest.mark.parametrize("kind", ALL)
def test_small_face_of_what_steps(kind: type[System]) -> None:
    system = kind(rng=5)
    start = system.state
    first = system.step()
    assert system.now == pytest.approx(system.dt)
    np.testing.assert_array_equal(system.state, first)
    system.run_until(10.0)
    assert system.now == 10.0
    system.reset()
    assert system.now == 0.0
    np.testing.assert_array_equal(system.state, start)
    np.testing.assert_array_equal(system.step(), first)


@pytest.mark.parametrize("kind", ALL)
def test_advance_goes_on_from_the_state(kind: type[System]) -> None:
    whole = kind(rng=2).advance(30)
    parts = kind(rng=2)
    np.testing.assert_array_equal(np.vstack([parts.advance(k) for k in (1, 12, 0, 17)]), whole)


def test_state_is_a_copy() -> None:
    system = systems.Lorenz()
    system.state[:] = 0.0
    assert system.state.any()


@pytest.mark.parametrize("kind", ALL)
def test_trajectory_is_labelled_and_leaves_the_state_alone(kind: type[System]) -> None:
    system = kind()
    before = system.state
    x = system.trajectory(64, rng=3)
    assert x.dims == ("time", "channel")
    assert tuple(x["channel"].values) == system.variables
    assert timebase(x).unit == kind.unit
    assert float(timebase(x).dt) == pytest.approx(system.dt)
    np.testing.assert_array_equal(system.state, before)
    assert system.now == 0.0
    np.testing.assert_array_equal(x.values, kind(rng=3).trajectory(64).values)


def test_sampling_interval_is_exact() -> None:
    assert timebase(systems.Lorenz().trajectory(4, dt="1/60")).dt * 60 == 1


def test_random_starts_differ_and_seeds_repeat() -> None:
    draw = [systems.Henon(rng=seed).trajectory(5).values for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draw[0], draw[1])
    assert (draw[0] != draw[2]).any()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: systems.Lorenz(rh=3), "no parameter"),
        (lambda: systems.Lorenz(rho=math.nan), "finite"),
        (lambda: systems.Lorenz(initial=[1.0, 2.0]), "3 finite numbers"),
        (lambda: systems.Lorenz(initial=[1.0, 2.0, 3.0], rng=0), "not both"),
        (lambda: systems.Lorenz().advance(5, -0.1), "dt must be positive"),
        (lambda: systems.Lorenz().advance(-1), "n must be"),
        (lambda: systems.Lorenz().trajectory(2.5), "n must be"),
        (lambda: systems.Lorenz().trajectory(5, transient=-1), "transient"),
        (lambda: systems.Henon().advance(5, 0.5), "dt is 1 iterate"),
        (lambda: systems.Henon().run_until(1.5), "whole number of iterates"),
        (lambda: systems.Henon(initial=[5.0, 5.0]).trajectory(100), "basin"),
    ],
)
def test_bad_input_is_explained(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


def test_time_does_not_go_back() -> None:
    flow = systems.Rossler()
    flow.run_until(1.0)
    with pytest.raises(InputError, match="has passed"):
        flow.run_until(0.5)
