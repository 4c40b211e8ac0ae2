"""Delay embedding: a trajectory in phase space from one observed sequence."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import GapError
from ..kernels.attractors.embedding import embed_delay
from ..sequence import pick_channel, sequence, ticks, timebase
from ._checks import check_length, check_whole

__all__ = ["embed"]


def embed(x: Any, *, delay: int, dim: int, dt: Any = None, channel: str | None = None) -> xr.DataArray:
    """Delay vectors of a sequence (Takens 1981).

    The row at time t holds x(t), x(t + delay), ..., x(t + (dim - 1) delay).

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence. Samples may be missing, as NaN or as absent rows: vectors with a missing component
        are left out and counted.
    delay : int
        Samples between the components, 1 or more; `estimate_delay` suggests one.
    dim : int
        Number of components, 1 or more.
    dt : float or str, optional
        Sampling interval of a bare array; default: rows are counted.
    channel : str, optional
        Which channel to take, if there are several.

    Returns
    -------
    xarray.DataArray, shape (rows, dim)
        Dimensions ``time`` and ``component``; attrs `delay`, `dim` and `left_out`, the number of vectors
        with a missing component.

    Raises
    ------
    InputError
        If the sequence is too short or not usable, or a parameter is out of range.
    GapError
        If the times are irregular.

    References
    ----------
    Takens (1981), Detecting strange attractors in turbulence, Lect. Notes Math. 898, 366.

    Examples
    --------
    >>> embed([0.0, 1.0, 2.0, 3.0, 4.0], delay=2, dim=2).values.tolist()
    [[0.0, 2.0], [1.0, 3.0], [2.0, 4.0]]
    """
    delay = check_whole(delay, "delay", least=1)
    dim = check_whole(dim, "dim", least=1)
    whole = pick_channel(sequence(x, dt=dt, nan="keep"), channel)
    base = timebase(whole)
    if not base.regular:
        raise GapError("time is irregular; make it even with resample(x, dt=...) first")
    where = ticks(whole) // base.step
    rows = check_length(len(where), delay, dim)
    if where[-1] - where[0] == len(where) - 1:
        values = np.ascontiguousarray(whole.values).view()
        values.flags.writeable = False
        points = embed_delay(values, delay, dim, rows)
    else:
        points = _embed_around_gaps(whole.values, where, delay, dim)[:rows]
    complete = np.isfinite(points).all(axis=1)
    components = ["x(t)"] + [f"x(t + {k * delay})" for k in range(1, dim)]
    return xr.DataArray(
        points[complete],
        dims=("time", "component"),
        coords={"time": whole["time"][:rows][complete], "component": components},
        name=whole.name,
        attrs={
            **{key: value for key, value in whole.attrs.items() if key != "missing"},
            "method": "delay embedding; lags of the components in samples",
            "citation": "Takens (1981)",
            "version": __version__,
            "delay": delay,
            "dim": dim,
            "left_out": int(rows - complete.sum()),
        },
    )


def _embed_around_gaps(values: np.ndarray, where: np.ndarray, delay: int, dim: int) -> np.ndarray:
    """Delay vectors by time instead of by row; NaN where there is no row at a component's time."""
    wanted = where[:, None] + delay * np.arange(dim)
    row = np.minimum(np.searchsorted(where, wanted), len(where) - 1)
    return np.where(where[row] == wanted, values[row], np.nan)
