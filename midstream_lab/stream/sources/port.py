"""What the sources that take lines at a port have in common."""

from __future__ import annotations

import errno
import socket
import threading
from abc import abstractmethod
from collections.abc import Iterator

from ...errors import InputError, StreamError
from .fields import Channels, as_channels
from .line_source import LINE_BYTES, LineSource

__all__ = ["PortLines"]

#: Bytes that the kernel is asked to hold of datagrams that were not read yet.
RECEIVE_BUFFER = 1 << 20


class PortLines(LineSource):
    """Lines that come to a port. Its socket is open from the start, so that a port in use is noticed then."""

    kind: socket.SocketKind

    def __init__(
        self,
        port: int = 0,
        *,
        channels: Channels,
        host: str = "127.0.0.1",
        format: str = "json",
        time: str | None = None,
        unit: str = "s",
        most: int = LINE_BYTES,
        live: bool,
        name: str | None = None,
    ) -> None:
        if isinstance(port, bool) or not isinstance(port, int) or not 0 <= port < 65536:
            raise InputError(f"port must be 0 to 65535, not {port!r}")
        if isinstance(most, bool) or not isinstance(most, int) or most < 1:
            raise InputError(f"most is the longest line in bytes, at least 1, not {most!r}")
        self._most = most
        self._socket: socket.socket | None = None
        self._bound = (host, port)
        declared = as_channels(channels)
        self._setup([], name=name or "", live=live, channels=declared, format=format, time=time, unit=unit)
        self._open()
        self.name = name or f"{self.protocol}-{self.port}"

    @property
    def protocol(self) -> str:
        """``"udp"`` or ``"tcp"``."""
        return "udp" if self.kind is socket.SOCK_DGRAM else "tcp"

    @property
    def host(self) -> str:
        """Address that it listens on."""
        return self._bound[0]

    @property
    def port(self) -> int:
        """Port that it listens on, also where any free one was asked for."""
        return self._bound[1]

    def close(self) -> None:
        """Give the port back; another run opens it again. May be called again."""
        taken, self._socket = self._socket, None
        if taken is not None:
            taken.close()

    def _pieces(self, stop: threading.Event) -> Iterator[list[bytes | None]]:
        try:
            yield from self._received(self._open(), stop)
        finally:
            self.close()

    @abstractmethod
    def _received(self, opened: socket.socket, stop: threading.Event) -> Iterator[list[bytes | None]]:
        """Yield the lines that come."""

    def _open(self) -> socket.socket:
        """The bound socket, which does not block."""
        if self._socket is not None:
            return self._socket
        host, port = self._bound
        where = f"{self.protocol.upper()} port {port} of {host}"
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=self.kind)[0]
            opened = socket.socket(family, self.kind)
        except OSError as error:
            raise StreamError(f"{where}: {error.strerror or error}; is it an address of this machine?") from error
        try:
            if self.kind is socket.SOCK_STREAM:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            else:
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
            opened.bind(address)
            if self.kind is socket.SOCK_STREAM:
                opened.listen()
        except OSError as error:
            opened.close()
            if error.errno == errno.EADDRINUSE:
                raise StreamError(f"{where} is in use; choose another, or 0 for any that is free") from error
            raise StreamError(f"{where}: {error.strerror or error}; is it an address of this machine?") from error
        opened.setblocking(False)
        self._bound = (host, opened.getsockname()[1])
        self._socket = opened
        return opened
