"""Kantz' divergence curve beside Rosenstein's."""

import math

import naive
import numpy as np
import pytest

from midstream_lab.attractors import divergence_curve, systems
from midstream_lab.errors import InputError


@pytest.mark.parametrize(("delay", "dim", "radius"), [(1, 2, 1.0), (3, 3, 4.0)])
def test_curve_equals_naive(delay: int, dim: int, radius: float) -> None:
    x = np.random.default_rng(dim).standard_normal(220).cumsum()
    found = divergence_curve(
        x, dt=1, method="kantz", delay=delay, embedding_dim=dim, theiler=4, radius=radius, steps=12
    )
    expected, balls = naive.divergence_of_balls(x, delay, dim, 4, radius, 5, 12)
    np.testing.assert_allclose(found["divergence"], expected)
    assert int(found["pairs"][0]) == balls > 20


@pytest.mark.parametrize(
    ("kind", "truth", "tolerance"), [(systems.Logistic, math.log(2), 0.05), (systems.Henon, 0.419, 0.08)]
)
def test_slope_is_the_exponent(kind, truth: float, tolerance: float) -> None:
    found = divergence_curve(kind().trajectory(5000), channel="x", method="kantz", embedding_dim=2, steps=20)
    assert float(found["slope"]) == pytest.approx(truth, rel=tolerance)
    assert float(found["r2"]) > 0.99


def test_noise_disturbs_balls_less_than_nearest_neighbours() -> None:
    x = systems.Henon().trajectory(5000, rng=1).values[:, 0]
    x = x + 0.01 * x.std() * np.random.default_rng(0).standard_normal(5000)
    slope = {method: float(divergence_curve(x, dt=1, method=method)["slope"]) for method in ("rosenstein", "kantz")}
    assert abs(slope["kantz"] - 0.419) < abs(slope["rosenstein"] - 0.419) / 2


def test_slope_does_not_see_scale() -> None:
    x = systems.Henon().trajectory(2000).values[:, 0]
    first, moved = (divergence_curve(v, dt=1, method="kantz", embedding_dim=2) for v in (x, 1000 * x + 3))
    assert float(moved["slope"]) == pytest.approx(float(first["slope"]), rel=1e-3)
    assert moved.attrs["radius"] == pytest.approx(1000 * first.attrs["radius"])


def test_empty_balls_leave_no_curve() -> None:
    x = np.random.default_rng(0).standard_normal(600)
    found = divergence_curve(x, dt=1, method="kantz", embedding_dim=3, radius=1e-6)
    assert np.isnan(found["divergence"]).all()
    assert np.isnan(found["slope"])
    assert (found["pairs"] == 0).all()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"method": "wolf"}, "method must"),
        ({"method": "kantz", "radius": 0.0}, "radius must"),
        ({"method": "kantz", "neighbours": 3}, "takes a radius"),
        ({"method": "rosenstein", "radius": 1.0}, "takes neighbours"),
    ],
)
def test_bad_options_are_explained(options, words: str) -> None:
    with pytest.raises(InputError, match=words):
        divergence_curve(np.random.default_rng(0).standard_normal(600), dt=1, **options)
