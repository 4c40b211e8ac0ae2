"""From time stamps to whole ticks, and back."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pandas as pd

from .errors import InputError
from .timebase import CALENDAR_UNITS, SECONDS, TimeBase, simple_fraction

__all__ = ["recognise", "stamps"]

NANOSECOND = Fraction(1, 10**9)

#: A stamp further than this share of the interval from its place on an even grid is not on the grid.
GRID_TOLERANCE = 1e-3

#: Missing business days (holidays) that still let a series count as one of business days.
MAX_MISSING_BUSINESS_DAYS = 0.1


def recognise(times: np.ndarray, *, unit: str = "s") -> tuple[np.ndarray, TimeBase]:
    """Whole ticks and the time base of increasing time stamps.

    Parameters
    ----------
    times : ndarray, shape (n,)
        ``datetime64``, or numbers in `unit`.
    unit : str, optional
        Unit of numeric stamps; default ``"s"``. Units of fixed length such as ``"ms"`` become seconds.

    Returns
    -------
    ticks : ndarray of int64, shape (n,)
    base : TimeBase
        Even stamps, with or without holes, give a tick of their interval; months, years and business days
        give a calendar unit; anything else is irregular (``step=0``) with a tick of a nanosecond.

    Raises
    ------
    InputError
        If a stamp is missing, repeated or out of order; the message names the first.

    Examples
    --------
    >>> ticks, base = recognise(np.array([0.0, 0.25, 0.5, 1.0]))
    >>> ticks.tolist(), base.dt
    ([0, 1, 2, 4], Fraction(1, 4))
    """
    times = np.asarray(times)
    _check_order(times)
    if times.dtype.kind == "M":
        return _recognise_dates(_to_nanoseconds(times))
    times = times.astype(np.float64)
    size = SECONDS.get(unit.lower())
    if size is None:
        return _recognise_numbers(times, unit)
    where, base = _recognise_numbers(times, "s")
    if size == 1:
        return where, base
    if base.regular:  # the interval is scaled exactly
        return where, TimeBase(tick=base.tick * size, unit="s", step=base.step)
    return _recognise_numbers(times * float(size), "s")


def stamps(ticks: np.ndarray, base: TimeBase) -> np.ndarray:
    """Time stamps for a coordinate: dates where the epoch is known, otherwise numbers in the base's unit.

    Examples
    --------
    >>> stamps(np.array([0, 1, 2]), TimeBase(unit="month", epoch="2020-01-01"))[2]
    np.datetime64('2020-03-01T00:00:00.000000000')
    """
    if base.epoch is None or not (base.calendar or base.unit == "s"):
        return ticks.astype(np.float64) * base.tick.numerator / base.tick.denominator
    epoch = np.datetime64(base.epoch, "ns")
    if base.unit == "s":
        per_tick = base.tick / NANOSECOND
        if per_tick.denominator == 1:
            return epoch + ticks * np.timedelta64(per_tick.numerator, "ns")
        return epoch + np.rint(ticks * float(per_tick)).astype("timedelta64[ns]")
    count = ticks * base.tick.numerator
    day = epoch.astype("datetime64[D]")
    if base.unit == "business day":
        return np.busday_offset(day, count, roll="forward").astype("datetime64[ns]") + (epoch - day)
    months = epoch.astype("datetime64[M]")
    moved = months + count * (12 if base.unit == "year" else 1)
    into_month = (day - months.astype("datetime64[D]")).astype(np.int64)
    last = ((moved + 1).astype("datetime64[D]") - moved.astype("datetime64[D]")).astype(np.int64) - 1
    # One month after 31 January is the last day of February.
    moved_day = moved.astype("datetime64[D]") + np.minimum(into_month, last)
    return _to_nanoseconds(moved_day) + (epoch - day)


def _check_order(times: np.ndarray) -> None:
    if times.ndim != 1 or not len(times):
        raise InputError(f"times must be one-dimensional and not empty, got shape {times.shape}")
    if times.dtype.kind not in "Mfiu":
        raise InputError(f"times must be dates or numbers, not {times.dtype}")
    missing = np.isnat(times) if times.dtype.kind == "M" else ~np.isfinite(times)
    if missing.any():
        raise InputError(f"the time stamp of row {int(np.argmax(missing))} is missing; remove or complete that row")
    backward = times[1:] <= times[:-1]
    if backward.any():
        row = int(np.argmax(backward)) + 1
        how = "repeats" if times[row] == times[row - 1] else "lies before"
        raise InputError(
            f"time must increase: row {row} ({times[row]}) {how} row {row - 1} ({times[row - 1]}); "
            "sort the rows and remove duplicates first"
        )


def _to_nanoseconds(times: np.ndarray) -> np.ndarray:
    years = times.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = (years < 1678) | (years > 2261)
    if outside.any():
        raise InputError(
            f"row {int(np.argmax(outside))} has the date {times[np.argmax(outside)]}; dates from 1678 to 2261 can be "
            "kept to the nanosecond: give earlier or later ones as numbers, for example in years"
        )
    return times.astype("datetime64[ns]")


def _recognise_dates(times: np.ndarray) -> tuple[np.ndarray, TimeBase]:
    nanoseconds = times.astype(np.int64)
    epoch = str(pd.Timestamp(times[0]).isoformat())
    found = _as_months(times)
    ends = _as_month_ends(times) if found is None else None
    if ends is not None:
        return ends
    if found is None and not _all_equal(np.diff(nanoseconds)):
        found = _as_business_days(times)
    found = found or _as_even(nanoseconds) or _as_rounded(nanoseconds)
    if found is None:
        return nanoseconds - nanoseconds[0], TimeBase(tick=NANOSECOND, unit="s", step=0, epoch=epoch)
    ticks, tick, unit = found
    return ticks, TimeBase(tick=tick, unit=unit, epoch=epoch)


def _all_equal(values: np.ndarray) -> bool:
    return not len(values) or bool((values == values[0]).all())


def _as_even(nanoseconds: np.ndarray) -> tuple[np.ndarray, Fraction, str] | None:
    """Rows on an even grid, at least half of them next to each other."""
    differences = np.diff(nanoseconds)
    if not len(differences):
        return None
    interval = int(np.gcd.reduce(differences))
    if 2 * np.count_nonzero(differences == interval) < len(differences):
        return None
    return (nanoseconds - nanoseconds[0]) // interval, interval * NANOSECOND, "s"


def _as_rounded(nanoseconds: np.ndarray) -> tuple[np.ndarray, Fraction, str] | None:
    """Rows on an even grid whose stamps were rounded, such as 30 a second in milliseconds."""
    grid = _grid_of((nanoseconds - nanoseconds[0]) / 1e9)
    return None if grid is None else (grid[0], grid[1], "s")


def _as_months(times: np.ndarray) -> tuple[np.ndarray, Fraction, str] | None:
    """Rows at the same moment of different months."""
    months = times.astype("datetime64[M]")
    into_month = times - months.astype("datetime64[ns]")
    if len(times) < 2 or (into_month != into_month[0]).any():
        return None
    count = months.astype(np.int64)
    interval = int(np.gcd.reduce(np.diff(count)))
    if interval == 0:
        return None
    unit, size = ("year", interval // 12) if interval % 12 == 0 else ("month", interval)
    return (count - count[0]) // interval, Fraction(size), unit


def _as_month_ends(times: np.ndarray) -> tuple[np.ndarray, TimeBase] | None:
    """Rows at the same time of the last day of different months; counted from the last day of a long month."""
    days = times.astype("datetime64[D]")
    of_day = times - days.astype("datetime64[ns]")
    if len(times) < 2 or (of_day != of_day[0]).any() or ((days + 1) != (days + 1).astype("datetime64[M]")).any():
        return None
    months = times.astype("datetime64[M]")
    count = months.astype(np.int64)
    interval = int(np.gcd.reduce(np.diff(count)))
    for back in range(12):
        start = months[0] - back * interval
        if int(start.astype(np.int64)) % 12 in (0, 2, 4, 6, 7, 9, 11):
            epoch = start.astype("datetime64[D]") + 30 + of_day[0]
            where = (count - count[0]) // interval + back
            return where, TimeBase(tick=Fraction(interval), unit="month", epoch=pd.Timestamp(epoch).isoformat())
    return None


def _as_business_days(times: np.ndarray) -> tuple[np.ndarray, Fraction, str] | None:
    """One row for each weekday, but for some holidays."""
    days = times.astype("datetime64[D]")
    of_day = times - days.astype("datetime64[ns]")
    if len(times) < 6 or (of_day != of_day[0]).any() or not np.is_busday(days).all():
        return None
    ticks = np.busday_count(days[0], days).astype(np.int64)
    if (np.diff(ticks) == 0).any() or ticks[-1] + 1 - len(ticks) > MAX_MISSING_BUSINESS_DAYS * (ticks[-1] + 1):
        return None
    return ticks, Fraction(1), "business day"


def _recognise_numbers(times: np.ndarray, unit: str) -> tuple[np.ndarray, TimeBase]:
    grid = _grid_of(times)
    if grid is None:
        scaled = times * 1e9
        if np.abs(scaled).max() >= 2**62:
            raise InputError(
                f"times up to {times.max():g} {unit} do not fit whole nanoseconds; subtract the first time"
            )
        return np.rint(scaled).astype(np.int64), TimeBase(tick=NANOSECOND, unit=unit, step=0)
    index, interval, slack = grid
    if unit in CALENDAR_UNITS and interval.denominator != 1:
        return np.rint(times * 1e9).astype(np.int64), TimeBase(tick=NANOSECOND, unit=unit, step=0)
    first = float(times[0])
    if abs(first - round(first / interval) * interval) <= slack:
        return index + round(first / interval), TimeBase(tick=interval, unit=unit)
    start = simple_fraction(abs(first)) * (1 if first > 0 else -1)
    tick = Fraction(
        math.gcd(start.numerator * interval.denominator, interval.numerator * start.denominator),
        start.denominator * interval.denominator,
    )
    step = interval / tick
    if step > 10**6:  # the start is not a simple multiple: keep it to a millionth of the interval
        begin = Fraction(round(start / interval * 10**6), 10**6)
        step = Fraction(begin.denominator)
        start, tick = begin * interval, interval / step
    return index * int(step) + int(start / tick), TimeBase(tick=tick, unit=unit, step=int(step))


def _grid_of(times: np.ndarray) -> tuple[np.ndarray, Fraction, float] | None:
    """Place of each stamp on an even grid, the grid's interval and the slack; None if there is no such grid."""
    if len(times) < 2:
        return None
    differences = np.diff(times)
    smallest = float(np.median(differences[differences <= 1.5 * differences.min()]))
    index = np.concatenate([[0], np.cumsum(np.rint(differences / smallest))]).astype(np.int64)
    if index[-1] <= 0 or 2 * np.count_nonzero(np.diff(index) == 1) < len(differences):
        return None
    interval = float((times[-1] - times[0]) / index[-1])
    rounding = _rounding(times, interval)
    slack = max(GRID_TOLERANCE * interval, rounding)
    if np.abs(times - times[0] - index * interval).max() > slack:
        return None
    span = float(index[-1]) * interval
    exact = simple_fraction(interval, tolerance=max(1e-12, min(0.01, rounding / span)))
    if abs(float(exact) * index[-1] - span) > slack:
        exact = simple_fraction(interval)
        if abs(float(exact) * index[-1] - span) > slack:  # a hole so long that no fraction reaches its other side
            return None
    return index, exact, slack


def _rounding(times: np.ndarray, interval: float) -> float:
    """Half a unit of the last printed digit, where stamps were rounded well below the interval; else 0."""
    for digits in range(10):
        unit = 10.0**-digits
        if unit <= interval / 10 and np.array_equal(np.round(times, digits), times):
            return 1.01 * unit
    return 0.0
