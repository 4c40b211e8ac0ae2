"""Which column of a table is its time, in which unit, and what a header says of units."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..errors import InputError
from ..timebase import SECONDS, TimeBase
from ..times import recognise
from .dates import parse_clock, parse_dates

__all__ = ["Moments", "choose", "find_time", "moments", "split_unit"]

CALENDAR = {"month": "month", "months": "month", "year": "year", "years": "year", "yr": "year"}

#: Names that say "this is the time"; those further down the list yield to those before.
CORE = ("datetime", "timestamp", "date", "time", "t", "epoch", "unix", "unixtime", "posix", "utc", "elapsed")

#: Names of a column of row numbers.
COUNTERS = (
    "",
    "index",
    "__index_level_0__",
    "n",
    "i",
    "k",
    "row",
    "sample",
    "samples",
    "frame",
    "step",
    "iteration",
    "tick",
)

#: Seconds since 1970 from 1985 to 2100: numbers in this range under a name of time are epoch times.
EPOCH_RANGE = (5 * 10**8, 41 * 10**8)

#: Units that headers end in without brackets (``flow_l_s``, ``depth_km``); only those that mean one thing.
ENDINGS = {
    unit.replace("/", "_"): unit
    for units in ("ppm ppb uV mV kV mA Hz kHz MHz dB bpm rpm", "mm cm km kg hPa kPa degC degF", "l/s m/s km/h m3/s")
    for unit in units.split()
}

BRACKETS = re.compile(r"(.*?)\s*[(\[]\s*([^()\[\]]*?)\s*[)\]]\s*")


@dataclass(frozen=True)
class Moments:
    """Time stamps before they become ticks: dates, or numbers in `unit`."""

    values: np.ndarray
    unit: str = "s"

    def ticks(self) -> tuple[np.ndarray, TimeBase]:
        """Whole ticks and the time base."""
        return recognise(self.values, unit=self.unit)


def split_unit(header: str) -> tuple[str, str]:
    """Name and unit of a header.

    Examples
    --------
    >>> split_unit("temp (degC)"), split_unit("flow [m3/s]"), split_unit("mag")
    (('temp', 'degC'), ('flow', 'm3/s'), ('mag', ''))
    >>> split_unit("flow_l_s"), split_unit("distance_m")
    (('flow_l_s', 'l/s'), ('distance_m', ''))
    """
    found = BRACKETS.fullmatch(header)
    if found and found[1]:
        return found[1], found[2]
    name = header.strip()
    words = name.split("_")
    endings = ("_".join(words[-count:]) for count in (2, 1) if len(words) > count)
    return name, next((ENDINGS[ending] for ending in endings if ending in ENDINGS), "")


def choose(name: str, names: Iterable[str], *, what: str = "column") -> str:
    """`name` if it is one of `names`; else an error that lists them and says which is close."""
    known = [str(n) for n in names]
    if name in known:
        return name
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    hint = f" did you mean {close[0]!r}?" if close else ""
    raise InputError(f"no {what} named {name!r};{hint} there are {', '.join(map(repr, known))}")


def find_time(columns: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Names of the column, or of the columns together, that hold the time; empty if none does."""
    plain = {name.lower(): name for name in columns}

    def of(name: str) -> np.ndarray | None:
        return columns[plain[name]] if name in plain else None

    if _whole(of("year")) and _whole(of("month")):
        return tuple(plain[part] for part in ("year", "month", "day") if _whole(of(part)))
    if _is_text(of("date")) and _is_text(of("time")):
        return plain["date"], plain["time"]
    strong = sorted((CORE.index(_words(n)[0]), n) for n in columns if _is_strong(n))
    weak = [n for n in columns if _is_weak(n)]
    order = [
        *(n for _, n in strong if _usable(columns[n])),
        *(n for n in columns if columns[n].dtype.kind == "M"),
        *(n for n in weak if _is_text(columns[n]) and _usable(columns[n])),
        *(n for n in columns if _is_text(columns[n]) and _usable(columns[n])),
        *(n for n in weak if not _is_text(columns[n]) and _increases(columns[n])),
        *(n for n in list(columns)[:1] if n.lower() in COUNTERS and _whole(columns[n]) and _increases(columns[n])),
    ]
    return (order[0],) if order else ()


def moments(
    columns: Mapping[str, np.ndarray],
    names: tuple[str, ...],
    *,
    header_unit: str = "",
    unit: str | None = None,
    dayfirst: bool | None = None,
) -> Moments:
    """The time stamps that the columns `names` hold.

    Raises
    ------
    InputError
        If they are not dates, clock times or numbers, or `unit` is not a unit of time.
    """
    spelled = len(names) > 1 or columns[names[0]].dtype.kind in "MO"
    if unit is not None and spelled:
        raise InputError(
            f"unit={unit!r} is for a time in numbers, but {' and '.join(names)} spells it out; leave unit out"
        )
    if len(names) > 1:
        return Moments(_together([columns[name] for name in names], dayfirst))
    (name,) = names
    values = columns[name]
    if values.dtype.kind == "M":
        return Moments(values)
    if _is_text(values):
        dates = parse_dates(values, name=name, dayfirst=dayfirst)
        if dates is not None:
            return Moments(dates)
        seconds = parse_clock(values)
        if seconds is None:
            raise InputError(
                f"the time column {name!r} holds {values[0]!r}, which is neither a date, a clock time nor a number; "
                "name another with time=..."
            )
        # A clock that goes back by more than half a day has passed midnight.
        midnights = np.concatenate([[0], np.cumsum(np.diff(seconds) < -43200)])
        return Moments(seconds + 86400 * midnights)
    return _numbers(values, name, unit or header_unit or _unit_in(name), given=unit is not None)


