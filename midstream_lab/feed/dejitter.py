"""Irregular time made even: rows put on the line that their times scatter about, with the times as they came beside."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ..errors import InputError
from ..sequence import from_ticks, sequence, ticks, timebase
from ..timebase import TimeBase
from .schema import Block, Channel, Schema

__all__ = ["Dejitter", "dejitter"]

#: Variance of the slope, in those of the jitter, before the second row: anything is possible.
UNKNOWN = 1e30
#: Rows of a run after which its line is trusted to tell a gap from jitter.
SETTLED = 3
#: Least that the rows before may weigh.
LEAST = 1e-9


class Dejitter:
    """An operator that puts each row on the line that is fitted to the times so far.

    The samples of a device are evenly spaced; their stamps are not, for they are taken on the way. The line, time over
    row number, is fitted by recursive least squares with exponential forgetting, as the clock processing of the Lab
    Streaming Layer does (Kothe et al., 2025). So it follows a rate that drifts, uses no row before it has come, and
    gives the same however the rows are cut into blocks. What all stamps have in common, such as a mean delay, stays.

    Rows that are missing by their numbers leave their place on the line free. Where a time is off the line by more than
    `gap` seconds the device has paused or begun anew: a new line begins there, and nothing is smeared over the gap.

    Parameters
    ----------
    halftime : float, optional
        Seconds after which a row weighs half; default 90, as in the Lab Streaming Layer. The scatter that is
        left is about that of the jitter, times 1.7 over the root of the rows in this time.
    gap : float, optional
        Seconds off the line from which on a time does not belong to it; default 1.

    Raises
    ------
    InputError
        If a parameter is not positive or, in `pipe`, time is not irregular and in seconds.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from midstream_lab.feed import Feed
    >>> time = TimeBase(tick=Fraction(1, 1000), unit="s", step=0)
    >>> feed = Feed(Schema(channels=(Channel(name="x"),), time=time))
    >>> even = feed.pipe(Dejitter())
    >>> feed.append_rows([[1.0, 2.0, 3.0, 4.0]], ticks=[0, 11, 19, 30])
    >>> feed.close()
    >>> _ = even.wait(timeout=10)
    >>> even.rows().raw_time.values
    array([ 0, 11, 19, 30])
    """

    name = "dejitter"

    def __init__(self, *, halftime: float = 90.0, gap: float = 1.0) -> None:
        self._halftime, self._gap = _seconds("halftime", halftime), _seconds("gap", gap)
        self._line: _Line | None = None

    def schema_out(self, schema: Schema) -> Schema:
        """The same, with the channel ``raw_time``: the ticks as they came."""
        self._line = _Line(checked(schema.time), halftime=self._halftime, gap=self._gap)
        attrs = schema.attrs | {"time_method": "recursive least squares", "time_halftime": self._halftime}
        raw = Channel(name="raw_time", unit="tick", kind="int")
        return replace(schema, channels=(*schema.channels, raw), attrs=attrs)

    def update(self, block: Block) -> Block:
        """The rows at their places on the line."""
        assert self._line is not None
        assert block.ticks is not None
        even = self._line.place(np.arange(block.first, block.stop, block.stride), block.ticks)
        return replace(block, start=int(even[0]), ticks=even, columns=(*block.columns, block.ticks))

    def finish(self) -> None:
        """Nothing is kept back."""

    def report(self) -> list[str]:
        """How many gaps there were."""
        gaps = 0 if self._line is None else self._line.gaps
        return [f"gaps in time: {gaps:,}; a new line was begun after each"] if gaps else []


def dejitter(x: Any, *, halftime: float = 90.0, gap: float = 1.0) -> xr.DataArray:
    """The same for a recorded sequence: bit for bit what `Dejitter` gives for its rows.

    Parameters
    ----------
    x : sequence
        With irregular time in seconds.
    halftime, gap : float, optional
        See `Dejitter`.

    Returns
    -------
    DataArray, dims as those of `x`
        The values of `x` at even times; the coordinate ``raw_time`` holds the ticks as they came, and
        ``attrs["time_gaps"]`` counts the gaps.

    Raises
    ------
    InputError
        If time is not irregular and in seconds, or a parameter is not positive.

    Examples
    --------
    >>> import pandas as pd
    >>> at = pd.to_datetime([0, 1_400, 1_900, 3_100], unit="ms")
    >>> even = dejitter(pd.Series([1.0, 2.0, 3.0, 4.0], index=at))
    >>> even.raw_time.size, even.attrs["time_gaps"]
    (4, 0)
    """
    given = sequence(x, nan="keep")
    base = timebase(given)
    line = _Line(checked(base), halftime=_seconds("halftime", halftime), gap=_seconds("gap", gap))
    raw = ticks(given)
    even = line.place(np.arange(len(raw)), raw)
    found = given.assign_coords(time=from_ticks(np.zeros(len(even)), even, base, channels=None).time)
    found = found.assign_coords(raw_time=("time", raw))
    return found.assign_attrs(time_method="recursive least squares", time_halftime=halftime, time_gaps=line.gaps)


def checked(base: TimeBase) -> TimeBase:
    """`base`, if rows have times of their own, in seconds."""
    if base.regular or base.unit != "s":
        kind = f"regular, every {base.step} x {base.tick} {base.unit}" if base.regular else f"in {base.unit!r}"
        raise InputError(f"dejittering is for irregular time in seconds; this is {kind}")
    return base


def _seconds(name: str, value: float) -> float:
    if not isinstance(value, (int, float)) or not 0 < value < float("inf"):
        raise InputError(f"{name} must be a positive number of seconds, not {value!r}")
    return value


class _Line:
    """The fit: where the newest row is expected (in ticks), the ticks between rows, and their covariance."""

    def __init__(self, base: TimeBase, *, halftime: float, gap: float) -> None:
        self.gaps = 0
        self._forget = -math.log(2) * float(base.tick) / halftime  # for each tick
        self._gap = gap / float(base.tick)
        self._rows = 0
        self._row = 0
        self._whole = 0  # the place of the newest row, in whole ticks: float64 does not hold the ns since 1970
        self._part = self._slope = 0.0
        # variance of the place, covariance of both, variance of the slope, determinant: in variances of the jitter
        self._level = self._cross = self._spread = self._det = 0.0
        self._last: int | None = None

    def place(self, rows: NDArray[np.int64], times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places of rows (n,) that came with these ticks (n,)."""
        found = np.empty(len(times), np.int64)
        for i, (row, tick) in enumerate(zip(rows.tolist(), times.tolist(), strict=True)):
            found[i] = self._next(row, tick)
        return found

    def _next(self, row: int, tick: int) -> int:
        ahead = row - self._row
        moved = self._part + self._slope * ahead
        off = tick - self._whole - moved
        if not self._rows or (self._rows >= SETTLED and abs(off) > self._gap):
            self.gaps += self._rows > 0
            self._whole, self._part, self._slope, self._rows = tick, 0.0, 0.0, 0
            self._level, self._cross, self._spread, self._det = 1.0, 0.0, UNKNOWN, UNKNOWN
        else:
            keep = min(1.0, max(LEAST, math.exp(min(0.0, self._forget * self._slope * ahead))))
            level = (self._level + 2 * ahead * self._cross + ahead * ahead * self._spread) / keep
            cross = (self._cross + ahead * self._spread) / keep
            spread = self._spread / keep
            # with the determinant nothing is subtracted that is almost as large as what it is subtracted from
            self._det /= keep * keep * (1 + level)
            self._level, self._cross = gain, turn = level / (1 + level), cross / (1 + level)
            self._spread = spread / (1 + level) + self._det
            self._slope += turn * off
            moved += gain * off
            whole = round(moved)
            self._whole, self._part = self._whole + whole, moved - whole
        self._rows, self._row = self._rows + 1, row
        place = self._whole if self._last is None else max(self._last, self._whole)
        self._last = place
        return place
