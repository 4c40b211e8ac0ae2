"""The client's side of one QUIC stream: from its bytes to rows that wait to be taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import FrameError, StreamError
from ..feed.schema import Block
from ._aioquic import Endpoint
from .configuration import WINDOW
from .frames import Decoder, Header, Rows

if TYPE_CHECKING:
    from .loop import LoopThread

__all__ = ["Incoming"]

#: Seconds for the reason of an end that came without its mark.
REASON = 2.0


def _nobody() -> None:
    """What happens on a change until somebody takes the rows."""


class Incoming:
    """Decodes a stream, keeps what was not taken yet, and grants credit for what was.

    The sender may be `WINDOW` bytes ahead of the rows that were taken, so what is in memory here is bounded by that.

    Parameters
    ----------
    endpoint : Endpoint
        The connection.
    stream_id : int
        The stream.
    loop : LoopThread
        Where the connection lives.
    on_header : callable
        Called with this and the stream's header.
    on_bad : callable
        Called with this and the error, if its bytes are not such a stream.
    on_done : callable
        Called with this when nothing more will be taken.

    Attributes
    ----------
    next : int or None
        Sequence number after the newest row that came, as the server numbers them; None where it is not known.
    finished : bool
        Nothing more will come; `error` says why, if it is not the ordinary end.
    lost : bool
        The connection is gone before the stream came to its end.
    on_change : callable
        Called when there are rows to take, and when `finished` or `lost` was set.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        stream_id: int,
        loop: LoopThread,
        *,
        on_header: Callable[[Incoming, Header], None],
        on_bad: Callable[[Incoming, FrameError], None],
        on_done: Callable[[Incoming], None],
    ) -> None:
        self.stream_id = stream_id
        self.rows: deque[Rows] = deque()
        self.next: int | None = None
        self.finished = self.lost = self.closed = False
        self.error: BaseException | None = None
        self.on_change: Callable[[], None] = _nobody
        self._endpoint = endpoint
        self._loop = loop
        self._on_header = on_header
        self._on_bad = on_bad
        self._on_done = on_done
        self._decoder = Decoder()
        self._taken = 0
        self._granted = WINDOW
        self._cut = False
        self._reason: BaseException | None = None

    @property
    def complete(self) -> bool:
        """Whether the stream has come to its end mark."""
        return self._decoder.ended

    def receive(self, data: bytes, ended: bool) -> None:
        """Take bytes of the stream. Bad ones end it with a `FrameError`."""
        if self.closed or self.finished or self.lost:
            return
        try:
            for found in self._decoder.receive(data):
                if isinstance(found, Header):
                    self._on_header(self, found)
                else:
                    self.rows.append(found)
                    self.next = found.block.stop
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
            self.on_change()

    def offer(self, block: Block) -> None:
        """Take rows of the subscription that came another way than on the stream."""
        if not (self.closed or self.finished or self.lost):
            self.rows.append(Rows(block=block, end=self._taken))
            self.next = block.stop if self.next is None else max(self.next, block.stop)

    def explain(self, reason: BaseException) -> None:
        """Why the stream ends in the middle: it may come before the end of the stream does, or after it."""
        self._reason = reason
        if self._cut:
            self.finish(reason)

    def finish(self, error: BaseException | None) -> None:
        """Nothing more will come; what came whole is still there to be taken."""
        if not self.finished and not self.lost:
            self.finished, self.error = True, error
            self.on_change()

    def sever(self) -> None:
        """The connection is gone; what came whole is still there to be taken."""
        if self.complete:
            self.finish(None)
        elif not self.finished:
            self.lost = True
            self.on_change()

    def take(self, room: int, *, step: int) -> Block | None:
        """The next block, of `room` rows at most; None if none has come."""
        if not self.rows:
            return None
        found = self.rows.popleft()
        block = found.block
        if len(block) > room:
            self.rows.appendleft(Rows(block=block.cut(room, len(block), step=step), end=found.end))
            return block.cut(0, room, step=step)
        self._taken = found.end
        return block

    def grant(self) -> None:
        """Give credit for what was taken."""
        if self.lost or self.closed:
            return
        limit = self._taken + WINDOW
        if not self.rows:  # a message larger than the window must come in whole
            limit = max(limit, self._decoder.needed)
        if limit - self._granted >= WINDOW // 4 or self._decoder.needed > self._granted < limit:
            self._granted = limit
            self._endpoint.grant(self.stream_id, limit)

    def close(self) -> None:
        """Take no more of it. May be called again."""
        if not self.closed:
            self.closed = True
            self.rows.clear()
            self._on_done(self)
