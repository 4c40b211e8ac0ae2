"""Systems on which `lyapunov_max` is reported and never tuned: the four of `known.REPORTED` and fourteen others.

They were listed, with their observable (the first variable), before the estimator was run on any of the fourteen.
The rule that halves a delay over which neighbours do not predict came after a first look at them: Duffing's oscillator,
which is tuned on, shows the same cause, and the rule was set on it alone; no threshold or weight was changed.
`test_held_out` checks each exponent against the equations. Random starts of one system must share one exponent, so
conservative maps and flows, whose exponent depends on the start, are not among them; Arnold's cat map is
uniformly hyperbolic.
"""

from __future__ import annotations

import math

import numba
import numpy as np
from known import COMPUTED, REPORTED, Case

from midstream_lab.attractors import systems
from midstream_lab.attractors.systems import Flow, Map

__all__ = ["HELD_OUT"]


@numba.njit
def halvorsen(s, p):
    x, y, z = s
    a = p[0]
    return -a * x - 4 * y - 4 * z - y * y, -a * y - 4 * z - 4 * x - z * z, -a * z - 4 * x - 4 * y - x * x


@numba.njit
def thomas(s, p):
    return np.sin(s[1]) - p[0] * s[0], np.sin(s[2]) - p[0] * s[1], np.sin(s[0]) - p[0] * s[2]


@numba.njit
def chen(s, p):
    x, y, z = s
    a, b, c = p
    return a * (y - x), (c - a) * x - x * z + c * y, x * y - b * z


@numba.njit
def sprott_b(s, p):
    x, y, z = s
    return y * z, x - y, 1.0 - x * y


@numba.njit
def delayed_logistic(s, p):
    return p[0] * s[0] * (1.0 - s[1]), s[0]


@numba.njit
def holmes_cubic(s, p):
    return s[1], -p[0] * s[0] + p[1] * s[1] - s[1] ** 3


HALVORSEN = Flow.from_function(
    halvorsen,
    variables=("x", "y", "z"),
    initial=[-5.0, 0.0, 0.0],
    basin=([-6.0, -1.0, -1.0], [-4.0, 1.0, 1.0]),
    params={"a": 1.27},
    max_step=0.005,
    dt=0.03,
    transient=50.0,
    name="Halvorsen",
)
THOMAS = Flow.from_function(
    thomas,
    variables=("x", "y", "z"),
    initial=[0.1, 0.0, 0.0],
    basin=([0.0, 0.0, 0.0], [2.0, 1.0, 1.0]),
    params={"b": 0.18},
    max_step=0.05,
    dt=0.2,
    transient=1000.0,
    name="Thomas",
)
CHEN = Flow.from_function(
    chen,
    variables=("x", "y", "z"),
    initial=[-10.0, 0.0, 37.0],
    basin=([-12.0, -2.0, 35.0], [-8.0, 2.0, 39.0]),
    params={"a": 35.0, "b": 3.0, "c": 28.0},
    max_step=0.002,
    dt=0.01,
    transient=50.0,
    name="Chen",
)
SPROTT_B = Flow.from_function(
    sprott_b,
    variables=("x", "y", "z"),
    initial=[0.05, 0.05, 0.05],
    basin=([0.0, 0.0, 0.0], [0.5, 0.5, 0.5]),
    max_step=0.02,
    dt=0.1,
    transient=300.0,
    name="Sprott B",
)
DELAYED_LOGISTIC = Map.from_function(
    delayed_logistic,
    variables=("x", "y"),
    initial=[0.5, 0.5],
    basin=([0.4, 0.4], [0.6, 0.6]),
    params={"a": 2.27},
    transient=1000,
    name="delayed logistic",
)
HOLMES_CUBIC = Map.from_function(
    holmes_cubic,
    variables=("x", "y"),
    initial=[1.6, 0.0],
    basin=([1.4, -0.1], [1.6, 0.1]),
    params={"b": 0.2, "d": 2.77},
    transient=1000,
    name="Holmes cubic",
)

#: Periods are the mean time between maxima; of Mackey-Glass, whose cycle has two humps, between upward crossings of
#: the mean.
HELD_OUT = {
    **REPORTED,
    "Chen": Case(system=CHEN, truth=2.03, source=COMPUTED, period=0.53),
    "Halvorsen": Case(system=HALVORSEN, truth=0.788, source=COMPUTED, period=0.90),
    "Thomas": Case(system=THOMAS, truth=0.0350, source=COMPUTED, period=10.0),
    "Sprott B": Case(system=SPROTT_B, truth=0.2102, source=COMPUTED, period=4.7),
    "Hindmarsh-Rose": Case(system=systems.HindmarshRose(), truth=0.0129, source=COMPUTED, period=33.0),
    "Lorenz96 N=5": Case(system=systems.Lorenz96(size=5), truth=0.470, source=COMPUTED, period=0.94),
    "Mackey-Glass 17": Case(system=systems.MackeyGlass(tau=17), truth=0.00516, source=COMPUTED, period=48.0),
    "Mackey-Glass 23": Case(system=systems.MackeyGlass(tau=23), truth=0.00937, source=COMPUTED, period=46.0),
    "logistic 3.7": Case(system=systems.Logistic(r=3.7), truth=0.3549, source=COMPUTED),
    "Kaplan-Yorke": Case(system=systems.KaplanYorke(), truth=math.log(2.0), source="exact"),
    "Arnold cat": Case(system=systems.ArnoldCat(), truth=math.log((3.0 + math.sqrt(5.0)) / 2.0), source="exact"),
    "Lozi": Case(system=systems.Lozi(), truth=0.4702, source=COMPUTED),
    "delayed logistic": Case(system=DELAYED_LOGISTIC, truth=0.1831, source=COMPUTED),
    "Holmes cubic": Case(system=HOLMES_CUBIC, truth=0.5945, source=COMPUTED),
}
