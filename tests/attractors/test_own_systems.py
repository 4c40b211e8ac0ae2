"""A person's own equations, adaptive steps, noise and delays."""

import copy
import math
import pickle

import numba
import numpy as np
import pytest

from midstream_lab.attractors import lyapunov_spectrum, systems
from midstream_lab.attractors.systems import Flow, Map, NoisyFlow
from midstream_lab.errors import ConvergenceError, InputError
from midstream_lab.kernels.attractors.adaptive import A, E


@numba.njit
def lorenz(s, p):
    return p[0] * (s[1] - s[0]), s[0] * (p[1] - s[2]) - s[1], s[0] * s[1] - p[2] * s[2]


def lorenz_slope(s, p):
    return [[-p[0], p[0], 0.0], [p[1] - s[2], -1.0, -s[0]], [s[1], s[0], -p[2]]]


OPTIONS = {
    "variables": ("x", "y", "z"),
    "initial": [1.0, 2.0, 20.0],
    "max_step": 0.005,
    "dt": 0.015,
    "params": {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0},
}


@pytest.mark.parametrize("rule", [lorenz, lorenz.py_func], ids=["njit", "plain"])
def test_own_flow_equals_the_built_in_one(rule) -> None:
    own = Flow.from_function(rule, **OPTIONS)
    built = systems.Lorenz(initial=[1.0, 2.0, 20.0])
    np.testing.assert_allclose(own.advance(40), built.advance(40), rtol=1e-9)
    np.testing.assert_allclose(own.jacobian([1, 2, 3]), built.jacobian([1, 2, 3]), atol=1e-8)
    mine, theirs = (lyapunov_spectrum(s, duration=10.0, transient=1.0)["spectrum"] for s in (own, built))
    np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.mark.parametrize("jacobian", [lorenz_slope, numba.njit(lambda s, p: ((-p[0], p[0]), (p[1], -1.0)))])
def test_own_jacobian_is_used(jacobian) -> None:
    if hasattr(jacobian, "py_func"):
        own = Flow.from_function(
            numba.njit(lambda s, p: (p[0] * (s[1] - s[0]), p[1] * s[0] - s[1])),
            **{**OPTIONS, "variables": ("x", "y"), "initial": [1.0, 2.0], "jacobian": jacobian},
        )
        np.testing.assert_array_equal(own.jacobian([3.0, 4.0]), [[-10.0, 10.0], [28.0, -1.0]])
    else:
        own = Flow.from_function(lorenz.py_func, **OPTIONS, jacobian=jacobian)
        np.testing.assert_array_equal(own.jacobian([1, 2, 3]), systems.Lorenz().jacobian([1, 2, 3]))


def test_own_map_equals_the_built_in_one() -> None:
    own = Map.from_function(
        numba.njit(lambda s, p: (1.0 - p[0] * s[0] ** 2 + s[1], p[1] * s[0])),
        variables=("x", "y"),
        initial=[0.1, 0.1],
        params={"a": 1.4, "b": 0.3},
        transient=100,
    )
    np.testing.assert_allclose(own.advance(20), systems.Henon(initial=[0.1, 0.1]).advance(20), rtol=1e-10)
    assert own.trajectory(30).sizes == {"time": 30, "channel": 2}
    assert own.with_params(a=1.2).params["a"] == 1.2


def test_own_systems_copy_and_pickle() -> None:
    own = Flow.from_function(lorenz, **OPTIONS)
    expected = own.advance(3)
    for twin in (copy.deepcopy(own), pickle.loads(pickle.dumps(own))):
        twin.reset()
        np.testing.assert_array_equal(twin.advance(3), expected)


