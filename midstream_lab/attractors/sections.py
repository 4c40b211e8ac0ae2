"""Poincare sections of flows and of sampled trajectories."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.flows import DUFFING, VAN_DER_POL
from ..kernels.attractors.sections import collect_crossings
from ..sequence import timebase
from ._checks import check_whole
from ._equations import attributes, check_positive, check_system
from .systems import Flow
from .systems.base import view

__all__ = ["poincare_section"]

DIRECTIONS = {"up": 1, "down": -1, "both": 0}
#: A flow is searched for this many sampling intervals from one crossing to the next.
PATIENCE = 100_000
METHOD = "Runge-Kutta step cut at the plane", "cubic interpolation of four samples"


def poincare_section(
    system: Flow | xr.DataArray,
    plane: tuple[Any, float],
    *,
    direction: str = "up",
    n: int = 1000,
    transient: float | None = None,
) -> xr.Dataset:
    """Where a flow, or a sampled trajectory, crosses a plane.

    Parameters
    ----------
    system : Flow or xarray.DataArray
        A flow, integrated from its start; or a trajectory, shape (samples, variables) with dimensions ``time`` and
        ``channel``, regular and without gaps.
    plane : (str or array_like, float)
        Variable, or normal vector of shape (dim,), and the value it has on the plane. The phase of a driven system is
        an angle: ``("phase", 0.0)`` is the stroboscopic section.
    direction : {"up", "down", "both"}, optional
        Sign of the crossings that count; default ``"up"``.
    n : int, optional
        Crossings of a flow; default 1000. A trajectory gives all it has, at most `n`.
    transient : float, optional
        Time discarded first; default the `transient` of a flow, and 0 for a trajectory.

    Returns
    -------
    xarray.Dataset
        `points` (dims ``crossing``, ``channel``) and `time` of each, from the end of the transient on. Fewer than `n`
        crossings, perhaps none, where the plane is not reached.

    Raises
    ------
    InputError
        If the plane does not fit the variables, the system has noise, or the trajectory has missing values.

    Notes
    -----
    A flow's crossing is found by a step of the integrator cut to end on the plane, to the last bit;
    a trajectory's on the cubic through the four samples around it, whose error is of order dt^4.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import LotkaVolterra
    >>> found = poincare_section(LotkaVolterra(), ("prey", 1.0), n=3)
    >>> found["points"].sel(channel="prey").values.round(12).tolist()
    [1.0, 1.0, 1.0]
    """
    if direction not in DIRECTIONS:
        raise InputError(f"direction must be one of {list(DIRECTIONS)}, not {direction!r}")
    check_whole(n, "n", least=1)
    if isinstance(system, xr.DataArray):
        return _cut_samples(system, plane, direction, n, transient)
    check_system(system)
    if not isinstance(system, Flow):
        raise InputError(f"{system.name} is a map, which jumps over any plane; its iterates are a section already")
    normal, offset = _plane(plane, list(system.variables))
    axes = np.flatnonzero(normal)
    turns = system.rule is None and system.system in (DUFFING, VAN_DER_POL) and 2 in axes
    if turns and (len(axes) > 1 or direction == "both"):
        raise InputError("the phase is an angle: give it alone, as ('phase', value), with direction 'up' or 'down'")
    state = system.settled(transient).state
    points, times = system.run(
        collect_crossings,
        view(state),
        system.max_step,
        view(normal),
        offset,
        2 if turns else -1,
        DIRECTIONS[direction],
        n,
        round(PATIENCE * system.dt / system.max_step),
    )
    seen = np.isfinite(times) & np.isfinite(points).all(axis=1)
    attrs = attributes(system, METHOD[0], system.citation, plane=str(plane), direction=direction)
    return _label(points[seen], times[seen], list(system.variables), system.unit, attrs)


def _plane(plane: Any, names: list[str]) -> tuple[np.ndarray, float]:
    """Normal vector of length 1 and offset."""
    try:
        what, offset = plane
        normal = np.eye(len(names))[names.index(what)] if isinstance(what, str) else np.array(what, dtype=np.float64)
        offset = float(offset)
    except (TypeError, ValueError):
        normal, offset = np.empty(0), 0.0
    size = float(np.linalg.norm(normal)) if normal.shape == (len(names),) else 0.0
    if not (0 < size < np.inf and np.isfinite(offset)):
        raise InputError(f"plane must be (variable, value) or (normal, value) for the variables {names}, not {plane!r}")
    return normal / size, offset / size


def _cut_samples(x: xr.DataArray, plane: Any, direction: str, n: int, transient: float | None) -> xr.Dataset:
    if set(x.dims) != {"time", "channel"}:
        raise InputError(f"a trajectory has the dimensions time and channel, not {x.dims}; name its variables")
    base = timebase(x)
    values = x.transpose("time", "channel").values.astype(np.float64)
    if not np.isfinite(values).all():
        raise InputError("the trajectory has missing values; cut it at its gaps or use resample")
    names = [str(name) for name in x["channel"].values]
    normal, offset = _plane(plane, names)
    skip = 0.0 if not transient else check_positive(transient, "transient")
    dt = float(base.dt)
    values = values[round(skip / dt) :]
    side = values @ normal - offset
    up = (side[:-1] < 0) & (side[1:] >= 0)
    down = (side[:-1] > 0) & (side[1:] <= 0)
    crossed = np.flatnonzero({"up": up, "down": down, "both": up | down}[direction])
    # Two samples on either side of a crossing carry the cubic.
    crossed = crossed[(crossed >= 1) & (crossed <= len(values) - 3)][:n]
    around = values[crossed[:, None] + np.arange(-1, 3)]
    sides = around @ normal - offset
    low, high = np.zeros(len(crossed)), np.ones(len(crossed))
    for _ in range(60):
        middle = 0.5 * (low + high)
        there = (_cubic(middle) * sides).sum(axis=1)
        before = there * np.sign(sides[:, 1]) > 0
        low, high = np.where(before, middle, low), np.where(before, high, middle)
    points = np.einsum("ck,ckv->cv", _cubic(high), around)
    attrs = {"method": METHOD[1], "citation": "Poincare (1899)", "version": __version__, "plane": str(plane)}
    attrs["direction"] = direction
    return _label(points, (crossed + high) * dt, names, base.unit, attrs)


def _cubic(f: np.ndarray) -> np.ndarray:
    """Weights (n, 4) of samples at -1, 0, 1, 2 for the value at each of `f` (n,)."""
    return np.stack(
        [
            -f * (f - 1.0) * (f - 2.0) / 6.0,
            (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0,
            -(f + 1.0) * f * (f - 2.0) / 2.0,
            (f + 1.0) * f * (f - 1.0) / 6.0,
        ],
        axis=1,
    )


def _label(points: np.ndarray, times: np.ndarray, names: list[str], unit: str, attrs: dict[str, Any]) -> xr.Dataset:
    return xr.Dataset(
        {"points": (("crossing", "channel"), points), "time": ("crossing", times, {"units": unit})},
        coords={"channel": names},
        attrs=attrs,
    )
