"""Even time out of gaps, missing values and irregular times."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from .errors import InputError
from .sequence import sequence, ticks, time_coordinate, timebase
from .timebase import TimeBase

__all__ = ["resample"]

METHODS = ("linear", "previous")

#: More values than this are taken for a mistake in `dt`.
MAX_VALUES = 2**31


def resample(x: Any, *, dt: float | str | Fraction | timedelta | None = None, method: str = "linear") -> xr.DataArray:
    """Fill gaps and missing values, and make irregular time even.

    Each value at a time without a measurement is made from the nearest measurements of its channel. Rows at
    either end for which a channel has none are cut off, not extrapolated. Months, years and business days stay
    what they are. No filter is applied: a larger `dt` folds faster motion into slower (aliasing).

    Parameters
    ----------
    x : array_like or sequence
        What `sequence` takes; NaN is a missing value.
    dt : float, str, Fraction or timedelta, optional
        New sampling interval, exactly, in the unit of the sequence's time; a whole number for calendar units.
        Default: the sequence's own. Irregular time needs it.
    method : {"linear", "previous"}, optional
        Straight line between the two neighbours, or the last measurement before (for states and counts).

    Returns
    -------
    DataArray, dims as `sequence` gives them
        Regular or calendar, without NaN. ``attrs["filled"]`` counts the values at times without a measurement of
        their own, ``attrs["trimmed"]`` the rows cut off at the ends (where there are any), and
        ``attrs["fill_method"]`` names the method.

    Raises
    ------
    InputError
        If `dt` is missing or does not fit the time, a channel has no value at all, or the result would be too large.

    Examples
    --------
    >>> even = resample([0.0, 1.0, float("nan"), 3.0])
    >>> even.values.tolist(), even.attrs["filled"]
    ([0.0, 1.0, 2.0, 3.0], 1)
    """
    if method not in METHODS:
        raise InputError(f"method must be 'linear' or 'previous', not {method!r}")
    array = sequence(x, nan="keep")
    where, base = ticks(array), timebase(array)
    values = array.values.reshape(len(where), -1)
    interval = _interval(where, base, dt)
    begin, end, cut = _ends(where, values, method, base, interval)
    count = (end - begin) // (interval / base.tick) + 1
    if count * values.shape[1] > MAX_VALUES:
        raise InputError(f"dt={dt!r} makes {count} rows, more than {MAX_VALUES} values; choose a larger dt")
    whole, part = _places(count, interval / base.tick)
    columns, filled = [], 0
    for column in values.T:
        known = ~np.isnan(column)
        new, measured = _at(where[known], column[known], begin + whole, part, method)
        columns.append(new)
        filled += len(new) - measured
    grid = _grid(begin, count, base, interval)
    result = xr.DataArray(
        np.stack(columns, axis=1).reshape((count, *array.shape[1:])),
        dims=array.dims,
        coords={k: v for k, v in array.coords.items() if "time" not in v.dims} | {"time": time_coordinate(*grid)},
        attrs={k: v for k, v in array.attrs.items() if k not in ("missing", "trimmed")},
        name=array.name,
    )
    result.attrs |= {"filled": filled, "fill_method": method} | ({"trimmed": cut} if cut else {})
    return result


def _interval(where: np.ndarray, base: TimeBase, dt: Any) -> Fraction:
    """The new sampling interval, exactly."""
    if dt is None:
        if base.regular:
            return base.dt
        if len(where) == 1:
            return base.tick
        usual = float(np.median(np.diff(where)) * float(base.tick))
        raise InputError(
            f"time is irregular: give the new sampling interval, for example dt={usual:g} ({base.unit}), "
            "which is the median of the present ones"
        )
    if base.unit == "tick":
        raise InputError("the data bring no time, only row numbers; give their interval with sequence(x, dt=...) first")
    return TimeBase.from_dt(dt, unit=base.unit).dt


def _ends(
    where: np.ndarray, values: np.ndarray, method: str, base: TimeBase, interval: Fraction
) -> tuple[int, int, int]:
    """First and last tick between which every channel is known, and the number of rows outside."""
    known = ~np.isnan(values)
    empty = ~known.any(axis=0)
    if empty.any():
        raise InputError(f"channel {int(np.argmax(empty))} has no value at all; leave it out")
    first = int(known.argmax(axis=0).max())
    last = len(where) - 1 - int(known[::-1].argmax(axis=0).max() if method == "linear" else 0)
    if last < first:
        raise InputError("the channels have no time in common at which all are known; resample them one by one")
    return int(where[first]), int(where[last]), first + len(where) - 1 - last


def _places(count: int, ratio: Fraction) -> tuple[np.ndarray, np.ndarray]:
    """Whole ticks and remaining parts of a tick of the new rows after the first; exact, so that nothing drifts."""
    index = np.arange(count, dtype=np.int64)
    whole, rest = divmod(ratio.numerator, ratio.denominator)
    part = index * rest
    return index * whole + part // ratio.denominator, (part % ratio.denominator) / ratio.denominator


def _at(
    where: np.ndarray, values: np.ndarray, whole: np.ndarray, part: np.ndarray, method: str
) -> tuple[np.ndarray, int]:
    """Values at the times `whole` + `part`, and how many of them were measured at that very time."""
    left = np.searchsorted(where, whole, side="right") - 1
    since = (whole - where[left]) + part
    measured = since == 0
    if method == "previous":
        return values[left], int(measured.sum())
    right = np.minimum(left + 1, len(where) - 1)
    share = np.where(measured, 0.0, since / np.maximum(where[right] - where[left], 1))
    return np.where(measured, values[left], values[left] * (1 - share) + values[right] * share), int(measured.sum())


def _grid(begin: int, count: int, base: TimeBase, interval: Fraction) -> tuple[np.ndarray, TimeBase]:
    """Ticks and time base of the new rows: the tick divides both the start and the interval."""
    start = begin * base.tick
    common = Fraction(
        math.gcd(start.numerator * interval.denominator, interval.numerator * start.denominator),
        start.denominator * interval.denominator,
    )
    step = int(interval / common)
    first = int(start / common)
    return first + step * np.arange(count, dtype=np.int64), TimeBase(
        tick=common, unit=base.unit, step=step, epoch=base.epoch
    )
