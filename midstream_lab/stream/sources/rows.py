"""Rows that come one at a time, numbered and put together to blocks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed.schema import Block, Schema

__all__ = ["Arrival", "Rows", "name_of"]

#: A block is handed on at this many rows, or when its texts have about so many bytes.
MOST_ROWS = 4096
MOST_BYTES = 256 * 1024


class Arrival:
    """The wall clock in nanoseconds since 1970, but never back: where it is set back, this one goes on evenly."""

    def __init__(self) -> None:
        self._last = time.time_ns()
        self._read = time.monotonic_ns()

    def now(self) -> int:
        """Nanoseconds since 1970."""
        wall, read = time.time_ns(), time.monotonic_ns()
        self._last = wall if wall >= self._last else self._last + read - self._read
        self._read = read
        return self._last


class Rows:
    """Collects rows and makes blocks of them.

    Parameters
    ----------
    schema : Schema
        Of the rows. On irregular time each row brings its tick, or gets that of its arrival.
    start : int, optional
        Tick of row 0 on a regular time base; default 0.

    Examples
    --------
    >>> from midstream_lab.feed import Channel
    >>> rows = Rows(Schema(channels=(Channel(name="x"),)))
    >>> rows.add([0.5])
    >>> rows.skip(2)
    >>> rows.add([1.0])
    >>> [(block.first, block.gap, block.columns[0].tolist()) for block in rows.take()]
    [(0, 0, [0.5]), (3, 2, [1.0])]
    """

    def __init__(self, schema: Schema, *, start: int = 0) -> None:
        self._schema = schema
        self._start = start
        self._arrival = Arrival()
        self._next = 0
        self._gap = 0
        self._last: int | None = None
        self._ready: list[Block] = []
        self._columns: list[list[Any]] = [[] for _ in schema.channels]
        self._ticks: list[int] = []
        self._texts = [index for index, channel in enumerate(schema.channels) if not channel.numeric]
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether there is enough for a block."""
        return bool(self._ready) or len(self._columns[0]) >= MOST_ROWS or self._bytes >= MOST_BYTES

    def add(self, values: Sequence[Any], tick: int | None = None) -> None:
        """Take the values of a row, in the order of the channels and of their kinds, and its tick if it has one.

        Raises
        ------
        InputError
            If the tick lies before that of the row before.
        """
        if not self._schema.time.regular:
            tick = self._arrival.now() if tick is None else tick
            if self._last is not None and tick < self._last:
                raise InputError("its time lies before that of the row before")
            self._last = tick
            self._ticks.append(tick)
        for column, value in zip(self._columns, values, strict=True):
            column.append(value)
        self._bytes += sum(len(values[index]) for index in self._texts)

    def skip(self, rows: int) -> None:
        """Leave out so many rows: a gap."""
        if rows:
            self._close()
            self._gap += rows
            self._next += rows

    def take(self) -> list[Block]:
        """Blocks of the rows that were collected; they are forgotten here."""
        self._close()
        blocks, self._ready = self._ready, []
        return blocks

    def _close(self) -> None:
        count = len(self._columns[0])
        if not count:
            return
        step = self._schema.time.step
        columns = tuple(
            np.array(column, dtype=channel.dtype)
            for column, channel in zip(self._columns, self._schema.channels, strict=True)
        )
        ticks = None if step else np.array(self._ticks, np.int64)
        start = self._start + self._next * step if ticks is None else int(ticks[0])
        self._ready.append(Block(first=self._next, start=start, columns=columns, ticks=ticks, gap=self._gap))
        self._next += count
        self._gap = 0
        self._columns = [[] for _ in self._schema.channels]
        self._ticks = []
        self._bytes = 0


def name_of(thing: Any, default: str) -> str:
    """The name of a function, where it has one."""
    name = getattr(thing, "__name__", "")
    return name if name and name != "<lambda>" else default
