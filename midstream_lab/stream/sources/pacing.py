"""When a row is due: a clock that runs at a chosen speed, can be paused, and does not drift."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Literal

from ...errors import InputError

__all__ = ["Paced", "Pacer", "Speed", "checked_speed"]

Speed = float | Literal["max"]

#: A source that is later than this, in seconds, was held up and goes on from there without catching up.
LATENESS = 1.0
#: Rows that are due within one slot of this many seconds travel together.
SLOT = 0.004
#: How often a waiting source looks whether it shall stop, in seconds.
PATIENCE = 0.1


def checked_speed(speed: Any) -> Speed:
    """The speed as a float or ``"max"``; an `InputError` for anything else."""
    if speed == "max":
        return "max"
    if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0 < speed < float("inf"):
        raise InputError(f"speed must be a positive number (1 is the sequence's own rate) or 'max', not {speed!r}")
    return float(speed)


class Pacer:
    """A clock of source time. Deadlines are absolute: each is counted from one starting point, not from the last.

    Parameters
    ----------
    speed : float or "max"
        Seconds of source time per second.
    clock : callable, optional
        Returns seconds; tests give their own.
    """

    def __init__(self, speed: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._speed = checked_speed(speed)
        self._clock = clock
        self._changed = threading.Condition()
        self._paused = False
        self._position = 0.0
        self._since = clock()

    @property
    def speed(self) -> Speed:
        """Seconds of source time per second, or ``"max"``; may be set while it runs."""
        return self._speed

    @speed.setter
    def speed(self, value: Any) -> None:
        speed = checked_speed(value)
        with self._changed:
            self._hold_on()
            self._speed = speed
            self._changed.notify_all()

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self._paused

    def pause(self) -> None:
        """Stand still until `resume`."""
        with self._changed:
            self._hold_on()
            self._paused = True

    def resume(self) -> None:
        """Go on from where it stood."""
        with self._changed:
            self._hold_on()
            self._paused = False
            self._changed.notify_all()

    def restart(self, position: float = 0.0) -> None:
        """Begin at this source time, now."""
        with self._changed:
            self._position, self._since = position, self._clock()

    def position(self) -> float:
        """Source time now; infinite at speed ``"max"``."""
        with self._changed:
            return self._now()

    def wait(self, position: float, stop: threading.Event) -> bool:
        """Wait until it is `position`; False if `stop` was set before."""
        with self._changed:
            while not stop.is_set():
                if not self._paused:
                    ahead = self._seconds_until(position)
                    if ahead <= 0:
                        if ahead < -LATENESS:
                            self._position, self._since = position, self._clock()
                        return True
                    self._changed.wait(min(ahead, PATIENCE))
                else:
                    self._changed.wait(PATIENCE)
        return False

    def _seconds_until(self, position: float) -> float:
        if self._speed == "max":
            return 0.0
        return self._since + (position - self._position) / self._speed - self._clock()

    def _now(self) -> float:
        if self._paused:
            return self._position
        if self._speed == "max":
            return float("inf")
        return self._position + (self._clock() - self._since) * self._speed

    def _hold_on(self) -> None:
        """Make now the starting point."""
        now = self._now()
        if now != float("inf"):
            self._position = now
        self._since = self._clock()


class Paced:
    """The controls of a source that runs by a `Pacer`: `speed`, `pause` and `resume`, also while it runs."""

    live = False
    _pacer: Pacer

    @property
    def speed(self) -> Speed:
        """Multiple of its own rate, or ``"max"``; may be set while it runs."""
        return self._pacer.speed

    @speed.setter
    def speed(self, value: Speed) -> None:
        self._pacer.speed = value

    @property
    def paused(self) -> bool:
        """Whether it is paused."""
        return self._pacer.paused

    def pause(self) -> None:
        """Send nothing more until `resume`."""
        self._pacer.pause()

    def resume(self) -> None:
        """Go on at the next row."""
        self._pacer.resume()
