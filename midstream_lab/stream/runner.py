"""One source of a server: it runs once, in a thread of its own, for all who subscribe."""

from __future__ import annotations

import os
import threading
from typing import Any, Literal

from ..errors import InputError, StreamError
from ..feed import Feed
from ..feed.schema import Block, Source
from .sources.replay import Replay

__all__ = ["Runner", "Start"]

Start = Literal["subscribe", "now"]


class Runner:
    """Runs a source into a bounded feed.

    A source that can wait begins with its first subscriber, holds while it has none, and takes the pace of its
    slowest `block` subscriber. One that has ended begins anew with the next subscriber.

    Parameters
    ----------
    name : str
        Name of the source.
    source : Source
        What to run.
    window, max_bytes : int
        Bounds of its feed.
    start : {"subscribe", "now"}
        ``"now"``: begin at once, and go on without subscribers.
    """

    def __init__(self, name: str, source: Source, *, window: int, max_bytes: int, start: Start) -> None:
        self.name = name
        self.source = source
        self.holds = start == "subscribe" and not source.live
        self._window, self._max_bytes = window, max_bytes
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._renew()
        if start == "now":
            self.begin()

    def join(self, *, run: str | None, since: int | None) -> Feed:
        """The feed for a new subscriber, who calls `begin` once he reads it.

        Parameters
        ----------
        run : str, optional
            The run that the subscriber knows; he gets what is left of it, if it is still held.
        since : int, optional
            Row from which a source that can seek goes on, where that run is not held any more. It begins up to half a
            window earlier: another subscriber who knew that run may come back with fewer rows.
        """
        with self._lock:
            if self.feed.closed and run != self.run:
                self._renew()
            if run not in (None, self.run) and since and self._thread is None and self.seekable:
                self._first = since
            return self.feed

    def _seek(self) -> None:
        """Let the source begin in time for those who are behind the first subscriber."""
        source: Any = self.source
        earlier = max(0, self._first - self.feed.capacity // 2)
        if isinstance(source, Replay):
            source.seek(earlier, due=self._first)
        else:
            source.seek(earlier)

    def begin(self) -> None:
        """Start the source, if it does not run already."""
        with self._lock:
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._work, name=f"midstream-source-{self.name}", daemon=True)
                self._thread.start()

    @property
    def seekable(self) -> bool:
        """Whether the source can begin at any row."""
        return callable(getattr(self.source, "seek", None))

    @property
    def health(self) -> list[str]:
        """What the source has left out, if it says so, and why it failed, if it did."""
        failed = [] if self.feed.error is None else [str(self.feed.error)]
        return [*getattr(self.source, "health", ()), *failed]

    def control(self, op: str, speed: Any = None) -> None:
        """Pause, resume or change the speed of a source that can.

        Raises
        ------
        InputError
            If the source cannot, or the speed is not one that it knows.
        """
        source: Any = self.source
        if op == "speed" and hasattr(source, "speed"):
            source.speed = speed
        elif op in ("pause", "resume") and hasattr(source, op):
            getattr(source, op)()
        else:
            raise InputError(f"source {self.name!r} has no {op}; replays and simulations have")

    def close(self) -> None:
        """End the source, and close it where it can be. A thread that it does not give back in time is left."""
        self._stop.set()
        self.feed.close()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(2.0)
        close = getattr(self.source, "close", None)  # a port is open also where nobody has subscribed to it
        if callable(close):
            close()

    def _renew(self) -> None:
        self.run = os.urandom(8).hex()
        self.feed = Feed(self.source.schema, window=self._window, max_bytes=self._max_bytes)
        self._thread = None
        self._first = 0

    def _work(self) -> None:
        feed = self.feed
        source: Any = self.source
        try:
            if self._first:
                self._seek()
            for block in source.blocks(self._stop):
                if self._stop.is_set() or not self._deliver(feed, block):
                    break
        except Exception as error:
            feed.close(StreamError(f"source {self.name!r} failed: {type(error).__name__}: {error}"))
        finally:
            feed.close()

    def _deliver(self, feed: Feed, block: Block) -> bool:
        """Hand a block over in pieces that the feed has room for; False when the feed was closed."""
        piece = max(1, feed.ring.capacity // 4)
        step = self.source.schema.time.step
        for begin in range(0, len(block), piece):
            part = block.cut(begin, min(begin + piece, len(block)), step=step)
            while not self.source.live and not feed.closed:
                if self.holds and not feed.readers:
                    self._stop.wait(0.02)
                elif feed.wait_room(len(part), timeout=0.1):
                    break
            if not feed.offer(part):
                return False
        return True
