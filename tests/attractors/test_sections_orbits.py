"""Sections, orbit diagrams, fixed points, periodic orbits, basins and finite-time exponents: exact cases first."""

import math

import numba
import numpy as np
import pytest

from midstream_lab.attractors import (
    basin_fractions,
    basins,
    fixed_points,
    ftle,
    lyapunov_spectrum,
    orbit_diagram,
    periodic_orbit,
    poincare_section,
    systems,
)
from midstream_lab.attractors.systems import Flow, Map
from midstream_lab.errors import ConvergenceError, InputError

#: A rotation, whose crossings are known, and two wells with a ridge at x = 0.
CIRCLE = Flow.from_function(
    numba.njit(lambda s, p: (s[1], -s[0])), variables=("x", "v"), initial=[1.0, 0.0], max_step=0.01, dt=0.1
)
WELLS = Flow.from_function(
    numba.njit(lambda s, p: (p[0] * s[0] - s[0] ** 3, -s[1])),
    variables=("x", "y"),
    initial=[0.5, 0.0],
    max_step=0.02,
    dt=0.1,
    params={"r": 1.0},
    basin=([-2.0, -1.0], [2.0, 1.0]),
)
BOX = ([-2.0, -2.0], [2.0, 2.0])


@pytest.mark.parametrize(("direction", "first", "every"), [("up", 1.5, 2.0), ("down", 0.5, 2.0), ("both", 0.5, 1.0)])
def test_crossings_of_a_rotation_are_half_turns(direction: str, first: float, every: float) -> None:
    """x = cos t vanishes at odd multiples of pi / 2."""
    found = poincare_section(CIRCLE, ("x", 0.0), direction=direction, n=5)
    np.testing.assert_allclose(found["time"], math.pi * (first + every * np.arange(5)), atol=1e-8)
    np.testing.assert_allclose(found["points"].sel(channel="x"), 0.0, atol=1e-14)
    np.testing.assert_allclose(np.abs(found["points"].sel(channel="v")), 1.0, atol=1e-8)


def test_a_normal_vector_is_a_plane_too() -> None:
    """cos t + sin t rises through 0 at 7 pi / 4."""
    found = poincare_section(CIRCLE, ([3.0, -3.0], 0.0), direction="up", n=2)
    np.testing.assert_allclose(found["time"], math.pi * np.array([1.75, 3.75]), atol=1e-8)
    np.testing.assert_allclose(found["points"].values @ [1.0, -1.0], 0.0, atol=1e-14)


def test_a_plane_that_is_not_reached_gives_no_crossing() -> None:
    found = poincare_section(CIRCLE, ("x", 2.0), n=3)
    assert found.sizes["crossing"] == 0


def test_stroboscopic_section_of_a_driven_flow() -> None:
    """One crossing in each period of the drive."""
    found = poincare_section(systems.Duffing(omega=1.2), ("phase", 1.0), n=40)
    np.testing.assert_allclose(np.diff(found["time"]), 2 * math.pi / 1.2, rtol=1e-10)
    np.testing.assert_allclose(found["points"].sel(channel="phase"), 1.0, atol=1e-12)


def test_section_of_samples_equals_the_section_of_the_flow() -> None:
    flow = systems.Rossler()
    x = flow.trajectory(4000, dt="1/50", transient=0.0)
    sampled = poincare_section(x, ("x", 0.0), direction="up")
    exact = poincare_section(flow, ("x", 0.0), direction="up", n=sampled.sizes["crossing"] + 1, transient=0.0)
    shift = np.abs(exact["time"].values[:, None] - (sampled["time"].values + 1 / 50)).min(axis=0)
    assert shift.max() < 1e-5
    np.testing.assert_allclose(sampled["points"].sel(channel="x"), 0.0, atol=1e-12)


