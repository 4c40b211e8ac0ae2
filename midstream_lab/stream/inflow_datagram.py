"""The client's side of a subscription whose rows travel in datagrams: from frames to the rows of its stream."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace

from ..errors import FrameError
from ..feed.schema import Block, Schema
from .datagrams import RowsFrame
from .incoming import Incoming
from .reorder import Reorder

__all__ = ["DatagramCounts", "DatagramInflow"]

#: Datagrams whose rows wait for a reader; beyond it the oldest are given up and count as lost.
WAITING = 256
#: Seconds that a datagram waits for those that it has overtaken.
WAIT = 0.005


@dataclass(kw_only=True)
class DatagramCounts:
    """Datagrams of a connection that the server sent.

    Parameters
    ----------
    received : int
        Those with rows.
    reordered : int
        Those with rows that had been overtaken by later ones, and were put back in order or were late.
    ignored : int
        Those that are none of the format, or of no subscription's rows; they count as lost.
    """

    received: int = 0
    reordered: int = 0
    ignored: int = 0


class DatagramInflow:
    """Hands the rows of datagrams to the stream of their subscription, which has the schema and the end.

    Datagrams that overtook others wait for them a few milliseconds, also before the stream has begun; the end of the
    stream waits as long. What comes later is handed on, too: the feed counts it as late.

    Parameters
    ----------
    counts : DatagramCounts
        Where they are counted.
    """

    def __init__(self, counts: DatagramCounts) -> None:
        self._counts = counts
        self._newest = -1
        self._loop = asyncio.get_running_loop()
        self._order: Reorder[RowsFrame] = Reorder(clock=self._loop.time, wait=WAIT)
        self._early: deque[RowsFrame] = deque(maxlen=WAITING)
        self.stream: Incoming | None = None
        self._schema: Schema | None = None
        self._next: int | None = None
        self._rest: list[tuple[bytes, bool]] = []  # what came on the stream, and waits for datagrams
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, stream: Incoming, schema: Schema) -> None:
        """The stream has come, and says what the rows hold."""
        self.stream, self._schema = stream, schema
        while self._early:
            self.receive(self._early.popleft())

    def receive(self, frame: RowsFrame) -> None:
        """Take a datagram."""
        if self.stream is None:
            self._early.append(frame)
            return
        self._counts.received += 1
        self._counts.reordered += frame.index < self._newest
        self._newest = max(self._newest, frame.index)
        self._hand_on(self._order.push(frame.index, frame))
        self._set_timer(self._order.deadline)

    def receive_stream(self, data: bytes, ended: bool) -> None:
        """Take bytes that came on the stream after its schema; they go on when datagrams before them had their time."""
        self._rest.append((data, ended))
        self._set_timer(self._loop.time() + WAIT)

    def close(self) -> None:
        """Nothing more will come: what waits goes on at once. May be called again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._hand_on(self._order.flush())
        rest, self._rest = self._rest, []
        if self.stream is not None:
            for data, ended in rest:
                self.stream.receive(data, ended)

    def _set_timer(self, when: float | None) -> None:
        if self._timer is None and when is not None:
            self._timer = self._loop.call_at(when, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        if self._rest:
            self.close()
        else:
            self._hand_on(self._order.overdue())
            self._set_timer(self._order.deadline)

    def _hand_on(self, frames: list[RowsFrame]) -> None:
        if not frames or self.stream is None or self._schema is None:
            return
        rows = self.stream.rows
        for frame in frames:
            try:
                block = frame.block(self._schema)
            except FrameError:
                self._counts.ignored += 1
                continue
            before = frame.begin if self._next is None else self._next
            self._next = max(before, block.stop)
            self.stream.offer(replace(block, gap=max(0, block.first - before)))
        while len(rows) > WAITING:
            gone = rows.popleft().block
            rows[0] = replace(rows[0], block=_after(gone, rows[0].block))
        self.stream.on_change()


def _after(gone: Block, block: Block) -> Block:
    """The block, whose gap now also counts the rows of one before it that is given up."""
    return replace(block, gap=max(block.gap, block.first - gone.first + gone.gap))
