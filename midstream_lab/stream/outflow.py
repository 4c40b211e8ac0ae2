"""The server's side of one subscription: from the source's feed to one QUIC stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from ..errors import LabError
from ..feed.backlog import attach
from ..feed.reader import Policy, ReaderCounts
from ..feed.schema import Block
from ..priority import Priority
from ._aioquic import Endpoint
from .frames import BATCH_BYTES, BATCH_ROWS, Encoder, pieces, row_bytes
from .runner import Runner

__all__ = ["Outflow"]

#: Unacknowledged bytes of a stream beyond which no batch is added.
BACKLOG = 1 << 20
#: Batches that one subscription may send before the others have their turn.
TURN = 8


class Outflow:
    """Reads the feed of a source and writes it as an Arrow stream.

    Parameters
    ----------
    endpoint : Endpoint
        The connection.
    runner : Runner
        The source.
    subscription : int
        Number that the client gave to it.
    policy : {"block", "drop_oldest", "drop_newest", "decimate"}
        Whether the source waits for this reader, or which rows are dropped when it is behind; see `Reader`.
    since : int, "oldest" or "newest"
        Where to begin.
    run : str, optional
        Which run of the source `since` counts in.
    priority : Priority
        Its place among the streams of the connection.
    batch_seconds : float
        Age at which a batch that is not full is sent.
    on_end : callable
        Called with this outflow and the error, or None, when the stream is complete.
    """

    #: A batch closes at this many rows.
    _most_rows = BATCH_ROWS

    def __init__(
        self,
        endpoint: Endpoint,
        runner: Runner,
        *,
        subscription: int,
        policy: Policy,
        since: Any,
        run: str | None,
        priority: Priority,
        batch_seconds: float,
        on_end: Callable[[Outflow, BaseException | None], None],
    ) -> None:
        self.subscription = subscription
        self.runner = runner
        #: Rows and bytes that were sent, and datagrams that were dropped before they could be.
        self.rows = self.bytes = self.overrun = 0
        self._endpoint = endpoint
        self._patience = batch_seconds
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        self._woken = False
        self._failure: BaseException | None = None
        self.ended = False
        number = since if isinstance(since, int) else None
        feed = runner.join(run=run, since=number)
        self.policy = policy
        self._reader = attach(feed, self, policy, strided=True)
        if since == "newest":
            self._reader.begin_at(feed.next)
        continues = run in (None, runner.run) or runner.seekable
        self._first = number if number is not None and continues else 0
        if self._first:
            self._reader.begin_at(self._first)
        schema = feed.schema
        self._batch_rows = max(
            1, min(self._most_rows, BATCH_BYTES // max(1, row_bytes(schema)), feed.ring.capacity // 2)
        )
        labels = {"name": runner.name, "subscription": str(subscription), "run": runner.run}
        labels["continues"] = "yes" if continues else "no"
        self._encoder = Encoder(schema, labels=labels)
        self.stream = endpoint.open_stream(unidirectional=True)
        endpoint.write(self.stream, self._encoder.header())
        self.prioritise(priority)
        runner.begin()
        self._wake()

    @property
    def counts(self) -> ReaderCounts:
        """Rows of the source: sent to this subscription, taken for the connection, dropped by the policy, waiting."""
        return self._reader.counts

    def prioritise(self, priority: Priority) -> None:
        """Take another place among the streams of the connection; what is critical never waits for a fuller batch."""
        self.priority = priority
        self._batch_seconds = 0.0 if priority is Priority.critical else self._patience
        self._endpoint.set_priority(self.stream, priority)

    def wake(self) -> None:
        """The feed has rows, or has closed; called from the source's thread."""
        if not self._woken:
            self._woken = True
            try:
                self._loop.call_soon_threadsafe(self._wake)
            except RuntimeError:  # the server's loop has ended
                self._reader.detach()

    def fail(self, error: BaseException) -> None:
        """The reader was overrun, as a source that cannot wait may do to a `block` reader."""
        self._failure = error
        self.wake()

    def turn(self) -> None:
        """Send what is due and what the connection has room for."""
        for _ in range(TURN):
            if self.ended or not self._ready():
                return
            if not self._has_room():
                return
            block = self._reader.take(self._batch_rows)
            if block is None:
                return
            self._send(block)
            self._reader.release()
            if not self._reader.waiting:
                self._due = False
        self._loop.call_soon(self.turn)

    def close(self) -> None:
        """End the subscription; nothing more is sent."""
        self.ended = True
        if self._timer is not None:
            self._timer.cancel()
        self._reader.detach()

    def _send(self, block: Block) -> None:
        """Send the rows from the one on that was asked for: the run may still be before it."""
        step = self._reader.feed.schema.time.step
        if block.first < self._first:
            before = -((block.first - self._first) // block.stride)
            if before >= len(block):
                return
            block = block.cut(before, len(block), step=step)
        self._write(block)
        self.rows += len(block)

    def _has_room(self) -> bool:
        return self._endpoint.backlog(self.stream) < BACKLOG

    def _write(self, block: Block) -> None:
        for part in pieces(block, step=self._reader.feed.schema.time.step):
            data = self._encoder.block(part)
            self._endpoint.write(self.stream, data)
            self.bytes += len(data)

    def _rest(self) -> Block:
        """A block without rows whose gap is what the stream itself has not told of the rows before its end."""
        return self._reader.rest()

    def _wake(self) -> None:
        self._woken = False
        self._due = self._due or not self._batch_seconds
        self.turn()
        if self.ended or self._timer is not None or not self._reader.waiting:
            return
        self._timer = self._loop.call_later(self._batch_seconds, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self._due = True
        self.turn()

    def _ready(self) -> bool:
        """Whether a batch is full, or old enough, or the last one."""
        feed = self._reader.feed
        if self._failure is not None:
            self._finish(self._failure)
            return False
        # in this order: rows may come between the two, but none after the end
        closed = feed.closed
        waiting = self._reader.waiting
        if closed and not waiting:
            self._finish(feed.error)
            return False
        return waiting >= self._batch_rows or (waiting > 0 and (self._due or closed))

    def _finish(self, error: BaseException | None) -> None:
        if error is not None and not isinstance(error, LabError):
            error = LabError(str(error))
        self.close()
        rest = self._rest()
        if rest.gap:
            self._endpoint.write(self.stream, self._encoder.block(rest))
        # without the end mark the client knows that this is not the ordinary end
        self._endpoint.write(self.stream, b"" if error else self._encoder.end(), end=True)
        self._on_end(self, error)