def test_lorenz_map_has_a_cusp() -> None:
    """Successive maxima of z (Lorenz 1963) lie on a curve of slope above 1: no two-cycle can be stable."""
    z = orbit_diagram(systems.Lorenz(), "rho", [28.0], n=400, variable="z").values[0]
    assert 28.0 < z.min() < z.max() < 48.5
    order = np.argsort(z[:-1])
    before, after = z[:-1][order], z[1:][order]
    top = before[np.argmax(after)]
    rising = before < top - 1.0
    assert (np.diff(after[rising]) > 0).mean() > 0.98


def test_orbit_diagram_of_the_logistic_map() -> None:
    """Fixed point 1 - 1/r below 3; the two-cycle in closed form; nothing where the orbit leaves."""
    found = orbit_diagram(systems.Logistic(), "r", [2.5, 3.2, 4.5], n=64)
    np.testing.assert_allclose(found.values[0], 0.6, atol=1e-12)
    r = 3.2
    pair = (r + 1 + np.array([-1, 1]) * math.sqrt((r - 3) * (r + 1))) / (2 * r)
    np.testing.assert_allclose(np.sort(np.unique(found.values[1].round(10))), pair, atol=1e-9)
    assert np.isnan(found.values[2]).all()
    assert found.dims == ("r", "point")


def test_orbit_diagram_of_a_flow_at_rest_has_no_maxima() -> None:
    assert np.isnan(orbit_diagram(systems.Lorenz(), "rho", [10.0], n=5).values).all()
    cycle = orbit_diagram(systems.VanDerPol(), "mu", [1.0], n=20).values
    np.testing.assert_allclose(cycle, 2.0086, atol=2e-4)


def test_following_a_parameter_shows_hysteresis() -> None:
    """x' = r + x - x^3 jumps at r = +-2 / sqrt 27: up late, down late."""
    fold = Map.from_function(
        numba.njit(lambda s, p: (s[0] + 0.1 * (p[0] + s[0] - s[0] ** 3),)),
        variables=("x",),
        initial=[-1.0],
        params={"r": 0.0},
        transient=500,
    )
    r = np.linspace(-0.6, 0.6, 25)
    up = orbit_diagram(fold, "r", r, n=1, follow=True).values[:, 0]
    down = orbit_diagram(fold, "r", r[::-1], n=1, follow=True).values[::-1, 0]
    inside = np.abs(r) < 2 / math.sqrt(27) - 0.03
    assert (up[inside] < 0).all()
    assert (down[inside] > 0).all()


def test_fixed_points_of_lorenz_and_their_eigenvalues() -> None:
    found = fixed_points(systems.Lorenz())
    a = math.sqrt(8 / 3 * 27)
    np.testing.assert_allclose(found["point"], [[-a, -a, 27], [0, 0, 0], [a, a, 27]], atol=1e-8)
    assert found["kind"].values.tolist() == ["saddle", "saddle", "saddle"]
    at_zero = np.sort(found["eigenvalues"].values[1].real)
    np.testing.assert_allclose(at_zero, sorted([-8 / 3, (-11 + math.sqrt(1201)) / 2, (-11 - math.sqrt(1201)) / 2]))
    rest = fixed_points(systems.Lorenz(rho=20))
    assert rest["stable"].values.tolist() == [True, False, True]


def test_fixed_points_of_maps_flows_without_any_and_marginal_ones() -> None:
    henon = fixed_points(systems.Henon(), box=([-3, -3], [3, 3]))
    x = (-0.7 + np.array([-1, 1]) * math.sqrt(0.49 + 5.6)) / 2.8
    np.testing.assert_allclose(henon["point"].sel(channel="x"), x, atol=1e-9)
    assert henon["kind"].values.tolist() == ["saddle", "saddle"]
    assert fixed_points(systems.Duffing()).sizes["fixed_point"] == 0
    centre = fixed_points(systems.LotkaVolterra(), box=([0.2, 0.2], [2, 2]))
    np.testing.assert_allclose(centre["point"], [[1.0, 1.0]], atol=1e-9)
    assert centre["kind"].values.tolist() == ["marginal"]


