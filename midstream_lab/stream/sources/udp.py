"""A UDP port that takes lines, as a source."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Iterator
from typing import Any

from .fields import Channels
from .pacing import PATIENCE
from .port import PortLines
from .splitter import Splitter

__all__ = ["UdpLines"]

DATAGRAM = 1 << 16
#: Datagrams that are read before their rows are handed on.
TURN = 64


class UdpLines(PortLines):
    """Rows from the datagrams of a UDP port: each holds a line, or several.

    Whoever reaches the port can send, and nothing is encrypted: so it is open on this machine only, unless `host` says
    otherwise. A datagram that finds the kernel's buffer full is lost without a trace; senders who need every row use
    `TcpLines`. What comes before the source runs waits in that buffer (1 MiB at most) and arrives when it is read.

    Parameters
    ----------
    port : int, optional
        Default 0: any that is free; `port` says which.
    channels : list of str, mapping of str to kind, or list of Channel
        Names of numbers, or ``{"level": "float", "note": "text"}``.
    host : str, optional
        Address to listen on; default 127.0.0.1.
    format : {"json", "csv", "text"}, optional
        Default ``"json"``: objects with the channels' names, or arrays in their order.
    time, unit : str, optional
        The field with the row's time, and its unit where it is a number; see `Lines`. Default: the time of arrival.
    most : int, optional
        Longest line in bytes; default 65,536. Longer ones are left out and counted.
    live : bool, optional
        Whether it cannot wait for a slow reader; default True: who sends datagrams does not wait.
    name : str, optional
        Default ``"udp-"`` and the port.

    Raises
    ------
    StreamError
        If the port is in use, or the address is not one of this machine.

    Examples
    --------
    >>> import socket, threading
    >>> source = UdpLines(channels=["x"])
    >>> with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
    ...     _ = device.sendto(b'{"x": 0.5}', (source.host, source.port))
    >>> blocks = source.blocks(threading.Event())
    >>> next(blocks).columns[0].tolist()
    [0.5]
    >>> blocks.close()
    """

    kind = socket.SOCK_DGRAM

    def __init__(self, port: int = 0, *, channels: Channels, live: bool = True, **options: Any) -> None:
        super().__init__(port, channels=channels, live=live, **options)

    def _received(self, opened: socket.socket, stop: threading.Event) -> Iterator[list[bytes | None]]:
        splitter = Splitter(self._most)
        with selectors.DefaultSelector() as selector:
            selector.register(opened, selectors.EVENT_READ)
            while not stop.is_set():
                lines: list[bytes | None] = []
                if selector.select(PATIENCE):
                    with contextlib.suppress(BlockingIOError, ConnectionError):  # nothing more, or an ICMP message
                        for _ in range(TURN):
                            lines += splitter.feed(opened.recv(DATAGRAM)) + splitter.rest()
                yield lines
