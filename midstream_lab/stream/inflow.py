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
from .frames import Decoder, Header, Rows

if TYPE_CHECKING:
    from .loop import LoopThread

__all__ = ["Inflow"]

log = logging.getLogger("midstream_lab")

#: How often a stream that holds because nobody reads looks for a reader, in seconds.
LOOK = 0.01
#: Looks without a reader after which the feed says what it waits for.
LOOKS = 200


class Inflow:
    """Decodes a stream and appends to a feed what its `block` readers have room for.

    Credit follows consumption: the sender may be `WINDOW` bytes ahead of the last row that every `block` reader of
    the feed is done with. Of a feed that nobody reads yet, a subscription that may lose nothing fills the window
    and then holds, so that the first reader gets every row.

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
        on_done: Callable[[Inflow], None],
    ) -> None:
        self.stream_id = stream_id
        self.feed: Feed | None = None
        self._endpoint = endpoint
        self._loop = loop
        self._on_header = on_header
        self._on_done = on_done
        self._decoder = Decoder()
        self._pending: deque[Rows] = deque()
        self._appended: deque[tuple[int, int]] = deque()
        self._consumed = 0
        self._granted = WINDOW
        self._lossless = False
        self._looks = 0
        self._posted = False
        self._finished = False
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
            self.finish(error)
            return
        if ended and self._decoder.ended:
            self.finish(None)
        else:
            self.pump()

    def attach(self, feed: Feed, *, lossless: bool) -> None:
        """Begin to append to `feed`."""
        self.feed = feed
        self._lossless = lossless
        feed.on_consumed(self._on_consumed)
        self.pump()

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
            while self._pending and (room := self._room(feed)) > 0:
                if not self._append(feed, room):
                    self._endpoint.give_up(self.stream_id)
                    self._finish_feed(feed)
                    return
        except Exception as error:  # rows that the feed refuses, such as times that go back
            self._endpoint.give_up(self.stream_id)
            self._pending.clear()
            self._finished, self._error = True, StreamError(f"the server sent rows that do not fit: {error}")
        if self._finished and not self._pending:
            self._finish_feed(feed)
            return
        self._grant(feed)

    def _append(self, feed: Feed, room: int) -> bool:
        rows = self._pending.popleft()
        block: Block = rows.block
        if len(block) > room:
            step = feed.schema.time.step
            rest = Rows(block=block.cut(room, len(block), step=step), end=rows.end)
            self._pending.appendleft(rest)
            block = block.cut(0, room, step=step)
        else:
            self._appended.append((block.stop, rows.end))
        return feed.offer(block)

    def _room(self, feed: Feed) -> int:
        if self._lossless and not feed.readers:
            free = feed.ring.capacity - feed.ring.size
            if free <= 0:
                self._look(feed)
            return free
        self._lossless = False
        return feed.room()

    def _look(self, feed: Feed) -> None:
        self._looks += 1
        if self._looks == LOOKS:
            line = (
                f"the window of feed {feed.name!r} is full and nothing reads it: a subscription with policy='block' "
                "waits for a pipe or a sink, so that none of its rows is lost; policy='drop_oldest' never waits"
            )
            feed.note(line)
            log.warning(line)
        self._loop.loop.call_later(LOOK, self.pump)

    def _grant(self, feed: Feed) -> None:
        consumed = feed.consumed
        while self._appended and self._appended[0][0] <= consumed:
            self._consumed = self._appended.popleft()[1]
        limit = self._consumed + WINDOW
        needed = 0 if self._pending else self._decoder.needed
        limit = max(limit, needed)
        if limit - self._granted >= WINDOW // 4 or needed > self._granted:
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
