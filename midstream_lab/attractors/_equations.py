"""Checks and labels that everything computed from equations shares."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import __version__
from ..errors import InputError
from .systems import MackeyGlass, System

__all__ = ["attributes", "check_bounded", "check_grid", "check_positive", "check_system", "set_out"]


def check_system(system: Any, *, delayed: bool = False) -> System:
    """`system`, if it is one whose tangent vectors can be moved."""
    if not isinstance(system, System):
        raise InputError(f"system must be a Flow or a Map of midstream_lab.attractors.systems, not {system!r}")
    if not system.deterministic:
        raise InputError(f"{system.name} has noise; give its deterministic part")
    if isinstance(system, MackeyGlass) and not delayed:
        raise InputError(
            f"{system.name} is a delay equation, whose state is a stretch of the past; use a Flow or a Map"
        )
    return system


def check_positive(value: Any, name: str) -> float:
    """`value` as a positive, finite float."""
    if not (isinstance(value, (int, float, np.number)) and 0 < value < math.inf):
        raise InputError(f"{name} must be positive and finite, not {value!r}")
    return float(value)


def check_bounded(states: np.ndarray, system: System) -> np.ndarray:
    """`states`, if all are finite."""
    if not np.isfinite(states).all():
        raise InputError(
            f"{system.name} left every bound with {dict(system.params)}; start inside the basin of the attractor "
            "or change the parameters"
        )
    return states


def check_grid(grid: Any, system: System) -> dict[str, np.ndarray]:
    """Values of some variables of `system`, increasing."""
    unknown = set(grid) - set(system.variables) if isinstance(grid, dict) else {repr(grid)}
    if unknown or not grid:
        raise InputError(f"grid must map some of the variables {system.variables} to values, not {sorted(unknown)}")
    found = {}
    for name, values in grid.items():
        axis = np.atleast_1d(np.asarray(values, dtype=np.float64))
        if axis.ndim != 1 or not axis.size or not np.isfinite(axis).all() or not (np.diff(axis) > 0).all():
            raise InputError(f"grid[{name!r}] must be increasing finite numbers, not {values!r}")
        found[name] = axis
    return found


def set_out(system: System, grid: dict[str, np.ndarray]) -> np.ndarray:
    """Start states (n, dim) on the grid, the last variable of it fastest; the others where the system starts."""
    points = np.stack([axis.ravel() for axis in np.meshgrid(*grid.values(), indexing="ij")], axis=1)
    starts = np.tile(system.start, (len(points), 1))
    starts[:, [system.variables.index(name) for name in grid]] = points
    return starts


def attributes(system: System, method: str, citation: str, **more: Any) -> dict[str, Any]:
    """What every result from equations carries."""
    attrs = {"method": method, "citation": citation, "version": __version__, "system": system.name}
    return attrs | {f"parameter_{key}": value for key, value in system.params.items()} | more
