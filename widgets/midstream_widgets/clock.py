"""The widgets' clock: one plain thread that alone sets traits and sends.

A busy cell freezes everything on the kernel's own loop, and JupyterLab may run the handlers of widget
messages on a thread of their own while a cell runs. So handlers only post to a bounded queue, and this
one thread does the work: widgets go on moving while a cell computes, and no two threads set a trait at once.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

__all__ = ["CLOCK", "Clock", "Member"]

_log = logging.getLogger(__name__)


class Member(Protocol):
    """What ticks with the clock."""

    def tick(self, now: float) -> None:
        """Do what is due; `now` is `time.monotonic`. Must return soon."""

    def failed(self, error: Exception) -> None:
        """Told once, when `tick` raised; the clock has let go of the member."""


class Clock:
    """Calls its members at the display rate, on one thread that lives while there is work.

    Parameters
    ----------
    period : float, optional
        Seconds between two ticks; default 1/60.
    limit : int, optional
        Messages that may wait; a further one is dropped and counted. Default 1024.

    Attributes
    ----------
    dropped : int
        Messages dropped because the queue was full.
    """

    def __init__(self, *, period: float = 1 / 60, limit: int = 1024):
        self.period = period
        self.dropped = 0
        self._limit = limit
        self._wake = threading.Condition()
        self._messages: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._members: list[Member] = []
        self._thread: threading.Thread | None = None

    def join(self, member: Member) -> None:
        """Tick `member` from now on."""
        with self._wake:
            if member not in self._members:
                self._members.append(member)
            self._start()

    def leave(self, member: Member) -> None:
        """No longer tick `member`; the thread ends with the last one."""
        with self._wake:
            self._members = [other for other in self._members if other is not member]
            self._wake.notify()

    def post(self, function: Callable[..., Any], *args: Any) -> bool:
        """Have the clock's thread call ``function(*args)`` soon; False if the queue was full."""
        with self._wake:
            if len(self._messages) >= self._limit:
                self.dropped += 1
                return False
            self._messages.append((function, args))
            self._start()
            self._wake.notify()
            return True

    @property
    def running(self) -> bool:
        """Whether the thread lives."""
        return self._thread is not None

    def on_thread(self) -> bool:
        """Whether the caller runs on the clock's thread."""
        return threading.current_thread() is self._thread

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="midstream-widgets-clock", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        due = time.monotonic()
        while True:
            with self._wake:
                if not self._messages and due > time.monotonic():
                    self._wake.wait(due - time.monotonic())
                if not self._members and not self._messages:
                    self._thread = None
                    return
                messages = list(self._messages)
                self._messages.clear()
                members = self._members
            for function, args in messages:
                try:
                    function(*args)
                except Exception:
                    _log.exception("a widget's message handler failed")
            now = time.monotonic()
            if now < due:
                continue
            # After a stall (a cell held the GIL) ticks are not made up for: the next one shows the newest state.
            due = max(due + self.period, now)
            for member in members:
                self._tick(member, now)

    def _tick(self, member: Member, now: float) -> None:
        try:
            member.tick(now)
        except Exception as error:
            self.leave(member)
            _log.exception("a widget stopped")
            member.failed(error)


#: The clock that every widget of this process shares.
CLOCK = Clock()
