"""Time as integers: how the ticks of a sequence become seconds, months or iterations.

A sequence and a live feed count time in whole ticks (int64), so that nothing drifts and two
clocks compare exactly. `TimeBase` says what one tick is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from .errors import InputError

__all__ = ["CALENDAR_UNITS", "SECONDS", "TimeBase", "simple_fraction"]

#: Units whose length in seconds varies; a sequence sampled once a month is regular in months.
CALENDAR_UNITS = ("month", "year", "business day")

#: Seconds in each unit of time of fixed length, by every name in use.
SECONDS = {
    name: size
    for names, size in (
        ("s sec secs second seconds", Fraction(1)),
        ("ms msec millis millisecond milliseconds", Fraction(1, 10**3)),
        ("us µs μs usec micros microsecond microseconds", Fraction(1, 10**6)),
        ("ns nsec nanos nanosecond nanoseconds", Fraction(1, 10**9)),
        ("min mins minute minutes", Fraction(60)),
        ("h hr hrs hour hours", Fraction(3600)),
        ("d day days", Fraction(86400)),
        ("week weeks wk", Fraction(7 * 86400)),
    )
    for name in names.split()
}

#: Numerators and denominators of an interval beyond this no longer become float64.
LARGEST = 10**100


@dataclass(frozen=True, kw_only=True)
class TimeBase:
    """What one tick is, and how many ticks lie between two rows.

    Parameters
    ----------
    tick : Fraction, optional
        Exact length of one tick in `unit`; default 1.
    unit : str, optional
        ``"s"`` for physical time (hours and days are whole numbers of seconds), a calendar unit
        (``"month"``, ``"year"``, ``"business day"``), ``"tick"`` for a bare index (the default)
        or any other unit of a model's own time.
    step : int, optional
        Ticks between two consecutive rows; default 1. 0 means irregular: each row carries its own tick.
    epoch : str, optional
        What tick 0 means, as ISO 8601 (UTC where it has a time of day); None if unknown.

    Examples
    --------
    >>> TimeBase.from_dt("1/360", unit="s").dt
    Fraction(1, 360)
    """

    tick: Fraction = Fraction(1)
    unit: str = "tick"
    step: int = 1
    epoch: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.tick, Fraction) or self.tick <= 0:
            raise InputError(f"tick must be a positive Fraction, not {self.tick!r}")
        if not isinstance(self.step, int) or self.step < 0:
            raise InputError(f"step must be a whole number of ticks, 0 for irregular time, not {self.step!r}")

    @classmethod
    def from_dt(
        cls, dt: float | int | str | Fraction | timedelta | np.timedelta64, *, unit: str = "s", epoch: str | None = None
    ) -> TimeBase:
        """The time base whose rows are `dt` apart; a float is taken as the nearest simple fraction.

        Units of fixed length become seconds: 2 ms are 1/500 s.

        Examples
        --------
        >>> TimeBase.from_dt(2, unit="ms").dt
        Fraction(1, 500)
        """
        if not isinstance(unit, str):
            raise InputError(f"unit is the name of a unit, for example 's' or 'month'; it is not {unit!r}")
        exact = _exact(dt, unit)
        if unit.lower() in SECONDS:
            return cls(tick=exact * SECONDS[unit.lower()], unit="s", epoch=epoch)
        if unit in CALENDAR_UNITS and exact.denominator != 1:
            raise InputError(f"dt={dt!r} must be a whole number of the unit {unit!r}")
        return cls(tick=exact, unit=unit, epoch=epoch)

    @property
    def regular(self) -> bool:
        """Whether rows are evenly spaced, in seconds or in a calendar unit."""
        return self.step > 0

    @property
    def calendar(self) -> bool:
        """Whether the unit is one whose length in seconds varies."""
        return self.unit in CALENDAR_UNITS

    @property
    def dt(self) -> Fraction:
        """Exact sampling interval in `unit`. Irregular time has none."""
        if not self.regular:
            raise InputError("irregular time has no sampling interval; resample the sequence first")
        return self.tick * self.step


def _exact(dt: Any, unit: str) -> Fraction:
    """`dt` in `unit` as a fraction."""
    wrong = f"dt must be a positive number or a fraction such as '1/360', not {dt!r}"
    if isinstance(dt, np.ndarray) and dt.ndim == 0:
        dt = dt[()]
    if isinstance(dt, timedelta | np.timedelta64) and unit != "s":
        raise InputError(f"dt={dt!r} is a time in seconds and does not fit the unit {unit!r}; give a number of those")
    try:
        if isinstance(dt, bool | np.bool_):
            raise TypeError("a truth is no interval")
        if isinstance(dt, np.timedelta64):
            if np.datetime_data(dt.dtype)[0] in ("Y", "M", "generic"):  # numpy would take a month for 30.4 days
                raise TypeError("not a duration of fixed length")
            exact = Fraction(int(dt.astype("timedelta64[ns]").astype(np.int64)), 10**9)
        elif isinstance(dt, timedelta):
            exact = Fraction(dt // timedelta(microseconds=1), 10**6)
            exact += Fraction(getattr(dt, "nanoseconds", 0), 10**9)  # pandas counts those, too
        elif isinstance(dt, np.floating | np.integer):
            exact = Fraction(dt.item())
        else:
            exact = Fraction(dt)
    except (ValueError, TypeError, OverflowError, ZeroDivisionError) as error:
        raise InputError(wrong) from error
    if exact <= 0:
        raise InputError(wrong)
    if max(exact.numerator, exact.denominator) > LARGEST:
        raise InputError(f"dt={str(dt)[:40]} is too large, too small or too long a fraction; choose another unit")
    if isinstance(dt, np.floating) and dt.dtype.itemsize < 8:
        return simple_fraction(float(dt), tolerance=float(np.finfo(dt.dtype).eps))
    return simple_fraction(float(dt)) if isinstance(dt, float) else exact


def simple_fraction(value: float, *, tolerance: float = 1e-12) -> Fraction:
    """The simplest fraction, by powers of ten of its largest denominator, within a relative `tolerance` of `value`.

    Examples
    --------
    >>> simple_fraction(1 / 360)
    Fraction(1, 360)
    """
    if not 0 < value < float("inf"):
        raise InputError(f"dt must be positive and finite, not {value!r}")
    exact = Fraction(value)
    denominator = 1
    while denominator <= 10**12:
        simple = exact.limit_denominator(denominator)
        if simple > 0 and abs(simple - exact) <= exact * Fraction(tolerance):
            return simple
        denominator *= 10
    return exact