def test_periodic_orbit_of_van_der_pol() -> None:
    """Period 6.6633 at mu = 1 (Strogatz 1994); the multiplier is exp(exponent x period) by Floquet's theorem."""
    own = Flow.from_function(
        numba.njit(lambda s, p: (s[1], (1 - s[0] ** 2) * s[1] - s[0])),
        variables=("x", "v"),
        initial=[2.0, 0.0],
        max_step=0.01,
        dt=0.13,
        transient=50.0,
    )
    found = periodic_orbit(own, [2.0, 0.1], 6.5)
    period = float(found["period"])
    assert period == pytest.approx(6.6633, abs=1e-4)
    np.testing.assert_allclose(np.abs(found["multipliers"].values)[0], 1.0, atol=1e-5)
    exponent = float(lyapunov_spectrum(own)["spectrum"][1])
    assert math.log(abs(found["multipliers"].values[1])) / period == pytest.approx(exponent, abs=0.01)
    assert bool(found["stable"])


def test_periodic_orbits_of_the_logistic_map() -> None:
    """The multiplier of the two-cycle is 4 + 2 r - r^2."""
    for r in (3.2, 3.6):
        found = periodic_orbit(systems.Logistic(r=r), [0.5], 2)
        assert found["multipliers"].values[0].real == pytest.approx(4 + 2 * r - r * r, abs=1e-7)
        assert bool(found["stable"]) == (abs(4 + 2 * r - r * r) < 1)


def test_a_search_that_fails_says_so() -> None:
    run_away = Map.from_function(lambda s, p: (s[0] + 1.0,), variables=("x",), initial=[0.0])
    with pytest.raises(ConvergenceError, match="no periodic orbit"):
        periodic_orbit(run_away, [0.0], 1)


def test_basins_of_two_wells_meet_at_the_ridge() -> None:
    found = basins(WELLS, {"x": np.linspace(-1.9, 1.9, 20), "y": [-1.0, 1.0]}, box=BOX, cells=100)
    sides = found["basin"].values
    assert set(np.unique(sides)) == {1, 2}
    for row in sides.T:
        assert len(set(row[:10])) == 1
        assert len(set(row[10:])) == 1
        assert row[0] != row[-1]
    np.testing.assert_allclose(np.sort(found["attractor"].sel(channel="x")), [-1.0, 1.0], atol=0.05)
    np.testing.assert_allclose(found["fraction"].values, [0.0, 0.0, 0.5, 0.5])


def test_starts_of_henon_reach_the_attractor_or_leave() -> None:
    """The fate of each start, by iterating it 1,000 times."""
    x = np.linspace(-2.0, 2.0, 21)
    found = basins(systems.Henon(), {"x": x, "y": x}, box=([-2.0, -2.0], [2.0, 2.0]), cells=300)
    for i in range(0, 21, 4):
        for j in range(0, 21, 4):
            with np.errstate(all="ignore"):
                end = systems.Henon(initial=[x[i], x[j]]).advance(1000)[-1]
            assert (found["basin"].values[i, j] == 1) == bool(np.isfinite(end).all())
    assert found.sizes["id"] == 1


def test_basin_fractions_follow_the_wells_until_they_merge() -> None:
    """One attractor below the pitchfork at r = 0, two above."""
    found = basin_fractions(
        WELLS, "r", [-0.5, 0.8, 1.0], {"x": np.linspace(-1.9, 1.9, 10), "y": [0.5]}, box=BOX, cells=60
    )
    shares = found["fraction"].sel(outcome=slice(1, None)).values
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert np.sort(shares[0])[-1] == 1.0
    np.testing.assert_array_equal(shares[1], shares[2])
    assert sorted(shares[1][shares[1] > 0]) == [0.5, 0.5]


