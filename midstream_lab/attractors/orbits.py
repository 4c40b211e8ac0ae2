"""Orbit (bifurcation) diagrams."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import InputError
from ..kernels.attractors.orbits import collect_orbits
from ._checks import check_whole
from ._equations import attributes, check_positive, check_system
from .systems import Flow, System
from .systems.base import view

__all__ = ["orbit_diagram"]

#: A flow is searched for maxima this many sampling intervals for each that is wanted.
PATIENCE = 400


def orbit_diagram(
    system: System,
    parameter: str,
    values: ArrayLike,
    *,
    n: int = 200,
    variable: str | None = None,
    transient: float | None = None,
    follow: bool = False,
) -> xr.DataArray:
    """Long-run values of one variable for each value of a parameter.

    Of a map, successive iterates; of a flow, successive maxima (Lorenz 1963), refined by a parabola.

    Parameters
    ----------
    system : Flow or Map
        The other parameters and the start are its own.
    parameter : str
        Name of the parameter that varies.
    values : array_like, shape (m,)
        Its values.
    n : int, optional
        Points for each value; default 200.
    variable : str, optional
        Which variable; default the first.
    transient : float, optional
        Time discarded for each value; default the system's `transient`.
    follow : bool, optional
        Whether each value starts from where the last one ended, which shows hysteresis; default False: all from the
        system's start.

    Returns
    -------
    xarray.DataArray, shape (m, n)
        Dimensions `parameter` and ``point``; NaN where a flow had fewer maxima (a fixed point has none) or the orbit
        left every bound.

    Raises
    ------
    InputError
        If the system has noise, the parameter or variable does not exist, or a value is not finite.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> found = orbit_diagram(Logistic(), "r", [2.0, 3.2], n=4)
    >>> found.dims, np.unique(found.sel(r=3.2).values.round(4)).tolist()
    (('r', 'point'), [0.513, 0.7995])
    """
    check_system(system)
    if parameter not in system.params:
        raise InputError(f"{system.name} has no parameter {parameter!r}; it has {list(system.params)}")
    varied = np.atleast_1d(np.asarray(values, dtype=np.float64))
    if varied.ndim != 1 or not varied.size or not np.isfinite(varied).all():
        raise InputError(f"values must be one or more finite numbers, not {values!r}")
    variable = system.variables[0] if variable is None else variable
    if variable not in system.variables:
        raise InputError(f"{system.name} has no variable {variable!r}; it has {list(system.variables)}")
    check_whole(n, "n", least=1)
    skip = system.transient if transient is None else float(transient)
    if skip:
        check_positive(skip, "transient")
    params = np.stack([system.with_params(**{parameter: float(value)}).vector for value in varied])
    h = system.max_step if isinstance(system, Flow) else 0.0
    skipped = round(skip / (h or 1.0))
    most = round(PATIENCE * n * system.dt / (h or 1.0))
    axis = system.variables.index(variable)
    points = system.run_each(collect_orbits, params, view(system.start), h, skipped, n, axis, most, bool(follow))
    points[~np.isfinite(points)] = np.nan
    return xr.DataArray(
        points,
        dims=(parameter, "point"),
        coords={parameter: varied},
        name=variable,
        attrs=attributes(
            system,
            "iterates after a transient" if h == 0.0 else "maxima after a transient",
            system.citation,
            transient=skip,
        ),
    )
