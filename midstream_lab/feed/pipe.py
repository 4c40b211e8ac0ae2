"""Operators on feeds: a pipe fills a feed, a sink calls a function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import registry
from ..errors import InputError, LabError
from .backlog import attach
from .node import BLOCK_ROWS, Node, Runner
from .reader import Policy, ReaderCounts, checked_policy
from .schema import Block

if TYPE_CHECKING:
    from .feed import Feed
    from .operators import Operator

__all__ = ["Pipe", "Sink"]


class Pipe(Node):
    """Runs an operator over every row of a feed and fills another with what it says."""

    def __init__(
        self,
        parent: Feed,
        op: Operator,
        *,
        name: str | None = None,
        policy: Policy | None = None,
        **feed: Any,
    ) -> None:
        from .feed import Feed

        if not hasattr(op, "schema_out"):
            what = (
                "a function goes into Windowed(fn, window=..., every=...)" if callable(op) else "for example Windowed"
            )
            raise InputError(f"pipe takes an operator, not {op!r}; {what}")
        chosen = checked_policy(policy if policy is not None else getattr(op, "policy", "block"))
        schema = op.schema_out(parent.schema)
        if hasattr(op, "attach"):
            op.attach(parent)
        if hasattr(op, "warm"):
            op.warm(parent.schema)
        key = name if name is not None else str(getattr(op, "name", type(op).__name__.lower()))
        if name is None and parent.name is not None:
            name = f"{parent.name}.{key}"
        child = Feed(schema, name=name, lanes=parent.lanes, **feed)
        super().__init__(child, key=key, lane=getattr(op, "lane", "quick"))
        self.close_older(parent)
        self.op = op
        self._finished = False
        self._turn_rows: int = getattr(op, "turn_rows", BLOCK_ROWS)
        self.reader = attach(parent, self, chosen, strided=getattr(op, "strided", False))
        self.inputs = (self.reader,)
        self.wake()

    def turn(self) -> bool:
        if self.feed.closed or not self.deliver():
            return False
        block = self.reader.take(self._turn_rows)
        if block is None:
            return self._end()
        if hasattr(self.op, "behind"):
            self.op.behind(self.reader.waiting)
        self.hold(self.op.update(block))
        if self.deliver() and getattr(self.op, "prompt", False):
            self.feed.passed(block.end_tick(self.reader.feed.schema.time.step))
        self.reader.release()
        return bool(self.reader.waiting) or self.reader.ended

    def report(self) -> list[str]:
        lines: list[str] = self.op.report() if hasattr(self.op, "report") else []
        dropped = self.reader.counts.dropped
        why = f"dropped {dropped} rows ({self.reader.policy}): the operator was behind"
        return lines + [why] * bool(dropped)

    def _end(self) -> bool:
        if not self.reader.ended:
            return False
        if not self._finished:
            self._finished = True
            self.hold(self.op.finish())
        if self.deliver():
            self.feed.close(self.reader.feed.error)
        return False


class Sink(Runner):
    """Calls a function with every block of a feed, on the lanes, until it or the feed is closed.

    Made by `Feed.sink`.

    Parameters
    ----------
    parent : Feed
        What to read.
    callback : callable
        Gets a `Block` of at most 4,096 rows, with the policy ``"decimate"`` also blocks of evenly spaced rows
        (`Block.stride`). If it raises, the sink closes and keeps the error.
    name : str, optional
        Default the name of the feed and of the callback. An older sink of that name is closed first.
    policy : {"block", "drop_oldest", "drop_newest", "decimate"}, optional
        Whether a producer that can wait waits for it, or which rows are dropped when it is behind; see `Reader`.
        Default ``"block"``.
    """

    def __init__(
        self,
        parent: Feed,
        callback: Callable[[Block], object],
        *,
        name: str | None = None,
        policy: Policy = "block",
    ) -> None:
        if not callable(callback):
            raise InputError(f"a sink calls a function with every block; {callback!r} cannot be called")
        checked_policy(policy)
        key = name if name is not None else str(getattr(callback, "__name__", type(callback).__name__))
        super().__init__(key=key, lanes=parent.lanes)
        self.name = f"{parent.name}.{key}" if name is None and parent.name is not None else name
        self.error: BaseException | None = None
        self.health: list[str] = []
        self._callback = callback
        self._parent = parent
        self._ended = threading.Event()
        if self.name is not None:
            self.note(*registry.register("sink", self.name, self))
        self.close_older(parent)
        self.reader = attach(parent, self, policy, strided=policy == "decimate")
        self.inputs = (self.reader,)
        self.wake()

    @property
    def closed(self) -> bool:
        """Whether the callback will not be called any more."""
        return self._ended.is_set()

    @property
    def counts(self) -> ReaderCounts:
        """Rows sent, received, dropped and waiting."""
        return self.reader.counts

    def turn(self) -> bool:
        if self.closed:
            return False
        block = self.reader.take(BLOCK_ROWS)
        if block is not None:
            self._callback(block)
            self.reader.release()
            return bool(self.reader.waiting) or self.reader.ended
        if self.reader.ended:
            self.close(self._parent.error)
        return False

    def fail(self, error: BaseException) -> None:
        self._parent.note(f"the sink {self.key!r} was closed by {error!r}")
        self.close(error)

    def note(self, *lines: str) -> None:
        self.health = (self.health + list(lines))[-100:]

    def close(self, error: BaseException | None = None) -> None:
        """End; what waits is given up and counted as dropped. May be called again."""
        if self.closed:
            return
        self.error = error
        self.detach()
        self._ended.set()
        if self.name is not None:
            registry.remove("sink", self.name, self)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the feed has ended and every row was given to the callback.

        Parameters
        ----------
        timeout : float, optional
            Longest wait in seconds; default no limit.

        Returns
        -------
        bool
            True.

        Raises
        ------
        LabError
            If the time ran out. If the sink closed for an error, that error.
        """
        if not self._ended.wait(timeout):
            raise LabError(f"waited {timeout} s for the sink {self.key!r}, which still has {self.counts.waiting} rows")
        if self.error is not None:
            raise self.error
        return True

    def __repr__(self) -> str:
        counts = self.counts
        state = "running" if not self.closed else "closed" if self.error is None else f"failed: {self.error}"
        return f"Sink({self.key!r}, {counts.received} rows received, {counts.dropped} dropped, {state})"
