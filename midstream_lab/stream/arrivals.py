"""All datagrams that wait at a socket in one turn of the event loop: asyncio itself hands over one in each."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from typing import Any

__all__ = ["Arrivals"]

#: Datagrams of one turn, after which timers and other sockets come first again.
TURN = 64
#: The most that UDP carries.
LARGEST = 1 << 16


class Arrivals:
    """Reads what else has come when asyncio has handed over one datagram.

    It reads through a duplicate of the transport's socket, so the transport stays in charge of all else.
    """

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._protocol: asyncio.DatagramProtocol | None = None

    def listen(self, transport: asyncio.BaseTransport, protocol: asyncio.DatagramProtocol) -> None:
        """Read at this transport from now on, for its protocol; where it has no socket nothing waits."""
        self.close()
        self._protocol = protocol
        shared = transport.get_extra_info("socket")
        if shared is not None:
            self._socket = shared.dup()

    def waiting(self) -> Iterator[tuple[bytes, Any]]:
        """The datagrams that wait, of one turn at most, and where they are from."""
        for _ in range(TURN - 1):
            if self._socket is None or self._protocol is None:
                return
            try:
                yield self._socket.recvfrom(LARGEST)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # a socket tells it once, such as that nobody listens there
                self._protocol.error_received(error)
                return

    def close(self) -> None:
        """Let go of the socket. May be called again."""
        if self._socket is not None:
            self._socket.close()
            self._socket = self._protocol = None
