"""From text to moments: the spellings of dates and clock times that files use."""

from __future__ import annotations

import re
from datetime import datetime
from itertools import islice, product

import numpy as np
import pandas as pd

from ..errors import InputError
from ..times import recognise

__all__ = ["parse_clock", "parse_dates"]

CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")

#: Spellings that mean one date only, tried in this order.
PLAIN = (
    "ISO8601",
    *("%Y-%b", "%Y %b", "%b %Y", "%b-%Y", "%Y %B", "%B %Y", "%Y/%m", "%m/%Y", "%Y.%m", "%YM%m"),
    *(
        day + clock
        for day, clock in product(
            ("%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d-%b-%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"), CLOCKS
        )
    ),
)

#: Spellings that put the month first in one country and the day first in another.
MONTH_FIRST = tuple(day + clock for day, clock in product(("%m/%d/%Y", "%m-%d-%Y", "%m/%d/%y"), CLOCKS))

OFFSET = re.compile(r":\d.*(Z|[+-]\d{2}(:?\d{2})?)$")

CLOCK = re.compile(r"\d{1,3}:\d{2}(:\d{2}([.,]\d+)?)?")

SAMPLE = 50


def parse_dates(texts: np.ndarray, *, name: str, dayfirst: bool | None = None) -> np.ndarray | None:
    """Moments in UTC that the texts of a column spell, or None if they are not dates.

    Parameters
    ----------
    texts : ndarray of str objects, shape (n,)
        Empty text is a missing moment (NaT). Offsets such as ``+02:00`` are taken off.
    name : str
        Name of the column, for messages.
    dayfirst : bool, optional
        How to read ``03/04/2020``. Default: the way that fits all rows; where both do, the one whose rows
        follow each other evenly.

    Returns
    -------
    ndarray of datetime64[ns], shape (n,), or None

    Raises
    ------
    InputError
        If most texts are dates and one is not, if some have an offset from UTC and others none, if both readings
        of ``03/04/2020`` fit, or a date lies outside the years 1678 to 2261.
    """
    texts = np.array([str(text).strip() for text in texts], dtype=object)
    filled = texts != ""
    sample = np.array(list(islice(texts[filled], SAMPLE)), dtype=object)
    if not len(sample) or not any(any(c.isdigit() for c in text) for text in sample):
        return None
    best = _best(sample, dayfirst)
    if best is None:
        return None
    moments = _parsed(texts, best) if isinstance(best, str) else _either(texts, best, name)
    bad = filled & np.isnat(moments)
    if 2 * bad.sum() > filled.sum():
        return None
    if best == "ISO8601":
        _check_offsets(texts[filled], name)
    if bad.any():
        row = int(np.argmax(bad))
        raise InputError(
            f"row {row} of the time column {name!r} is {texts[row]!r}, which is not a date like the others"
        )
    return _nanoseconds(moments, name)


def parse_clock(texts: np.ndarray) -> np.ndarray | None:
    """Seconds since midnight (or since a start) of texts such as ``13:05:00.25``; None if they are not that."""
    stripped = [str(text).strip() for text in texts]
    if not stripped or not all(CLOCK.fullmatch(text) for text in stripped):
        return None
    full = [(text if text.count(":") == 2 else text + ":00").replace(",", ".") for text in stripped]
    return pd.to_timedelta(pd.Series(full)).to_numpy().astype("timedelta64[ns]").astype(np.int64) / 1e9


def _best(sample: np.ndarray, dayfirst: bool | None) -> str | tuple[str, str] | None:
    """The spelling of most of the sample; a pair where day and month could stand either way."""
    scores: dict[str | tuple[str, str], int] = {}
    for spelling in (*PLAIN, "quarter", "week", *MONTH_FIRST):
        if not any(_may_be(text, spelling) for text in sample[:3]):
            continue
        pair = (spelling, _day_first(spelling))
        readings = pair if spelling in MONTH_FIRST else (spelling,)
        hits = max(int((~np.isnat(_parsed(sample, reading))).sum()) for reading in readings)
        key: str | tuple[str, str] = spelling
        if spelling in MONTH_FIRST:
            key = pair if dayfirst is None else pair[int(dayfirst)]
        if hits == len(sample):
            return key
        scores[key] = hits
    best = max(scores, key=lambda key: scores[key], default=None)
    return best if best is not None and 2 * scores[best] > len(sample) else None


def _check_offsets(texts: np.ndarray, name: str) -> None:
    """Local time among UTC would be hours off without anybody noticing."""
    offset = [OFFSET.search(text) is not None for text in texts]
    if any(offset) and not all(offset):
        raise InputError(
            f"the time column {name!r} has moments with an offset from UTC ({texts[offset.index(True)]!r}) and without "
            f"({texts[offset.index(False)]!r}); give all of them one"
        )


def _may_be(text: str, spelling: str) -> bool:
    """A quick look before pandas is asked, which takes long to say no."""
    if "%" not in spelling:
        return True
    for reading in (spelling, _day_first(spelling)) if spelling in MONTH_FIRST else (spelling,):
        try:
            datetime.strptime(text, reading)
        except ValueError:
            continue
        return True
    return False


def _day_first(spelling: str) -> str:
    return spelling.replace("%m", "@").replace("%d", "%m").replace("@", "%d")


def _parsed(texts: np.ndarray, spelling: str) -> np.ndarray:
    """Moments of the texts in one spelling, NaT where a text is not in it."""
    if spelling == "quarter":
        shape = re.compile(r"(\d{4})[- ]?[Qq]([1-4])")
        found = [shape.fullmatch(text) for text in texts]
        return np.array([f"{m[1]}-{3 * int(m[2]) - 2:02}" if m else "NaT" for m in found], dtype="datetime64[us]")
    if spelling == "week":
        texts, spelling = np.array([f"{text}-1" for text in texts], dtype=object), "%G-W%V-%u"
    parsed = pd.to_datetime(pd.Series(texts, dtype=object), format=spelling, errors="coerce", utc=True)
    return parsed.dt.tz_localize(None).to_numpy()


def _either(texts: np.ndarray, pair: tuple[str, str], name: str) -> np.ndarray:
    """The reading of ``03/04/2020`` that fits the rows."""
    readings = [_parsed(texts, spelling) for spelling in pair]
    filled = texts != ""
    failures = [int((filled & np.isnat(moments)).sum()) for moments in readings]
    if failures[0] != failures[1]:
        return readings[int(failures[1] < failures[0])]
    even = [_is_even(moments) for moments in readings]
    if (readings[0] != readings[1]).any() and even[0] == even[1]:
        raise InputError(
            f"the dates of column {name!r}, such as {texts[np.argmax(filled)]!r}, could have the day or the month "
            "first; say dayfirst=True or dayfirst=False"
        )
    return readings[int(even[1])]


def _is_even(moments: np.ndarray) -> bool:
    try:
        return recognise(moments)[1].regular
    except InputError:
        return False


def _nanoseconds(moments: np.ndarray, name: str) -> np.ndarray:
    years = moments.astype("datetime64[Y]").astype(np.int64) + 1970
    outside = ~np.isnat(moments) & ((years < 1678) | (years > 2261))
    if outside.any():
        raise InputError(
            f"column {name!r} has the date {moments[np.argmax(outside)]}; dates from 1678 to 2261 can be kept to "
            "the nanosecond, earlier or later ones as numbers in a column of years"
        )
    return moments.astype("datetime64[ns]")