def _numbers(values: np.ndarray, name: str, unit: str, *, given: bool) -> Moments:
    words = _words(name)
    finite = values[np.isfinite(values)]
    if CALENDAR.get(unit.lower()) == "year" and _whole(finite) and finite.min() >= 1678 and finite.max() <= 2261:
        return Moments(_of_parts(values, 1, 1))
    if not given and {"date", "day", "month", "datetime"} & set(words) and _whole(finite):
        compact = _compact(values, finite)
        if compact is not None:
            return Moments(compact)
    sizes = [SECONDS[unit.lower()]] if unit.lower() in SECONDS else []
    if not unit and set(words) & {"timestamp", "epoch", "unix", "unixtime", "posix", "time", "datetime", "utc"}:
        sizes = [Fraction(1, 10**power) for power in (0, 3, 6, 9)]
    for size in sizes:
        if (
            len(finite)
            and EPOCH_RANGE[0] <= finite.min() * float(size)
            and finite.max() * float(size) <= EPOCH_RANGE[1]
        ):
            return Moments(_since_1970(values, size))
    if unit.lower() in SECONDS:
        return Moments(values, unit=unit)
    if words[0] in COUNTERS and not unit:
        return Moments(values, unit="tick")
    return Moments(values, unit=CALENDAR.get(unit.lower(), unit) or "s")


def _since_1970(values: np.ndarray, size: Fraction) -> np.ndarray:
    """Dates of epoch times; fractions are kept to the microsecond, which is what a float64 holds."""
    if _whole(values):
        counts = values.astype(np.int64) * int(size * 10**9)
    else:
        counts = np.rint(np.where(np.isfinite(values), values, 0) * float(size * 10**6)).astype(np.int64) * 1000
    return np.where(np.isfinite(values), counts.astype("datetime64[ns]"), np.datetime64("NaT"))


def _compact(values: np.ndarray, finite: np.ndarray) -> np.ndarray | None:
    """Dates of numbers such as 20200131 and 202001; None if they are not."""
    for low, high, divisor in ((16780101, 22611231, 10000), (167801, 226112, 100)):
        if len(finite) and finite.min() >= low and finite.max() <= high and np.isfinite(values).all():
            whole = values.astype(np.int64)
            rest = whole % divisor
            month, day = (rest // 100, rest % 100) if divisor == 10000 else (rest, np.ones_like(rest))
            if month.min() >= 1 and month.max() <= 12 and day.min() >= 1 and day.max() <= 31:
                return _of_parts(whole // divisor, month, day)
    return None


def _together(parts: list[np.ndarray], dayfirst: bool | None) -> np.ndarray:
    """Dates of the columns year, month and perhaps day, or date and time."""
    if not _is_text(parts[0]):
        year, month, day = (*parts, np.ones(len(parts[0])))[:3]
        if month.min() < 1 or month.max() > 12 or day.min() < 1 or day.max() > 31:
            raise InputError("the columns year, month and day do not hold dates; name the time with time=...")
        return _of_parts(year, month, day)
    joined = np.array([f"{d} {t}".strip() for d, t in zip(*parts, strict=True)], dtype=object)
    dates = parse_dates(joined, name="date and time", dayfirst=dayfirst)
    if dates is None:
        raise InputError(f"the columns date and time hold {joined[0]!r}, which is no date; name one with time=...")
    return dates


def _of_parts(year: np.ndarray, month: np.ndarray | int, day: np.ndarray | int) -> np.ndarray:
    present = np.isfinite(year)
    months = (np.where(present, year, 1970).astype(np.int64) - 1970) * 12 + np.asarray(month).astype(np.int64) - 1
    days = months.astype("datetime64[M]").astype("datetime64[D]") + (np.asarray(day).astype(np.int64) - 1)
    return np.where(present, days.astype("datetime64[ns]"), np.datetime64("NaT"))


def _words(name: str) -> list[str]:
    return re.split(r"[\s_\-/.]+", split_unit(name)[0].lower())


def _unit_in(name: str) -> str:
    """Unit that the name of a time column ends in, such as ``t_ms`` and ``year``."""
    last = _words(name)[-1]
    if last in SECONDS or last in CALENDAR:
        # A column called "t" or "d" alone is not a count of days.
        return "" if last == "d" and len(_words(name)) == 1 else last
    return ""


def _is_strong(name: str) -> bool:
    """``T`` is a temperature more often than a time, so it is none of these."""
    words = _words(name)
    return words[0] in CORE and name != "T" and all(w in CORE or w in SECONDS or w == "stamp" for w in words[1:])


def _is_weak(name: str) -> bool:
    words = _words(name)
    return words[-1] in CORE[:4] or all(w in SECONDS or w in CALENDAR for w in words)


def _is_text(values: np.ndarray | None) -> bool:
    return values is not None and values.dtype.kind == "O"


def _whole(values: np.ndarray | None) -> bool:
    return (
        values is not None
        and values.dtype.kind in "fiu"
        and len(values) > 0
        and bool(np.isfinite(values).all() and (values == np.rint(values)).all())
    )


def _increases(values: np.ndarray) -> bool:
    return values.dtype.kind in "fiu" and len(values) > 1 and bool((np.diff(values) > 0).all())


def _usable(values: np.ndarray) -> bool:
    """Whether a column can be time at all: numbers, dates, or text that starts with dates or clock times."""
    if not _is_text(values):
        return values.dtype.kind in "fiuM"
    if parse_clock(values[:50]) is not None:
        return True
    try:
        return parse_dates(values[:50], name="") is not None
    except InputError:
        return True  # mostly dates: whoever reads the column reports the one that is not
