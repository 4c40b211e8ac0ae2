"""Dynamical systems with known exponents: what the estimators are tested on, and what can be streamed.

Every system has `name`, `variables`, `params`, `dim` and the small face of everything that steps:
``step()``, ``run_until(t)``, ``reset()``, ``now``, ``state``; ``advance(n, dt)`` goes on from the state,
``trajectory(n, ...)`` is a labelled run of its own.
"""

from .base import Flow, Map, System
from .flows import Chua, Duffing, Lorenz, Rossler, VanDerPol
from .maps import Henon, Ikeda, Logistic, Lozi, Tent

__all__ = [
    "Chua",
    "Duffing",
    "Flow",
    "Henon",
    "Ikeda",
    "Logistic",
    "Lorenz",
    "Lozi",
    "Map",
    "Rossler",
    "System",
    "Tent",
    "VanDerPol",
]
