"""Finite-time Lyapunov exponents on a grid of starts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..kernels.attractors.ftle import push_frames
from ._equations import attributes, check_grid, check_positive, check_system, set_out
from .systems import System
from .systems.base import view

__all__ = ["ftle"]


def ftle(system: System, grid: dict[str, Any], *, duration: float) -> xr.DataArray:
    """Largest finite-time Lyapunov exponent from each start of a grid.

    The logarithm of the largest stretching factor of the linearised motion over `duration`, divided by it. Ridges of
    the field separate starts with different fates.

    Parameters
    ----------
    system : Flow or Map
    grid : dict of str to array_like
        Increasing values of some variables; the others are where the system starts.
    duration : float
        Time to follow each start, in the system's unit.

    Returns
    -------
    xarray.DataArray
        One dimension for each variable of `grid`, in nats per unit of time; NaN where the trajectory left every bound.

    Raises
    ------
    InputError
        If the system has noise, or a variable, value or the duration is not usable.

    References
    ----------
    Haller (2001), Physica D 149, 248; Shadden, Lekien & Marsden (2005), Physica D 212, 271.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import ArnoldCat
    >>> field = ftle(ArnoldCat(), {"x": [0.1, 0.3], "y": [0.2, 0.5, 0.7]}, duration=10)
    >>> field.sizes["x"], field.sizes["y"], abs(float(field[0, 0]) - 0.9624) < 1e-3
    (2, 3, True)
    """
    check_system(system)
    axes = check_grid(grid, system)
    duration = check_positive(duration, "duration")
    h, steps = system.divide(duration)
    if steps < 1 or (h == 0.0 and duration != steps):
        raise InputError(f"duration must be a whole number of iterates of a map, not {duration!r}")
    ends, matrix, scale = system.run(push_frames, view(set_out(system, axes)), h, steps)
    lost = ~(np.isfinite(ends).all(axis=1) & np.isfinite(matrix).all(axis=(1, 2)))
    matrix[lost], scale[lost] = 0.0, 0.0
    with np.errstate(divide="ignore"):
        growth = np.log(np.linalg.svd(matrix, compute_uv=False)[:, 0]) + scale
    growth[lost] = math.nan
    shape = tuple(len(axis) for axis in axes.values())
    return xr.DataArray(
        (growth / duration).reshape(shape),
        dims=tuple(axes),
        coords=axes,
        name="ftle",
        attrs=attributes(
            system,
            "largest singular value of the linearised motion",
            "Shadden, Lekien & Marsden (2005), Physica D 212, 271",
            units=f"nat / ({system.unit})",
            duration=duration,
        ),
    )