def test_finite_time_exponents_of_linear_motion_are_exact() -> None:
    """The cat map stretches alike everywhere; a saddle by its larger eigenvalue; a rotation not at all."""
    saddle = Flow.from_function(
        numba.njit(lambda s, p: (1.5 * s[0], -s[1])), variables=("x", "y"), initial=[1.0, 1.0], max_step=0.005, dt=0.1
    )
    np.testing.assert_allclose(ftle(saddle, {"x": [-1.0, 2.0]}, duration=3.0), 1.5, atol=1e-8)
    np.testing.assert_allclose(ftle(CIRCLE, {"x": [1.0], "v": [0.5]}, duration=7.0), 0.0, atol=1e-8)
    # The matrix is symmetric, so that its largest singular value is its eigenvalue at any duration.
    cat = ftle(systems.ArnoldCat(), {"x": [0.2, 0.7], "y": [0.1, 0.3]}, duration=400)
    np.testing.assert_allclose(cat, math.log((3 + math.sqrt(5)) / 2), atol=1e-10)


def test_finite_time_exponents_have_a_ridge_between_the_wells() -> None:
    field = ftle(WELLS, {"x": np.linspace(-1.5, 1.5, 31)}, duration=4.0)
    assert int(np.argmax(field.values)) == 15
    assert field.attrs["units"] == "nat / (system time)"


def test_trajectories_that_leave_have_no_exponent() -> None:
    field = ftle(systems.Henon(), {"x": [0.1, 50.0]}, duration=200)
    assert np.isfinite(field.values).tolist() == [True, False]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: poincare_section(systems.Henon(), ("x", 0.0)), "is a map"),
        (lambda: poincare_section(CIRCLE, ("z", 0.0)), "plane must be"),
        (lambda: poincare_section(CIRCLE, ([0.0, 0.0], 0.0)), "plane must be"),
        (lambda: poincare_section(CIRCLE, "x"), "plane must be"),
        (lambda: poincare_section(CIRCLE, ("x", 0.0), direction="left"), "direction"),
        (lambda: poincare_section(systems.Duffing(), ("phase", 0.0), direction="both"), "angle"),
        (lambda: poincare_section(CIRCLE, ("x", 0.0), n=0), "n must be"),
        (lambda: orbit_diagram(systems.Henon(), "c", [1.0]), "no parameter"),
        (lambda: orbit_diagram(systems.Henon(), "a", [math.nan]), "finite"),
        (lambda: orbit_diagram(systems.Henon(), "a", []), "one or more"),
        (lambda: orbit_diagram(systems.Henon(), "a", [1.0], variable="z"), "no variable"),
        (lambda: orbit_diagram(systems.MackeyGlass(), "tau", [17.0]), "delay equation"),
        (lambda: fixed_points(systems.Henon(), box=([0, 0], [0, 1])), "box must be"),
        (lambda: fixed_points(systems.Henon(), starts=0), "starts"),
        (lambda: periodic_orbit(systems.Henon(), [0.1, 0.1], 1.5), "whole number"),
        (lambda: periodic_orbit(systems.Henon(), [0.1], 1), "guess must be"),
        (lambda: ftle(systems.Henon(), {"z": [1.0]}, duration=1), "grid must map"),
        (lambda: ftle(systems.Henon(), {"x": [2.0, 1.0]}, duration=1), "increasing"),
        (lambda: ftle(systems.Henon(), {"x": [1.0]}, duration=1.5), "whole number"),
        (lambda: ftle(systems.Henon(), {"x": [1.0]}, duration=-1), "duration"),
        (lambda: basins(systems.Henon(), {}, box=BOX), "grid must map"),
        (lambda: basins(systems.Henon(), {"x": [1.0]}, box=([1.0], [2.0])), "box must be"),
        (lambda: basins(systems.Henon(), {"x": [1.0]}, box=BOX, cells=10_000), "too many"),
        (lambda: basin_fractions(systems.Henon(), "a", [], {"x": [1.0]}, box=BOX), "one or more"),
    ],
)
def test_bad_input_is_explained(call, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
