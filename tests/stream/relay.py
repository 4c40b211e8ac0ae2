"""A UDP relay that spoils what passes, the same way every time: drops, delays, reorders, duplicates, corrupts, limits.

Test code, also used by the benches. What happens to a datagram depends only on the seed, the client's place in the
order of arrival, the direction, and the number of the datagram in that direction: not on the clock.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import random
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from types import TracebackType
from typing import Any

from midstream_lab.errors import InputError
from midstream_lab.stream import Card
from midstream_lab.stream.card import split_address

__all__ = ["Impairments", "Path", "PathCounts", "Relay"]

#: Clients beyond this are not served: each has a socket.
MAX_CLIENTS = 256
#: Datagrams that may be under way in one direction of one client; more are dropped.
MAX_UNDER_WAY = 8192
#: Datagrams read from one socket before the others have their turn.
TURN = 32
PATIENCE = 5.0
LARGEST = 65_535
BUFFER = 4 << 20


@dataclass(frozen=True, kw_only=True)
class Impairments:
    """What one direction does to datagrams; the names are those of Linux netem.

    Parameters
    ----------
    drop, duplicate, corrupt : float
        Probability that a datagram is lost, sent twice, or has one bit flipped; default 0.
    reorder : float
        Probability that a datagram is held back by `hold` seconds, so that later ones overtake it; default 0.
    hold : float
        Default 0.01.
    delay, jitter : float
        Seconds on the way, and the width of the uniform random part that comes on top; default 0. Jitter alone does
        not reorder.
    bandwidth : float, optional
        Bytes a second; default no limit.
    queue : int
        Bytes that may wait for the bandwidth; what comes while more wait is dropped. Default 262,144.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    corrupt: float = 0.0
    reorder: float = 0.0
    hold: float = 0.01
    delay: float = 0.0
    jitter: float = 0.0
    bandwidth: float | None = None
    queue: int = 1 << 18

    def __post_init__(self) -> None:
        for name in ("drop", "duplicate", "corrupt", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name} is a probability from 0 to 1, not {getattr(self, name)!r}")
        if min(self.hold, self.delay, self.jitter, self.queue) < 0 or not (
            self.bandwidth is None or self.bandwidth > 0
        ):
            raise InputError(f"times and sizes are 0 or more and a bandwidth is positive, unlike in {self}")


@dataclass(kw_only=True)
class PathCounts:
    """Datagrams of one direction: ``received + duplicated == sent + dropped + overflowed + under way``."""

    received: int = 0
    sent: int = 0
    dropped: int = 0
    duplicated: int = 0
    corrupted: int = 0
    reordered: int = 0
    overflowed: int = 0

    def __add__(self, other: PathCounts) -> PathCounts:
        return PathCounts(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(self)})


class Path:
    """One direction of one client, without sockets or clocks.

    Parameters
    ----------
    settings : Impairments
        What it does from the first datagram on; may be replaced at any time.
    seed : int, str
        Two paths with one seed treat their n-th datagrams alike.
    """

    def __init__(self, settings: Impairments, *, seed: int | str) -> None:
        self.settings = settings
        self.counts = PathCounts()
        self._random = random.Random(seed)
        self._free = 0.0
        self._last = 0.0

    def offer(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        """What leaves for a datagram that comes at `now`, and when; at most two."""
        # a fixed number of draws for each datagram, so that its fate does not hang on that of those before it
        drop, twice, corrupt, late, jitter, place = (self._random.random() for _ in range(6))
        settings, counts = self.settings, self.counts
        counts.received += 1
        if drop < settings.drop:
            counts.dropped += 1
            return []
        due = self._through(len(data), now)
        if due is None:
            counts.overflowed += 1
            return []
        due += settings.delay + jitter * settings.jitter
        if late < settings.reorder:
            counts.reordered += 1
            due += settings.hold
        else:
            due = self._last = max(due, self._last)
        if data and corrupt < settings.corrupt:
            counts.corrupted += 1
            bit = int(place * len(data) * 8)
            data = data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]
        copies = 1 + (twice < settings.duplicate)
        counts.duplicated += copies - 1
        return [(due, data)] * copies

    def _through(self, size: int, now: float) -> float | None:
        """When the last byte has left the bottleneck; None if its queue is full."""
        bandwidth, queue = self.settings.bandwidth, self.settings.queue
        if bandwidth is None:
            return now
        self._free = max(self._free, now)
        if (self._free - now) * bandwidth > queue:
            return None
        self._free += size / bandwidth
        return self._free


