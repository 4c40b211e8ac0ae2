"""The client's side of one subscription: from its streams, one after another, to a feed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import StreamError
from ..feed import Feed
from ..feed.schema import Block
from .frames import moved
from .incoming import Incoming

if TYPE_CHECKING:
    from .loop import LoopThread

__all__ = ["Inflow"]

log = logging.getLogger("midstream_lab")

#: Seconds without a reader after which a feed that holds says what it waits for.
PATIENCE = 2.0


class Inflow:
    """Appends to a feed what its `block` readers have room for, from the present stream of the subscription.

    After a lost connection another stream follows. What came whole on the older one goes first, then the new one
    goes on where it ended, so that every row is appended once.

    Parameters
    ----------
    feed : Feed
        Where the rows go.
    stream : Incoming
        The first stream.
    loop : LoopThread
        Where the connection lives.
    on_end : callable
        Called with this inflow when the feed was closed.

    Attributes
    ----------
    ended : bool
        Whether the feed was closed.
    """

    def __init__(self, feed: Feed, stream: Incoming, loop: LoopThread, *, on_end: Callable[[Inflow], None]) -> None:
        self.feed = feed
        self.stream = stream
        self.ended = False
        self._loop = loop
        self._on_end = on_end
        self._older: Incoming | None = None
        self._begun = stream.next  # where the present stream began
        self._shift = (0, 0)  # added to the server's row numbers and ticks
        self._anew = False  # the next rows are of a new run, whose numbers do not go on from the older ones
        self._lost_before: int | None = None
        self._warned = False
        self._posted = False
        feed.on_consumed(self._on_consumed)
        stream.on_change = self.pump

    @property
    def next(self) -> int | None:
        """Sequence number of the row to go on with, as the server numbers them; None where no row has come."""
        return self.stream.next

    @property
    def waiting(self) -> bool:
        """Whether the subscription has to be made again."""
        return not self.ended and self.stream.lost

    def sever(self) -> None:
        """The connection is gone. Rows of two streams are never kept: those of the newer can be asked for again."""
        if self.stream.lost and self._older is not None and self._older.rows:
            self.stream.rows.clear()
            self.stream.next = self._begun

    def follow(self, stream: Incoming, *, continues: bool) -> None:
        """Go on with another stream, which begins at `next`, or with a new run if it does not continue the older."""
        if self.stream.rows:
            self._older = self.stream
        stream.next = stream.next if stream.next is not None else self.next if continues else None
        self._begun = self.next if continues else None
        self.stream = stream
        self._anew = self._anew or (not continues and self.feed.origin is not None)
        self._lost_before = self.feed.counts.lost
        stream.on_change = self.pump
        self.pump()

    def look(self) -> None:
        """Notice that the feed was closed, also while nothing comes."""
        if self.feed.closed:
            self.close(None)

    def give_up(self, error: BaseException) -> None:
        """Nothing more will come: close the feed once it has taken what came."""
        if not self.stream.finished:
            self.stream.finished, self.stream.error = True, error
        self.pump()

    def close(self, error: BaseException | None) -> None:
        """Close the feed at once; rows that it has not taken are given up. May be called again."""
        if self.ended:
            return
        self.ended = True
        self._older = None
        self.feed.close(error)
        self.stream.close()
        self._on_end(self)

    def pump(self) -> None:
        """Append what there is room for, and grant credit for what was consumed."""
        self._posted = False
        feed = self.feed
        if self.ended:
            return
        try:
            while (room := feed.room()) > 0 and (block := self._take(room)) is not None:
                if not feed.offer(block):
                    self.close(None)
                    return
                self._say_lost()
        except Exception as error:  # rows that the feed refuses, such as times that go back
            self.close(StreamError(f"the server sent rows that do not fit: {error}"))
            return
        if self.stream.finished and not self._pending:
            self.close(self.stream.error)
            return
        self.stream.grant()
        if self._pending and feed.hold and not self._warned:
            self._warned = True
            self._loop.loop.call_later(PATIENCE, self._warn)

    @property
    def _pending(self) -> bool:
        return bool(self.stream.rows or (self._older is not None and self._older.rows))

    def _take(self, room: int) -> Block | None:
        step = self.feed.schema.time.step
        if self._older is not None:
            block = self._older.take(room, step=step)
            if block is not None:
                return moved(block, rows=self._shift[0], ticks=self._shift[1])
            self._older = None
        block = self.stream.take(room, step=step)
        if block is None:
            return None
        if self._anew:
            self._anew = False
            self._shift = self._beyond(block)
        return moved(block, rows=self._shift[0], ticks=self._shift[1])

    def _beyond(self, block: Block) -> tuple[int, int]:
        """What puts the first rows of a new run behind those of the older, after a gap that counts as one row.

        Rows of the new run that were missed before its first ones come on top.
        """
        feed = self.feed
        row = feed.next + 1 + block.gap
        last = feed.ring.tick_at(feed.ring.total - 1)
        ticks = feed.ring.tick_of(row) - block.start if feed.schema.time.regular else max(0, last - block.start)
        feed.note("the source began anew while the connection was lost; the gap is of unknown size, counted as one row")
        self._lost_before = None
        return row - block.first, ticks

    def _say_lost(self) -> None:
        """After the first rows of a new stream: say how many were missed."""
        if self._lost_before is None or self._older is not None:
            return
        missed = self.feed.counts.lost - self._lost_before
        self._lost_before = None
        if missed:
            self.feed.note(
                f"{missed:,} rows that came while the connection was lost are missing: the server does not hold them "
                "any more; serve(window=..., max_bytes=...) says how many it holds"
            )

    def _warn(self) -> None:
        if self._pending and self.feed.hold and not self.ended:
            line = (
                f"the window of feed {self.feed.name!r} is full and nothing reads it: a subscription with "
                "policy='block' waits for a pipe or a sink, so that none of its rows is lost; policy='drop_oldest' "
                "never waits"
            )
            self.feed.note(line)
            log.warning(line)

    def _on_consumed(self, consumed: int) -> None:
        """Called from whichever thread moved `feed.consumed`."""
        if not self._posted and not self._loop.inside:
            self._posted = True
            self._loop.post(self.pump)
