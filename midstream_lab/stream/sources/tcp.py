"""A TCP port that takes lines, as a source."""

from __future__ import annotations

import selectors
import socket
import threading
import time as clock
from collections.abc import Iterator
from typing import Any

from ...errors import InputError
from .fields import Channels
from .pacing import PATIENCE
from .port import PortLines
from .splitter import Splitter

__all__ = ["TcpLines"]

PIECE = 1 << 16


class TcpLines(PortLines):
    """Rows from the lines that are sent to a TCP port, by several senders at once.

    Whoever reaches the port can send, and nothing is encrypted: so it is open on this machine only, unless `host` says
    otherwise. Senders wait while a reader that may lose nothing is slow.

    Parameters
    ----------
    port, channels, host, format, time, unit, most, name
        As those of `UdpLines`. Rows with times of their own should come from one sender: a row that lies before
        another's is left out and counted.
    live : bool, optional
        Whether to drop rather than to let the senders wait; default False.
    connections : int, optional
        Most senders at once; default 16. Further ones are closed at once, and counted.
    idle : float, optional
        Seconds after which a sender is closed who has completed no line; default 600.

    Raises
    ------
    StreamError
        If the port is in use, or the address is not one of this machine.

    Examples
    --------
    >>> import socket, threading
    >>> source = TcpLines(channels={"x": "float", "on": "bool"})
    >>> with socket.create_connection((source.host, source.port)) as device:
    ...     device.sendall(b'[0.5, true]\\n')
    >>> blocks = source.blocks(threading.Event())
    >>> [column.tolist() for column in next(blocks).columns]
    [[0.5], [True]]
    >>> blocks.close()
    """

    kind = socket.SOCK_STREAM

    def __init__(
        self,
        port: int = 0,
        *,
        channels: Channels,
        live: bool = False,
        connections: int = 16,
        idle: float = 600.0,
        **options: Any,
    ) -> None:
        if isinstance(connections, bool) or not isinstance(connections, int) or connections < 1:
            raise InputError(f"connections is the most senders at once, at least 1, not {connections!r}")
        if not idle > 0:
            raise InputError(f"idle is a positive number of seconds, not {idle!r}")
        self._most_connections, self._idle = connections, idle
        self._clock = clock.monotonic
        self._refused = self._silent = 0
        super().__init__(port, channels=channels, live=live, **options)

    @property
    def health(self) -> list[str]:
        """What was left out, and which senders were closed."""
        lines = super().health
        if self._refused:
            lines.append(f"{self._refused:,} senders refused: {self._most_connections} are connected already")
        if self._silent:
            lines.append(f"{self._silent:,} senders closed: no line in {self._idle:g} s")
        return lines

    def _received(self, opened: socket.socket, stop: threading.Event) -> Iterator[list[bytes | None]]:
        senders: dict[socket.socket, _Sender] = {}
        with selectors.DefaultSelector() as selector:
            selector.register(opened, selectors.EVENT_READ)
            try:
                while not stop.is_set():
                    lines: list[bytes | None] = []
                    for key, _ in selector.select(PATIENCE):
                        if key.fileobj is opened:
                            self._accept(opened, selector, senders)
                            continue
                        sender = senders[key.fileobj]  # type: ignore[index]
                        found = sender.receive()
                        if found:
                            sender.heard = self._clock()
                        lines += found
                    for sender in list(senders.values()):
                        if not sender.ended and self._clock() - sender.heard > self._idle:
                            self._silent += 1
                            sender.ended = True
                        if sender.ended:
                            selector.unregister(sender.socket)
                            senders.pop(sender.socket).socket.close()
                    yield lines
            finally:
                for sender in senders.values():
                    sender.socket.close()

    def _accept(
        self, opened: socket.socket, selector: selectors.BaseSelector, senders: dict[socket.socket, _Sender]
    ) -> None:
        try:
            accepted, _ = opened.accept()
        except OSError:  # who came has gone, or this process has as many files open as it may
            return
        if len(senders) >= self._most_connections:
            self._refused += 1
            accepted.close()
            return
        accepted.setblocking(False)
        selector.register(accepted, selectors.EVENT_READ)
        senders[accepted] = _Sender(accepted, Splitter(self._most), heard=self._clock())


class _Sender:
    """One connection: its half line, and when its last whole one came."""

    def __init__(self, accepted: socket.socket, splitter: Splitter, *, heard: float) -> None:
        self.socket = accepted
        self.heard = heard
        self.ended = False
        self._splitter = splitter

    def receive(self) -> list[bytes | None]:
        """The lines that are complete now; at the end, also one without a line end."""
        try:
            data = self.socket.recv(PIECE)
        except BlockingIOError:
            return []
        except OSError:  # the connection was reset: what it did not complete may be cut off anywhere
            self.ended = True
            return []
        if data:
            return self._splitter.feed(data)
        self.ended = True
        return self._splitter.rest()