class Relay:
    """Stands between clients and a server; a thread of its own.

    Parameters
    ----------
    server : Card or str
        The server: its card, or ``host:port``.
    up, down : Impairments, optional
        Towards the server and towards the clients; default none. `down` is as `up` where only `up` is given.
    seed : int, optional
        Default 0.
    host : str, optional
        Address of this machine to listen on; default 127.0.0.1. With one that is not a loopback address clients use
        the datagrams of a wide-area path.

    Examples
    --------
    ::

        with serve(source) as server, Relay(server.card, up=Impairments(drop=0.05)) as relay:
            client = connect(relay.card)
    """

    def __init__(
        self,
        server: Card | str,
        *,
        up: Impairments | None = None,
        down: Impairments | None = None,
        seed: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self._server = server
        # the address listed last is on this machine also where a server listens on all
        self._target = split_address(server if isinstance(server, str) else server.addresses[-1])
        up = up or Impairments()
        self._settings = {"up": up, "down": down or up}
        self._seed = seed
        self._clients: dict[Any, _Client] = {}
        self._under_way: list[tuple[float, int, _Client, str, bytes]] = []
        self._order = itertools.count()
        self._calls: deque[tuple[Callable[[], None], threading.Event]] = deque()
        self._cut = False
        self._stop = False
        self._front = _socket()
        self._front.bind((host, 0))
        self._bell, self._waker = socket.socketpair()
        self._thread = threading.Thread(target=self._run, name="udp-relay", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where clients send to, as ``host:port``."""
        host, port = self._front.getsockname()
        return f"{host}:{port}"

    @property
    def card(self) -> Card:
        """The server's card with the relay's address."""
        if not isinstance(self._server, Card):
            raise InputError("the relay was given an address, not a card; use its .address")
        return replace(self._server, addresses=(self.address,))

    def counts(self, direction: str) -> PathCounts:
        """Sums over all clients; `direction` is ``"up"`` or ``"down"``."""
        return sum((client.paths[direction].counts for client in list(self._clients.values())), PathCounts())

    def impair(self, *, up: Impairments | None = None, down: Impairments | None = None) -> None:
        """Change what happens to datagrams that come from now on."""

        def change() -> None:
            for direction, settings in (("up", up), ("down", down)):
                if settings is not None:
                    self._settings[direction] = settings
                    for client in self._clients.values():
                        client.paths[direction].settings = settings

        self._call(change)

    def rebind(self) -> None:
        """Talk to the server from new ports, as a NAT that has forgotten its mappings does."""

        def swap() -> None:
            for client in self._clients.values():
                client.socket.close()
                client.socket = self._towards_server()

        self._call(swap)

    def cut(self) -> None:
        """Swallow everything that comes or is under way, in both directions, until `heal`."""

        def swallow() -> None:
            self._cut = True
            for _, _, client, direction, _ in self._under_way:
                client.paths[direction].counts.dropped += 1
                client.under_way[direction] -= 1
            self._under_way.clear()

        self._call(swallow)

    def heal(self) -> None:
        """End a `cut`."""
        self._call(lambda: setattr(self, "_cut", False))

    def close(self) -> None:
        """End the thread and close the sockets. May be called again."""
        if self._thread.is_alive():
            self._call(lambda: setattr(self, "_stop", True))
            self._thread.join()

    def __enter__(self) -> Relay:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _call(self, change: Callable[[], None]) -> None:
        """Do something in the relay's thread, and wait until it is done."""
        done = threading.Event()
        self._calls.append((change, done))
        with contextlib.suppress(OSError):  # the thread was awake, did it and has ended
            self._waker.send(b"!")
        if not done.wait(PATIENCE):
            raise TimeoutError(f"the relay's thread did not answer within {PATIENCE} s")

    def _run(self) -> None:
        try:
            while not self._stop:
                self._turn()
        finally:
            for each in (self._front, self._bell, self._waker, *(c.socket for c in self._clients.values())):
                each.close()

    def _turn(self) -> None:
        timeout = max(0.0, self._under_way[0][0] - time.monotonic()) if self._under_way else None
        # select counts in microseconds where epoll rounds up to a millisecond
        backs = {client.socket: client for client in self._clients.values()}
        ready, _, _ = select.select([self._front, self._bell, *backs], [], [], timeout)
        for each in ready:
            if each is self._front:
                self._take_up()
            elif each is self._bell:
                self._bell.recv(64)
            else:
                self._take_down(backs[each])
        self._send_due()
        while self._calls:
            change, done = self._calls.popleft()
            change()
            done.set()

    def _take_up(self) -> None:
        for _ in range(TURN):
            try:
                data, address = self._front.recvfrom(LARGEST)
            except BlockingIOError:
                return
            client = self._clients.get(address)
            if client is None:
                if len(self._clients) >= MAX_CLIENTS:
                    continue
                client = self._clients[address] = self._new_client(address)
            self._pass_on(client, "up", data)

    def _take_down(self, client: _Client) -> None:
        for _ in range(TURN):
            try:
                data = client.socket.recv(LARGEST)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                continue  # the server is gone from its port; it may come back there
            self._pass_on(client, "down", data)

    def _pass_on(self, client: _Client, direction: str, data: bytes) -> None:
        path = client.paths[direction]
        for due, part in path.offer(data, time.monotonic()):
            if self._cut:
                path.counts.dropped += 1
            elif client.under_way[direction] >= MAX_UNDER_WAY:
                path.counts.overflowed += 1
            else:
                client.under_way[direction] += 1
                heapq.heappush(self._under_way, (due, next(self._order), client, direction, part))

    def _send_due(self) -> None:
        now = time.monotonic()
        while self._under_way and self._under_way[0][0] <= now:
            _, _, client, direction, data = heapq.heappop(self._under_way)
            client.under_way[direction] -= 1
            client.paths[direction].counts.sent += 1
            # a full socket buffer, or a port where nobody listens, loses a datagram as a wire would
            with contextlib.suppress(BlockingIOError, ConnectionRefusedError):
                if direction == "up":
                    client.socket.send(data)
                else:
                    self._front.sendto(data, client.address)

    def _new_client(self, address: Any) -> _Client:
        seed = f"{self._seed}/{len(self._clients)}"
        paths = {d: Path(settings, seed=f"{seed}/{d}") for d, settings in self._settings.items()}
        return _Client(address, self._towards_server(), paths)

    def _towards_server(self) -> socket.socket:
        back = _socket()
        back.connect(self._target)
        return back


class _Client:
    """One client: its address, the socket towards the server in its name, and its two paths."""

    def __init__(self, address: Any, back: socket.socket, paths: dict[str, Path]) -> None:
        self.address = address
        self.socket = back
        self.paths = paths
        self.under_way = {"up": 0, "down": 0}


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, option, BUFFER)
    return made
