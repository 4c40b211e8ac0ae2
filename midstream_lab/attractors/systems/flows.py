"""Flows with attractors that the literature has measured."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from ...kernels.attractors.flows import (
    CHUA,
    DOUBLE_PENDULUM,
    DUFFING,
    FITZHUGH_NAGUMO,
    HINDMARSH_ROSE,
    LORENZ,
    LOTKA_VOLTERRA,
    QUASI_PERIODIC,
    ROSSLER,
    VAN_DER_POL,
)
from .flow import Flow

__all__ = [
    "Chua",
    "DoublePendulum",
    "Duffing",
    "FitzHughNagumo",
    "HindmarshRose",
    "Lorenz",
    "LotkaVolterra",
    "QuasiPeriodic",
    "Rossler",
    "VanDerPol",
]


class Lorenz(Flow):
    """The Lorenz (1963) flow: x' = sigma (y - x), y' = x (rho - z) - y, z' = x y - beta z.

    With the default parameters the largest Lyapunov exponent is 0.9056 per time unit (Sprott 2003).

    Examples
    --------
    >>> x = Lorenz().trajectory(1000, dt="1/50", rng=0)
    >>> x.sizes["time"], [str(v) for v in x["channel"].values]
    (1000, ['x', 'y', 'z'])
    """

    name = "Lorenz"
    variables = ("x", "y", "z")
    system = LORENZ
    defaults: ClassVar[dict[str, float]] = {"sigma": 10.0, "rho": 28.0, "beta": 8.0 / 3.0}
    basin = ((-10.0, -10.0, 15.0), (10.0, 10.0, 35.0))
    transient = 100.0
    max_step = 0.005
    dt = 0.015
    citation = "Lorenz (1963), J. Atmos. Sci. 20, 130"


class Rossler(Flow):
    """The Rossler (1976) flow: x' = -y - z, y' = x + a y, z' = b + z (x - c).

    With the default parameters the largest Lyapunov exponent is 0.0714 per time unit (Sprott 2003).
    """

    name = "Rossler"
    variables = ("x", "y", "z")
    system = ROSSLER
    defaults: ClassVar[dict[str, float]] = {"a": 0.2, "b": 0.2, "c": 5.7}
    basin = ((-4.0, -4.0, 0.0), (4.0, 4.0, 0.5))
    transient = 500.0
    max_step = 0.02
    dt = 0.12
    citation = "Rossler (1976), Phys. Lett. A 57, 397"


class Chua(Flow):
    """Chua's circuit with its double scroll: x' = alpha (y - x - f(x)), y' = x - y + z, z' = -beta y.

    f is piecewise linear with slope m0 inside [-1, 1] and m1 outside.
    """

    name = "Chua"
    variables = ("x", "y", "z")
    system = CHUA
    defaults: ClassVar[dict[str, float]] = {"alpha": 9.0, "beta": 100.0 / 7.0, "m0": -8.0 / 7.0, "m1": -5.0 / 7.0}
    basin = ((-0.3, -0.05, -0.3), (0.3, 0.05, 0.3))
    transient = 200.0
    max_step = 0.01
    dt = 0.05
    citation = "Matsumoto, Chua and Komuro (1985), IEEE Trans. Circuits Syst. 32, 797"


class Duffing(Flow):
    """The driven Duffing oscillator: x'' + delta x' + alpha x + beta x^3 = gamma cos(omega t).

    The third variable is the phase of the drive, in radians. ``Duffing(delta=0.05, alpha=0, gamma=7.5)`` is
    Ueda's oscillator.
    """

    name = "Duffing"
    variables = ("x", "v", "phase")
    system = DUFFING
    defaults: ClassVar[dict[str, float]] = {"delta": 0.2, "alpha": -1.0, "beta": 1.0, "gamma": 0.3, "omega": 1.0}
    basin = ((-1.0, -0.5, 0.0), (1.0, 0.5, 2.0 * math.pi))
    transient = 500.0
    max_step = math.pi / 300.0
    dt = 0.1
    citation = "Ueda (1979), J. Stat. Phys. 20, 181"


class VanDerPol(Flow):
    """The van der Pol oscillator, driven or not: x'' - mu (1 - x^2) x' + x = force cos(omega t).

    The default is not driven: a limit cycle with largest exponent 0. ``VanDerPol(mu=0.5, force=0.5, omega=2.2)`` is a
    torus.
    """

    name = "van der Pol"
    variables = ("x", "v", "phase")
    system = VAN_DER_POL
    defaults: ClassVar[dict[str, float]] = {"mu": 1.0, "force": 0.0, "omega": 1.0}
    basin = ((0.5, -0.5, 0.0), (1.5, 0.5, 2.0 * math.pi))
    transient = 200.0
    max_step = 0.01
    dt = 0.13
    citation = "van der Pol (1926), Philos. Mag. 2, 978"


class DoublePendulum(Flow):
    """Two point masses on rods, without friction; the angles (radians) hang down at 0 and are not wrapped.

    The default start, both rods level and at rest, is chaotic: exponents 0.93, 0, 0, -0.93 at this energy alone.
    """

    name = "double pendulum"
    variables = ("theta1", "theta2", "omega1", "omega2")
    unit = "s"
    system = DOUBLE_PENDULUM
    defaults: ClassVar[dict[str, float]] = {"g": 9.81, "m1": 1.0, "m2": 1.0, "l1": 1.0, "l2": 1.0}
    #: Near the start that the exponents are known for; every energy has attracting sets of its own.
    basin = ((math.pi / 2 - 0.007, math.pi / 2 - 0.007, 0.0, 0.0), (math.pi / 2 + 0.003, math.pi / 2 + 0.003, 0.0, 0.0))
    transient = 0.0
    max_step = 0.0025
    dt = 0.03
    citation = "Shinbrot et al. (1992), Am. J. Phys. 60, 491"

    def energy(self, state: np.ndarray) -> float:
        """Total energy at `state`, which the motion keeps; 0 at the height of the pivot."""
        g, m1, m2, l1, l2 = self.params.values()
        a, b, u, w = state
        kinetic = 0.5 * (m1 + m2) * (l1 * u) ** 2 + 0.5 * m2 * (l2 * w) ** 2 + m2 * l1 * l2 * u * w * math.cos(a - b)
        return float(kinetic - (m1 + m2) * g * l1 * math.cos(a) - m2 * g * l2 * math.cos(b))


class HindmarshRose(Flow):
    """The Hindmarsh-Rose (1984) neuron: membrane potential x, fast currents y, adaptation z.

    x' = y - a x^3 + b x^2 - z + current, y' = c - d x^2 - y, z' = r (s (x - rest) - z). The default bursts chaotically.
    """

    name = "Hindmarsh-Rose"
    variables = ("x", "y", "z")
    system = HINDMARSH_ROSE
    defaults: ClassVar[dict[str, float]] = {
        "a": 1.0,
        "b": 3.0,
        "c": 1.0,
        "d": 5.0,
        "r": 0.006,
        "s": 4.0,
        "rest": -1.6,
        "current": 3.2,
    }
    basin = ((-1.0, -4.0, 2.9), (1.0, 0.0, 3.3))
    transient = 2000.0
    max_step = 0.02
    dt = 0.2
    citation = "Hindmarsh & Rose (1984), Proc. R. Soc. B 221, 87"


class LotkaVolterra(Flow):
    """Prey and predator of Lotka (1925) and Volterra (1926): x' = x (alpha - beta y), y' = y (delta x - gamma).

    Every orbit is closed; `invariant` labels them.
    """

    name = "Lotka-Volterra"
    variables = ("prey", "predator")
    system = LOTKA_VOLTERRA
    defaults: ClassVar[dict[str, float]] = {"alpha": 1.0, "beta": 1.0, "delta": 1.0, "gamma": 1.0}
    basin = ((0.4, 0.4), (0.9, 0.9))
    transient = 0.0
    max_step = 0.01
    dt = 0.13
    citation = "Volterra (1926), Nature 118, 558"

    def invariant(self, state: np.ndarray) -> float:
        """delta x - gamma ln x + beta y - alpha ln y, which the motion keeps."""
        alpha, beta, delta, gamma = self.params.values()
        return float(delta * state[0] - gamma * math.log(state[0]) + beta * state[1] - alpha * math.log(state[1]))


class FitzHughNagumo(Flow):
    """The FitzHugh (1961) and Nagumo neuron: v' = v - v^3 / 3 - w + current, w' = (v + a - b w) / tau.

    The default current makes it fire periodically; at 0 it rests.
    """

    name = "FitzHugh-Nagumo"
    variables = ("v", "w")
    system = FITZHUGH_NAGUMO
    defaults: ClassVar[dict[str, float]] = {"a": 0.7, "b": 0.8, "tau": 12.5, "current": 0.5}
    basin = ((-2.0, -0.5), (2.0, 1.5))
    transient = 400.0
    max_step = 0.02
    dt = 0.8
    citation = "FitzHugh (1961), Biophys. J. 1, 445"


class QuasiPeriodic(Flow):
    """Two tones that never repeat: x = sin(omega1 t) + 0.8 sin(omega2 t) as a linear flow, with all exponents 0.

    The other variables are the first three derivatives of x. The default frequencies are 1 and the golden mean; random
    starts have random phases. Two-dimensional torus.
    """

    name = "two tones"
    variables = ("x", "v", "a", "j")
    system = QUASI_PERIODIC
    defaults: ClassVar[dict[str, float]] = {"omega1": 1.0, "omega2": (1.0 + math.sqrt(5.0)) / 2.0}
    basin = ((-1.8, -2.3, -3.1, -4.4), (1.8, 2.3, 3.1, 4.4))
    transient = 0.0
    max_step = 0.02
    dt = 0.1
    citation = "exact"

    def _draw(self, rng: np.random.Generator | None) -> np.ndarray:
        phases = np.zeros(2) if rng is None else rng.uniform(0.0, 2.0 * math.pi, 2)
        omegas = np.array(list(self.params.values()))
        order = np.arange(4)[:, None]
        return (np.array([1.0, 0.8]) * omegas**order * np.sin(phases + order * math.pi / 2.0)).sum(axis=1)