def test_what_a_plain_function_raises_is_raised() -> None:
    def broken(s, p):
        raise ZeroDivisionError("in the person's own words")

    own = Map.from_function(broken, variables=("x",), initial=[1.0])
    with pytest.raises(ZeroDivisionError, match="own words"):
        own.step()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Map.from_function(lambda s, p: (1.0, 2.0), variables=("x",), initial=[1.0]).step(), "shape"),
        (lambda: Map.from_function(numba.njit(lambda s, p: s + "a"), variables=("x",), initial=[1.0]).step(), "numba"),
        (lambda: Map.from_function(3, variables=("x",), initial=[1.0]), "must be functions"),
        (lambda: Map.from_function(lorenz, variables="x", initial=[1.0]), "sequence of different names"),
        (lambda: Map.from_function(lorenz, variables=("x", "x"), initial=[1.0, 2.0]), "different names"),
        (lambda: Map.from_function(lorenz, variables=("x",), initial=[1.0, 2.0]), "initial must be"),
        (lambda: Flow.from_function(lorenz, **{**OPTIONS, "max_step": 0.0}), "max_step"),
        (lambda: systems.Lorenz(integrator="euler"), "integrator"),
        (lambda: systems.Lorenz(integrator="tsit5", rtol=0.0), "rtol"),
        (lambda: systems.Lorenz().with_params(tau=1), "no parameter"),
        (lambda: systems.Lorenz96(size=3), "size"),
        (lambda: systems.MackeyGlass(tau=0), "tau"),
        (lambda: systems.MackeyGlass().jacobian([1.0]), "delay equation"),
        (lambda: NoisyFlow(systems.Henon(), noise=0.1), "deterministic Flow"),
        (lambda: NoisyFlow(systems.Lorenz(), noise=[0.1, 0.2]), "noise must be"),
        (lambda: NoisyFlow(systems.Lorenz(), noise=-0.1), "noise must be"),
        (lambda: NoisyFlow(systems.Lorenz(), noise=math.nan), "noise must be"),
    ],
)
def test_bad_input_is_explained(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


def test_weights_of_the_adaptive_pair_fulfil_the_order_conditions() -> None:
    """Trees up to order 3 for the error weights, and the quadrature conditions up to order 5 for the solution."""
    c, b = A.sum(axis=1), np.append(A[6], 0.0)
    for power in range(5):
        assert b @ c**power == pytest.approx(1 / (power + 1), abs=1e-12)
    full = np.hstack([A, np.zeros((7, 1))])
    assert b @ full @ c == pytest.approx(1 / 6, abs=1e-12)
    assert b @ (c * (full @ c)) == pytest.approx(1 / 8, abs=1e-12)
    assert b @ full @ c**2 == pytest.approx(1 / 12, abs=1e-12)
    assert b @ full @ full @ c == pytest.approx(1 / 24, abs=1e-12)
    np.testing.assert_allclose([E.sum(), E @ c, E @ c**2, E @ full @ c], 0.0, atol=1e-9)


def test_adaptive_steps_keep_their_tolerance() -> None:
    """The exact solution of the two tones, and scipy's DOP853 on Lorenz."""
    t = 20.0
    for tolerance in (1e-6, 1e-9):
        flow = systems.QuasiPeriodic(integrator="tsit5", rtol=tolerance, atol=tolerance)
        x = flow.run_until(t)[0]
        golden = (1 + math.sqrt(5)) / 2
        assert abs(x - math.sin(t) - 0.8 * math.sin(golden * t)) < 200 * tolerance
    integrate = pytest.importorskip("scipy.integrate")
    flow = systems.Lorenz(integrator="tsit5", rtol=1e-11, atol=1e-11)
    exact = integrate.solve_ivp(
        lambda _, s: flow.velocity(s), (0, 3), flow.state, method="DOP853", rtol=1e-13, atol=1e-13
    )
    np.testing.assert_allclose(flow.run_until(3.0), exact.y[:, -1], atol=1e-7)


def test_adaptive_sampling_hardly_changes_the_answer() -> None:
    ends = [systems.Rossler(integrator="tsit5").advance(n, 20.0 / n)[-1] for n in (1, 7, 400)]
    np.testing.assert_allclose(ends[1], ends[0], atol=1e-6)
    np.testing.assert_allclose(ends[2], ends[0], atol=1e-6)


def test_adaptive_steps_end_where_the_state_runs_away() -> None:
    burst = Flow.from_function(
        numba.njit(lambda s, p: (s[0] * s[0],)),
        variables=("x",),
        initial=[1.0],
        max_step=0.1,
        dt=0.5,
        integrator="tsit5",
    )
    with pytest.raises(ConvergenceError, match="run away") as told:
        burst.advance(4)
    assert len(told.value.partial) == 2


def test_pendulum_and_predators_keep_what_they_should() -> None:
    pendulum = systems.DoublePendulum()
    before = pendulum.energy(pendulum.state)
    assert pendulum.energy(pendulum.run_until(20.0)) == pytest.approx(before, abs=1e-5)
    prey = systems.LotkaVolterra()
    before = prey.invariant(prey.state)
    assert prey.invariant(prey.run_until(200.0)) == pytest.approx(before, rel=1e-9)


def test_two_tones_are_two_tones() -> None:
    x = systems.QuasiPeriodic().trajectory(500, dt="1/10")
    t = np.arange(500) / 10 + 0.1
    golden = (1 + math.sqrt(5)) / 2
    np.testing.assert_allclose(x.sel(channel="x"), np.sin(t) + 0.8 * np.sin(golden * t), atol=1e-6)


def test_kuramoto_synchronises_above_the_critical_coupling() -> None:
    """sqrt(1 - 2 gamma / coupling) in an infinite system (Kuramoto 1975), and disorder below."""
    crowd = systems.Kuramoto(size=400, rng=0)
    crowd.run_until(60.0)
    assert crowd.order == pytest.approx(math.sqrt(0.5), abs=0.05)
    loose = systems.Kuramoto(size=400, coupling=0.4, rng=0)
    loose.run_until(60.0)
    assert loose.order < 0.25


def test_noise_spreads_as_the_square_root_of_time() -> None:
    """A flow that stands still: variance noise^2 t; and of the Ornstein-Uhlenbeck process noise^2 / 2."""
    still = Flow.from_function(
        numba.njit(lambda s, p: (0.0 * s[0], -s[1])), variables=("x", "y"), initial=[0.0, 0.0], max_step=0.02, dt=1.0
    )
    x = NoisyFlow(still, noise=[0.5, 0.8], rng=1).advance(20_000, 1.0)
    assert np.diff(x[:, 0]).var() == pytest.approx(0.25, rel=0.04)
    assert x[100:, 1].var() == pytest.approx(0.32, rel=0.05)


def test_noise_repeats_and_does_not_depend_on_the_chunks() -> None:
    noisy = NoisyFlow(systems.VanDerPol(), noise=0.1, rng=3)
    whole = noisy.advance(30)
    noisy.reset()
    np.testing.assert_array_equal(np.vstack([noisy.advance(k) for k in (1, 12, 17)]), whole)
    other = NoisyFlow(systems.VanDerPol(), noise=0.1, rng=4).advance(30)
    assert (other != whole).any()
    quiet = NoisyFlow(systems.VanDerPol(), noise=0.0).advance(20)
    np.testing.assert_allclose(quiet, systems.VanDerPol().advance(20), atol=0.1)


def test_delay_equation_equals_its_exact_solution_over_the_first_delay() -> None:
    """With a constant past c: x(t) = production / gamma + (c - production / gamma) exp(-gamma t) for t <= tau."""
    x = systems.MackeyGlass(initial=[0.7]).advance(15, 1.0)[:, 0]
    rest = 0.2 * 0.7 / (1 + 0.7**10) / 0.1
    t = np.arange(1, 16)
    np.testing.assert_allclose(x, rest + (0.7 - rest) * np.exp(-0.1 * t), rtol=1e-7)


def test_delay_equation_is_sampled_between_its_steps() -> None:
    fine = systems.MackeyGlass().advance(2000, 0.085)[:, 0]
    odd = systems.MackeyGlass().advance(300, 0.3 * math.sqrt(2))[:, 0]
    times = 0.3 * math.sqrt(2) * np.arange(1, 301)
    np.testing.assert_allclose(odd, np.interp(times, 0.085 * np.arange(1, 2001), fine), atol=2e-4)


def test_delay_equation_rests_where_production_equals_decay() -> None:
    """At a short delay x = (beta / gamma - 1)^(1 / n) = 1 is stable."""
    assert systems.MackeyGlass(tau=2.0, initial=[0.8]).run_until(600.0)[0] == pytest.approx(1.0, abs=1e-4)
