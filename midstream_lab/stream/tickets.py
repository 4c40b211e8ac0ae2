"""TLS session tickets, with which a client that comes back sends its first request at once (0-RTT); no sockets.

Early data can be recorded on the way and sent again by somebody else, so a server takes each ticket once, and only
requests that may safely come twice (`control.EARLY`) before the handshake is complete (RFC 8446, section 8).
Tickets stay in memory: they are secrets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable

from ._aioquic import SessionTicket

__all__ = ["Tickets", "tickets"]

#: Most tickets that are kept; the oldest goes first.
MOST = 256
#: Seconds that a ticket is kept.
AGE = 3600.0


class Tickets:
    """Tickets by key, each taken once; bounded in number and age.

    Parameters
    ----------
    clock : callable, optional
        Seconds that never go back; default `time.monotonic`.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: dict[Hashable, tuple[float, SessionTicket]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def put(self, key: Hashable, ticket: SessionTicket) -> None:
        """Keep a ticket; one of the same key is replaced."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = (self._clock(), ticket)
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]

    def issue(self, ticket: SessionTicket) -> None:
        """Keep a ticket that this server has made."""
        self.put(ticket.ticket, ticket)

    def take(self, key: Hashable) -> SessionTicket | None:
        """The ticket of that key, which is then gone; None if there is none, or it is too old."""
        with self._lock:
            made, ticket = self._kept.pop(key, (0.0, None))
        return ticket if ticket is not None and self._clock() - made <= AGE else None


#: Those that the servers have given to the clients of this process, by server id and authority.
tickets = Tickets()
