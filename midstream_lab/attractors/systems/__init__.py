"""Dynamical systems with known exponents: what the estimators are tested on, and what can be streamed.

Every system has `name`, `variables`, `params`, `dim` and the small face of everything that steps:
``step()``, ``run_until(t)``, ``reset()``, ``now``, ``state``; ``advance(n, dt)`` goes on from the state,
``trajectory(n, ...)`` is a labelled run of its own. ``Flow.from_function`` and ``Map.from_function`` take your own
equations; `NoisyFlow` adds white noise to a flow.
"""

from .base import System
from .delays import MackeyGlass
from .flow import Flow
from .flows import (
    Chua,
    DoublePendulum,
    Duffing,
    FitzHughNagumo,
    HindmarshRose,
    Lorenz,
    LotkaVolterra,
    QuasiPeriodic,
    Rossler,
    VanDerPol,
)
from .lattices import Kuramoto, Lorenz96
from .map import Map
from .maps import ArnoldCat, Henon, Ikeda, KaplanYorke, Logistic, Lozi, Standard, Tent
from .noise import NoisyFlow

__all__ = [
    "ArnoldCat",
    "Chua",
    "DoublePendulum",
    "Duffing",
    "FitzHughNagumo",
    "Flow",
    "Henon",
    "HindmarshRose",
    "Ikeda",
    "KaplanYorke",
    "Kuramoto",
    "Logistic",
    "Lorenz",
    "Lorenz96",
    "LotkaVolterra",
    "Lozi",
    "MackeyGlass",
    "Map",
    "NoisyFlow",
    "QuasiPeriodic",
    "Rossler",
    "Standard",
    "System",
    "Tent",
    "VanDerPol",
]
