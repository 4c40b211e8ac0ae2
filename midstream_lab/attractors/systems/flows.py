"""Flows with attractors that the literature has measured."""

from __future__ import annotations

import math
from typing import ClassVar

from ...kernels.attractors.systems import CHUA, DUFFING, LORENZ, ROSSLER, VAN_DER_POL
from .base import Flow

__all__ = ["Chua", "Duffing", "Lorenz", "Rossler", "VanDerPol"]


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

    The default is not driven: a limit cycle with largest exponent 0.
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
