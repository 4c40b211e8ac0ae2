"""When to try again after a lost connection; no sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import InputError

__all__ = ["Backoff", "checked_reconnect"]

#: Seconds within which the first attempt is made; each further bound is twice the one before.
BASE = 0.1
#: Seconds beyond which no attempt is put off.
CAP = 5.0
#: Seconds that a connection must have lasted for the next outage to begin with short delays again.
STEADY = 10.0
#: Seconds after which ``reconnect=True`` gives up.
DEFAULT_LIMIT = 600.0


class Backoff:
    """Exponential backoff with full jitter.

    Before attempt ``k = 1, 2, ...`` of an outage it waits a time drawn evenly from 0 to ``min(5, 0.1 * 2**(k - 1))``
    seconds, so that the clients of a server that comes back do not all come at once. An outage that follows a
    connection of less than 10 s goes on where the one before stopped.

    Parameters
    ----------
    limit : float
        Seconds after which an outage is given up; 0: at once.
    clock : callable, optional
        Seconds that never go back; default `time.monotonic`.
    rng : numpy Generator or seed, optional
        Where the jitter comes from.

    Notes
    -----
    "Full jitter" of Brooker (2015), Exponential backoff and jitter, AWS Architecture Blog.

    Examples
    --------
    >>> backoff = Backoff(limit=60.0, rng=1)
    >>> backoff.lost()
    >>> [round(backoff.next(), 3) for _ in range(4)]
    [0.051, 0.19, 0.058, 0.759]
    >>> backoff.attempt
    4
    """

    def __init__(self, *, limit: float, clock: Callable[[], float] = time.monotonic, rng: Any = None) -> None:
        self.limit = limit
        self.attempt = 0
        self._clock = clock
        self._rng = np.random.default_rng(rng)
        self._began = self._connected = clock()

    def connected(self) -> None:
        """There is a connection."""
        self._connected = self._clock()

    def lost(self) -> None:
        """The connection was lost: an outage begins."""
        self._began = self._clock()
        if self._began - self._connected >= STEADY:
            self.attempt = 0

    @property
    def elapsed(self) -> float:
        """Seconds since the outage began."""
        return self._clock() - self._began

    @property
    def left(self) -> float:
        """Seconds until the outage is given up."""
        return max(0.0, self.limit - self.elapsed)

    def next(self) -> float | None:
        """Seconds to wait before the next attempt, or None if no other is made."""
        if not self.left:
            return None
        bound = min(CAP, BASE * 2.0 ** min(self.attempt, 32))
        self.attempt += 1
        return min(float(self._rng.uniform(0.0, bound)), self.left)


def checked_reconnect(reconnect: Any) -> float:
    """The limit of an outage in seconds, or an `InputError`."""
    if isinstance(reconnect, bool):
        return DEFAULT_LIMIT if reconnect else 0.0
    if isinstance(reconnect, (int, float)) and reconnect >= 0:
        return float(reconnect)
    raise InputError(f"reconnect must be True, False or the seconds to try for, 0 or more, not {reconnect!r}")
