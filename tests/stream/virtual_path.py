"""Both ends of a connection in one event loop with a clock of its own, over a path of the relay's kind; no sockets.

The clock jumps to the next timer instead of waiting, and computing takes no time on it. So queues, round trips,
congestion control and priorities show what they do, the same on a busy machine as on an idle one.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from aioquic.asyncio.server import QuicServer
from relay import Impairments, Path

__all__ = ["CLIENT", "SERVER", "run", "serve_over"]

CLIENT, SERVER = ("192.0.2.1", 1), ("192.0.2.2", 4433)

T = TypeVar("T")


class Jumps(selectors.SelectSelector):
    """Moves the clock on by what an event loop wants to wait."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("nothing is left that could happen: the coroutine waits for ever")
        self.now += max(0.0, timeout)
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time."""

    def __init__(self) -> None:
        self._jumps = Jumps()
        super().__init__(self._jumps)

    def time(self) -> float:
        return self._jumps.now


class Wire(asyncio.DatagramTransport):
    """One end's way to the other."""

    def __init__(self, path: Path, peer: Any, deliver: Callable[[bytes], None]) -> None:
        super().__init__({"peername": peer})
        self._path = path
        self._deliver = deliver
        self._loop = asyncio.get_running_loop()

    def sendto(self, data: Any, addr: Any = None) -> None:
        for due, part in self._path.offer(bytes(data), self._loop.time()):
            self._loop.call_at(due, self._deliver, part)

    def close(self) -> None:
        """There is nothing to close."""

    def is_closing(self) -> bool:
        return False


def serve_over(path: Impairments, server: QuicServer, client: Any, *, seed: int = 0) -> tuple[Path, Path]:
    """Join a server and one client by this path, begin the handshake, and return the two directions, up and down."""
    up, down = (Path(path, seed=f"{seed}/{direction}") for direction in ("up", "down"))
    server.connection_made(Wire(down, CLIENT, lambda data: client.datagram_received(data, SERVER)))
    client.connection_made(Wire(up, SERVER, lambda data: server.datagram_received(data, CLIENT)))
    client.connect(SERVER)
    return up, down


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on virtual time, from 0."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
