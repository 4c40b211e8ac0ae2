"""A recording as a stream source: at its own rate, faster or slower, with pause and resume."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed import SequenceSource
from ...feed.schema import Block
from ..frames import moved
from .pacing import SLOT, Paced, Pacer, Speed

__all__ = ["Replay"]


class Replay(Paced):
    """Replays a sequence: a dataset, a file (``Replay(read("flow.csv"))``), a sound at its sampling rate.

    Parameters
    ----------
    x : DataArray, Dataset or array_like
        What `midstream_lab.sequence` takes, and what `midstream_lab.read` returns. Missing rows stay missing: they are
        gaps of the stream.
    speed : float or "max", optional
        Multiple of the sequence's own rate; default 1. ``"max"`` sends as fast as the readers take it.
    loop : bool, optional
        Start again at the end, with rows and time counted on; default False.
    chunk : int, optional
        Most rows in a block; default 4,096.
    rate : float, optional
        Rows per second at speed 1, where time has no seconds: months, years, business days, a bare index.
    name : str, optional
        Default the name of the sequence.

    Raises
    ------
    InputError
        If the sequence has no seconds and neither `rate` nor ``speed="max"`` is given.

    Examples
    --------
    >>> import threading
    >>> replay = Replay([0.0, 0.5, 1.0], dt="1/360", speed="max")
    >>> [block.columns[0].tolist() for block in replay.blocks(threading.Event())]
    [[0.0, 0.5, 1.0]]
    """

    def __init__(
        self,
        x: Any,
        *,
        speed: Speed = 1.0,
        loop: bool = False,
        chunk: int | None = None,
        rate: float | None = None,
        name: str | None = None,
        dt: Any = None,
    ) -> None:
        self._pacer = Pacer(speed)
        options = {} if chunk is None else {"chunk": chunk}
        self._source = SequenceSource(x, dt=dt, **options)
        self.schema = self._source.schema
        own = getattr(x, "name", None)
        self.name = name or (own if isinstance(own, str) else None) or "sequence"
        self.loop = loop
        self._first = 0
        self._seconds = self._scale(rate)
        self._blocks = list(self._source.blocks(threading.Event()))
        # what a round of a loop adds to rows and ticks
        last, step = self._blocks[-1], self.schema.time.step
        self._round_rows = last.stop
        self._round_ticks = self._round_rows * step if step else _irregular_span(self._blocks)

    def __len__(self) -> int:
        return self._round_rows

    def seek(self, row: int) -> None:
        """Let the next run begin at `row` instead of at 0."""
        if row < 0:
            raise InputError(f"a row is 0 or more, not {row}")
        self._first = row

    def blocks(self, stop: Any) -> Iterator[Block]:
        """Yield the rows when they are due, until they end or `stop` is set."""
        first, self._first = self._first, 0
        rounds = first // self._round_rows if self.loop else 0
        begun = False
        while not stop.is_set() and (rounds == 0 or self.loop):
            for block in self._blocks:
                block = moved(block, rows=rounds * self._round_rows, ticks=rounds * self._round_ticks)
                if block.stop <= first:
                    continue
                if block.first < first:
                    block = block.cut(first - block.first, len(block), step=self.schema.time.step)
                if not begun:
                    begun = True
                    self._pacer.restart(self._time_of(block, 0))
                yield from self._when_due(block, stop)
                if stop.is_set():
                    return
            rounds += 1

    def _when_due(self, block: Block, stop: threading.Event) -> Iterator[Block]:
        at, rows = 0, len(block)
        while at < rows and self._pacer.wait(self._time_of(block, at), stop):
            due = self._due(block, at)
            yield block.cut(at, due, step=self.schema.time.step)
            at = due

    def _due(self, block: Block, at: int) -> int:
        """Rows of the block whose time has come, at least one beyond `at`, or comes within the slot."""
        speed = self._pacer.speed
        if speed == "max":
            return len(block)
        now = self._pacer.position() + SLOT * speed
        if block.ticks is not None:
            due = int(np.searchsorted(block.ticks, now / self._seconds, side="right"))
        else:
            ahead = (now - self._time_of(block, 0)) / (self.schema.time.step * self._seconds)
            due = math.floor(min(ahead, len(block))) + 1
        return min(max(due, at + 1), len(block))

    def _time_of(self, block: Block, row: int) -> float:
        """Source time of a row of the block, in seconds at speed 1."""
        tick = block.start + row * self.schema.time.step if block.ticks is None else int(block.ticks[row])
        return tick * self._seconds

    def _scale(self, rate: float | None) -> float:
        """Seconds of one tick at speed 1."""
        time = self.schema.time
        if rate is not None:
            if not 0 < rate < float("inf"):
                raise InputError(f"rate must be a positive number of rows per second, not {rate!r}")
            if not time.regular:
                raise InputError("an irregular sequence has no rate; choose speed=")
            return 1.0 / (rate * time.step)
        if time.calendar or time.unit == "tick":
            if self.speed != "max":
                raise InputError(
                    f"the time of this sequence counts in {time.unit}s, which do not say how fast to replay it; "
                    f"give rate=... in rows per second, or speed='max'"
                )
            return 1.0
        return float(time.tick)


def _irregular_span(blocks: list[Block]) -> int:
    """Ticks of a round: from the first row to the last, and a mean interval more."""
    ticks = np.concatenate([block.ticks for block in blocks if block.ticks is not None])
    span = int(ticks[-1] - ticks[0])
    return span + max(1, span // max(1, len(ticks) - 1))
