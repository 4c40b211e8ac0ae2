"""The live sequence: a bounded window that moves, with counts, and pipes from feed to feed."""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import LabError
from . import show
from .reader import Policy
from .schema import Block, Channel, Schema
from .store import Store

if TYPE_CHECKING:
    from .lanes import Lanes
    from .operators import Operator
    from .pipe import Node, Sink

__all__ = ["Counts", "Feed"]


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What happened to the rows of a feed.

    Parameters
    ----------
    received : int
        Rows that arrived and were in time.
    lost : int
        Rows that never came: the numbering jumped over them.
    decimated : int
        Rows that were left out evenly between those that came, as the policy ``"decimate"`` asks.
    late : int
        Rows that came after their place was passed, or twice; they were not used.
    overwritten : int
        Rows that have left the window because newer ones came.
    dropped : int
        Rows of the feeds above that the operator of this feed did not get because it was behind.
    """

    received: int = 0
    lost: int = 0
    decimated: int = 0
    late: int = 0
    overwritten: int = 0
    dropped: int = 0


class Feed(Store):
    """A live sequence: numbered rows of typed columns, of which the newest are held.

    One producer calls `append`, which never waits. Any number of readers look at the window (`tail`,
    `window`, `rows`) or get every row (`pipe`, `sink`). All methods may be called from any thread.

    Parameters
    ----------
    schema : Schema
        Channels and time base.
    window : int, optional
        Most rows to hold; default 65,536.
    max_bytes : int, optional
        Most bytes to hold, texts included; default 64 MiB.
    name : str, optional
        A feed with a name is listed by `midstream_lab.running()` and held until it is closed; making
        another under the same name closes the older one first. A feed without one lives as long as
        something refers to it.
    hold : bool, optional
        Count all rows as unread until the first reader with the policy ``"block"`` has come, so that a
        producer that can wait does not run ahead of it; default False.
    lanes : Lanes, optional
        Threads of its own for the operators of this feed and of those below; default the shared ones.

    Raises
    ------
    InputError
        If the window cannot hold a single row.

    Examples
    --------
    >>> feed = Feed(Schema(channels=(Channel(name="x", unit="mV"),)), window=100)
    >>> feed.append_rows([[0.5, 1.0, 1.5]])
    >>> feed.window(2).values
    array([1. , 1.5])
    >>> feed.counts.received
    3
    """

    def __init__(
        self,
        schema: Schema,
        *,
        window: int = 65_536,
        max_bytes: int = 64 * 2**20,
        name: str | None = None,
        hold: bool = False,
        lanes: Lanes | None = None,
    ) -> None:
        super().__init__(schema, window=window, max_bytes=max_bytes, hold=hold)
        self.name = name
        self.upstream: Node | None = None
        self.lanes = lanes
        #: Why no rows come now, said by who fills the feed; empty if nothing is known to hinder them.
        self.interrupted: Callable[[], str] = str
        self._passed = float("-inf")
        _living.add(self)
        if name is not None:
            self.note(*registry.register("feed", name, self))

    # -- what it is ------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether no row will come any more."""
        return self._closed

    @property
    def error(self) -> BaseException | None:
        """Why the feed was closed, if it was for an error."""
        return self._error

    @property
    def interruption(self) -> str:
        """Why no rows come now though the feed is open, such as a connection that is being made again; else empty.

        Of a pipe: what hinders the feeds above it.
        """
        seen: list[Feed] = []
        todo = [self]
        while todo:
            feed = todo.pop()
            if feed in seen or feed.closed:  # a delay closes a cycle
                continue
            if reason := feed.interrupted():
                return reason
            seen.append(feed)
            if feed.upstream is not None:
                todo += [reader.feed for reader in feed.upstream.inputs]
        return ""

    @property
    def capacity(self) -> int:
        """Most rows that the window holds."""
        return self.ring.capacity

    @property
    def counts(self) -> Counts:
        """A consistent snapshot of the counts."""
        upstream = self.upstream
        dropped = sum(reader.counts.dropped for reader in upstream.inputs) if upstream is not None else 0
        with self.lock:
            return Counts(
                received=self.ring.total,
                lost=self._lost,
                decimated=self._decimated,
                late=self._late,
                overwritten=self.ring.oldest,
                dropped=dropped,
            )

    @property
    def health(self) -> list[str]:
        """Warnings and notes, oldest first: what was replaced, moved, skipped or broken."""
        with self.lock:
            lines = list(self._health)
        return lines + (self.upstream.report() if self.upstream is not None else [])

    # -- waiting and closing ---------------------------------------------------------------------

    def wait(self, n: int | None = None, t: float | None = None, timeout: float | None = None) -> bool:
        """Wait until `n` rows were received, the time `t` was reached, or (without both) the feed has closed.

        Parameters
        ----------
        n : int, optional
            Rows received since the feed was made.
        t : float, optional
            Time of the newest row, in the unit of the time axis.
        timeout : float, optional
            Longest wait in seconds; default no limit.

        Returns
        -------
        bool
            True.

        Raises
        ------
        LabError
            If the time ran out, or the feed closed before; if it closed for an error, that error.
        """

        def reached() -> bool:
            if n is None and t is None:
                return self._closed and self._error is None
            return (n is None or self.ring.total >= n) and (t is None or self._newest_time() >= t)

        in_time = self._wait_for(lambda: self._closed or reached(), timeout)
        with self.lock:
            if reached():
                return True
            if self._error is not None:
                raise self._error
            goal = " and ".join([f"{n} rows"] * (n is not None) + [f"time {t}"] * (t is not None)) or "its end"
            state = f"{self.label} has received {self.ring.total} rows"
            if not in_time:
                raise LabError(f"waited {timeout} s for {goal}, but {state}; is its source running, or paused?")
            raise LabError(f"waited for {goal}, but {state} and is closed")

    def close(self, error: BaseException | None = None) -> None:
        """End the feed: what reads it finishes the rows that it has, then closes too. May be called again.

        Parameters
        ----------
        error : BaseException, optional
            Why, if it is not the ordinary end; `wait` raises it.
        """
        with self.lock:
            if self._closed:
                return
            self._closed = True
            self._error = error
            self._changed.notify_all()
            readers = self.readers
        if self.name is not None:
            registry.remove("feed", self.name, self)
        if self.upstream is not None:
            self.upstream.detach()
        for reader in readers:
            reader.listener.wake()

    def __enter__(self) -> Feed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(error)

    # -- pipes -----------------------------------------------------------------------------------

    def pipe(self, op: Operator, *, name: str | None = None, policy: Policy | None = None, **feed: Any) -> Feed:
        """Run an operator over every row; what it says is a feed.

        Parameters
        ----------
        op : Operator
            What to run, for example `Windowed`.
        name : str, optional
            Default: the name of this feed and of the operator. A pipe with the same name is closed first.
        policy : {"block", "drop_oldest", "drop_newest", "decimate"}, optional
            Whether a producer that can wait waits for it, or which rows are dropped when it is behind; see `Reader`.
            Default what the operator asks for, else ``"block"``.
        **feed
            `window` and `max_bytes` of the new feed.

        Returns
        -------
        Feed
            Closes after this one, when the operator has finished. If the operator raises, it closes with
            the error and nothing else does.
        """
        from .pipe import Pipe

        return Pipe(self, op, name=name, policy=policy, **feed).feed

    def sink(self, callback: Callable[[Block], object], *, name: str | None = None, policy: Policy = "block") -> Sink:
        """Give every block of rows to ``callback(block)``; see `Sink`."""
        from .pipe import Sink

        return Sink(self, callback, name=name, policy=policy)

    def delay(
        self,
        *,
        rows: int,
        initial: float = float("nan"),
        channels: Sequence[Channel] | None = None,
        name: str | None = None,
    ) -> Feed:
        """The same rows, `rows` later; with `channels`, the open end of a cycle. See `midstream_lab.feed.delay`."""
        from .delay import delay

        return delay(self, rows=rows, initial=initial, channels=channels, name=name)

    def join(
        self, other: Feed, *, how: str = "last", tolerance: float | Fraction | None = None, name: str | None = None
    ) -> Feed:
        """Every row of this feed beside the last row of `other` that is not newer. See `midstream_lab.feed.join`."""
        from .join import join

        return join(self, other, how=how, tolerance=tolerance, name=name)

    # -- inside the room -------------------------------------------------------------------------

    def room_changed(self) -> None:
        """A reader is done with rows: tell who fills the feed."""
        super().room_changed()
        if self.upstream is not None:
            self.upstream.room_opened()

    @property
    def horizon(self) -> float:
        """No row at this tick or before it will still come."""
        if self._closed:
            return float("inf")
        with self.lock:
            if not self.ring.total:
                return self._passed
            return max(self._passed, self.ring.tick_at(self.ring.total - 1) + self.schema.time.step - 1)

    def passed(self, tick: int) -> None:
        """The operator that fills this feed has seen everything up to `tick`."""
        with self.lock:
            self._passed = max(self._passed, tick)
            readers = self.readers
        for reader in readers:
            reader.listener.wake()

    def __repr__(self) -> str:
        return show.feed_text(self)

    def _repr_html_(self) -> str:
        return show.feed_html(self)


#: Every feed of this process, so that a forked child can say that they stayed behind.
_living: weakref.WeakSet[Feed] = weakref.WeakSet()


def _after_fork() -> None:
    """In a forked child the producers and the lanes of older feeds are gone, and their locks may be held."""
    for feed in list(_living):
        feed.renew_locks()
        feed._closed = True
        feed._error = LabError(f"{feed.label} belongs to the process that was forked; make it again in this one")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
