"""The client's side of one subscription: from one QUIC stream to a feed."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import FrameError, StreamError
from ..feed import Feed
from ..feed.schema import Block
from ._aioquic import WINDOW, Endpoint
from .frames import Decoder, Header, Rows, moved

if TYPE_CHECKING:
    from .loop import LoopThread

__all__ = ["Inflow"]

log = logging.getLogger("midstream_lab")

#: Seconds for the reason of an end that came without its mark.
REASON = 2.0
#: Seconds without a reader after which a feed that holds says what it waits for.
PATIENCE = 2.0


class Inflow:
    """Decodes a stream and appends to a feed what its `block` readers have room for.

    Credit follows consumption: the sender may be `WINDOW` bytes ahead of the rows in the feed, and rows enter the
    feed only as its `block` readers make room. So what is in memory here is bounded by the feed's window and `WINDOW`.

    Parameters
    ----------
    endpoint : Endpoint
        The connection.
    stream_id : int
        The stream.
    loop : LoopThread
        Where the connection lives.
    on_header : callable
        Called with this inflow and the stream's header.
    on_bad : callable
        Called with this inflow and the error, if its bytes are not such a stream.
    on_done : callable
        Called with this inflow when nothing more will come of it.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        stream_id: int,
        loop: LoopThread,
        *,
        on_header: Callable[[Inflow, Header], None],
        on_bad: Callable[[Inflow, FrameError], None],
        on_done: Callable[[Inflow], None],
    ) -> None:
        self.stream_id = stream_id
        self.feed: Feed | None = None
        #: Number for the first row, where the sender's numbers do not go on from those that the feed holds.
        self.restart: int | None = None
        self._shift = (0, 0)
        self._endpoint = endpoint
        self._loop = loop
        self._on_header = on_header
        self._on_bad = on_bad
        self._on_done = on_done
        self._decoder = Decoder()
        self._pending: deque[Rows] = deque()
        self._taken = 0
        self._granted = WINDOW
        self._warned = False
        self._posted = False
        self._finished = False
        self._cut = False
        self._reason: BaseException | None = None
        self._error: BaseException | None = None
        self.done = False

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its end mark."""
        return self._decoder.ended

    def receive(self, data: bytes, ended: bool) -> None:
        """Take bytes of the stream. Bad ones end it with a `FrameError` in the feed."""
        if self.done or self._finished:
            return
        try:
            for found in self._decoder.receive(data):
                if isinstance(found, Header):
                    self._on_header(self, found)
                else:
                    self._pending.append(found)
            if ended:
                self._decoder.close()
        except FrameError as error:
            self._endpoint.give_up(self.stream_id)
            self._on_bad(self, error)
            self.finish(error)
            return
        self._cut = ended and not self._decoder.ended
        if self._cut and self._reason is None:
            # the reason stands on the control stream, and may come later than the end of this one
            late = StreamError("the stream ended without its end mark: the server stopped in the middle")
            self._loop.loop.call_later(REASON, self.finish, late)
        if ended and (not self._cut or self._reason is not None):
            self.finish(self._reason)
        else:
            self.pump()

    def explain(self, reason: BaseException) -> None:
        """Why the stream ends in the middle: it may come before the end of the stream does, or after it."""
        self._reason = reason
        if self._cut:
            self.finish(reason)

    def attach(self, feed: Feed) -> None:
        """Begin to append to `feed`."""
        self.feed = feed
        feed.on_consumed(self._on_consumed)
        self.pump()

    def look(self) -> None:
        """Notice that the feed was closed, also while nothing comes."""
        if self.feed is not None and self.feed.closed and not self.done:
            self._finish_feed(self.feed)

    def finish(self, error: BaseException | None) -> None:
        """Nothing more will come: close the feed once it has taken what came."""
        if not self._finished:
            self._finished = True
            self._error = error
        self.pump()

    def drop(self) -> None:
        """Close the feed at once; rows that it has not taken are given up."""
        self._pending.clear()
        self.finish(None)

    def pump(self) -> None:
        """Append what there is room for, and grant credit for what was consumed."""
        self._posted = False
        feed = self.feed
        if feed is None or self.done:
            return
        try:
            while self._pending and (room := feed.room()) > 0:
                if not self._append(feed, room):
                    self._finish_feed(feed)
                    return
        except Exception as error:  # rows that the feed refuses, such as times that go back
            self._pending.clear()
            self._finished, self._error = True, StreamError(f"the server sent rows that do not fit: {error}")
        if self._finished and not self._pending:
            self._finish_feed(feed)
            return
        self._grant()
        if self._pending and feed.hold and not self._warned:
            self._warned = True
            self._loop.loop.call_later(PATIENCE, self._warn, feed)

    def _append(self, feed: Feed, room: int) -> bool:
        rows = self._pending.popleft()
        block: Block = rows.block
        if len(block) > room:
            step = feed.schema.time.step
            rest = Rows(block=block.cut(room, len(block), step=step), end=rows.end)
            self._pending.appendleft(rest)
            block = block.cut(0, room, step=step)
        else:
            self._taken = rows.end
        return feed.offer(self._renumbered(block, feed))

    def _renumbered(self, block: Block, feed: Feed) -> Block:
        if self.restart is not None:
            step = feed.schema.time.step
            last = feed.ring.tick_at(feed.ring.total - 1)
            ticks = feed.ring.tick_of(self.restart) - block.start if step else max(0, last - block.start)
            self._shift = (self.restart - block.first, ticks)
            self.restart = None
        rows, ticks = self._shift
        return moved(block, rows=rows, ticks=ticks)

    def _warn(self, feed: Feed) -> None:
        if self._pending and feed.hold and not self.done:
            line = (
                f"the window of feed {feed.name!r} is full and nothing reads it: a subscription with policy='block' "
                "waits for a pipe or a sink, so that none of its rows is lost; policy='drop_oldest' never waits"
            )
            feed.note(line)
            log.warning(line)

    def _grant(self) -> None:
        limit = self._taken + WINDOW
        if not self._pending:  # a message larger than the window must come in whole
            limit = max(limit, self._decoder.needed)
        if limit - self._granted >= WINDOW // 4 or self._decoder.needed > self._granted < limit:
            self._granted = limit
            self._endpoint.grant(self.stream_id, limit)

    def _finish_feed(self, feed: Feed) -> None:
        self.done = True
        self._pending.clear()
        feed.close(self._error)
        self._on_done(self)

    def _on_consumed(self, consumed: int) -> None:
        """Called from whichever thread moved `feed.consumed`."""
        if not self._posted and not self._loop.inside:
            self._posted = True
            self._loop.post(self.pump)
