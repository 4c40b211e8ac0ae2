"""What one client, and all of them together, may ask of a server."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, fields

from ..errors import InputError

__all__ = ["Bucket", "Limits"]


@dataclass(frozen=True, kw_only=True)
class Limits:
    """The caps of a server; pass them to `serve`.

    What goes beyond one is refused with a `LimitError` that names it, and costs other clients nothing. Rates are token
    buckets: the rate holds over time, and `burst` seconds of it may come at once.

    Parameters
    ----------
    connections : int, optional
        Clients that have shown the token; default 64. One more is refused.
    newcomers : int, optional
        Connections that have not shown the token yet; default 64. One more ends the oldest of them, so that half-open
        connections keep nobody out.
    unproved : int, optional
        Newcomers that need not prove their address; when there are so many, the next one has to, before the server
        keeps anything of it (a Retry packet, RFC 9000, 8.1.2). Default 8; a server that listens beyond loopback always
        asks for the proof.
    patience : float, optional
        Seconds that a newcomer has to show the token; default 5.
    subscriptions : int, optional
        Subscriptions of a client, each of which is a stream; default 64.
    message_bytes : int, optional
        Bytes of a control message; default 65,536, which is also the most that the protocol allows.
    requests : float, optional
        Control messages per second of a client; default 100. Above it the connection ends.
    control_bytes : float, optional
        Bytes per second of a client's control stream; default 262,144. Above it the connection ends.
    datagrams : float, optional
        Datagram frames per second of a client; default 200. Above it the connection ends.
    burst : float, optional
        Seconds of a rate that may come at once; default 4.

    Raises
    ------
    InputError
        If one is not a positive number.

    Examples
    --------
    >>> Limits(connections=2).connections
    2
    """

    connections: int = 64
    newcomers: int = 64
    unproved: int = 8
    patience: float = 5.0
    subscriptions: int = 64
    message_bytes: int = 65_536
    requests: float = 100.0
    control_bytes: float = 262_144.0
    datagrams: float = 200.0
    burst: float = 4.0

    def __post_init__(self) -> None:
        whole = ("connections", "newcomers", "unproved", "subscriptions", "message_bytes")
        for name in (field.name for field in fields(self)):
            value = getattr(self, name)
            kinds = (int,) if name in whole else (int, float)
            low = 0 if name == "unproved" else 1 if name in whole else 1e-3
            high = 65_536 if name == "message_bytes" else 1e9
            if type(value) not in kinds or not low <= value <= high:
                kind = "a whole number" if name in whole else "a number"
                raise InputError(f"the limit {name} must be {kind} from {low} to {high:,.0f}, not {value!r}")


class Bucket:
    """A token bucket: `take` says whether one more is within the rate.

    Parameters
    ----------
    rate : float
        Tokens per second.
    burst : float
        Seconds of the rate that a full bucket holds.
    clock : callable, optional
        Seconds, never going back; default `time.monotonic`.

    Examples
    --------
    >>> now = [0.0]
    >>> bucket = Bucket(2.0, burst=1.0, clock=lambda: now[0])
    >>> [bucket.take() for _ in range(3)]
    [True, True, False]
    >>> now[0] = 0.5
    >>> bucket.take()
    True
    """

    def __init__(self, rate: float, *, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = max(1.0, rate * burst)
        self._clock = clock
        self._held = self._most
        self._at = clock()

    def take(self, tokens: float = 1.0) -> bool:
        """Take so many tokens if they are there; otherwise none."""
        now = self._clock()
        self._held = min(self._most, self._held + max(0.0, now - self._at) * self._rate)
        self._at = now
        if tokens > self._held:
            return False
        self._held -= tokens
        return True
