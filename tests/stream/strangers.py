"""Clients that may say anything, raw first packets, and a witness that notices what they do to others."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from midstream_lab.feed import Feed
from midstream_lab.stream import Card, Server, connect
from midstream_lab.stream._aioquic import CreditConnection, Endpoint
from midstream_lab.stream.card import split_address
from midstream_lab.stream.certificates import NAME
from midstream_lab.stream.configuration import client_configuration
from midstream_lab.stream.control import VERSION, Messages, pack
from midstream_lab.stream.loop import LoopThread

HELLO = {"op": "hello", "id": 1, "version": VERSION}
SUBSCRIBE = {"op": "subscribe", "id": 1, "source": None, "policy": "block", "since": "oldest", "run": None}
SUBSCRIBE |= {"priority": "normal", "delivery": "stream"}


class Stranger(Endpoint):
    """A client that may say anything."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ready, self.lost, self.came = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.messages = Messages()
        self.heard: list[dict[str, Any]] = []
        self.bytes = 0
        self.end: tuple[int, str] = (-1, "")

    def on_ready(self) -> None:
        self.ready.set()

    def on_data(self, stream_id: int, data: bytes, ended: bool) -> None:
        if stream_id:
            self.bytes += len(data)
        else:
            self.heard += self.messages.receive(data)
            self.came.set()

    def on_lost(self, code: int, reason: str) -> None:
        self.end = (code, reason)
        self.lost.set()
        self.ready.set()
        self.came.set()


@contextmanager
def stranger(
    card: Card, *, connection: type[CreditConnection] = CreditConnection, **changes: Any
) -> Iterator[tuple[Stranger, LoopThread]]:
    """A stranger that has shaken hands, or was refused; `changes` are made to its QUIC configuration."""
    host, port = split_address(card.addresses[-1])
    configuration = client_configuration(host, authority=card.authority, server_name=NAME)
    for name, value in changes.items():
        setattr(configuration, name, value)
    thread = LoopThread("stranger")

    async def dial() -> Stranger:
        _, protocol = await thread.loop.create_datagram_endpoint(
            lambda: Stranger(connection(configuration=configuration)), remote_addr=(host, port)
        )
        protocol.connect((host, port))
        await protocol.ready.wait()
        return protocol

    try:
        protocol = thread.call(dial(), timeout=30)
        yield protocol, thread
    finally:
        thread.post(protocol.close)
        thread.post(protocol.close_socket)
        thread.close()


def say(protocol: Stranger, thread: LoopThread, data: bytes, *, stream: int = 0) -> None:
    """Write bytes on a stream, by default the control stream."""

    async def send() -> None:
        protocol.write(stream, data)

    thread.call(send(), timeout=10)


def ask(protocol: Stranger, thread: LoopThread, request: dict[str, Any]) -> dict[str, Any]:
    """Send a request; its answer, or an empty one when the connection ended instead."""

    async def send() -> dict[str, Any]:
        protocol.write(0, pack(request))
        while not protocol.lost.is_set():
            for message in protocol.heard:
                if message.get("re") == request["id"]:
                    return message
            protocol.came.clear()
            await protocol.came.wait()
        return {}

    return thread.call(send(), timeout=20)


def greet(protocol: Stranger, thread: LoopThread, card: Card) -> None:
    """Show the token."""
    assert "ok" in ask(protocol, thread, HELLO | {"token": card.token})


def ended(protocol: Stranger, thread: LoopThread) -> tuple[int, str]:
    """Wait until the connection has ended; code and reason."""
    thread.call(protocol.lost.wait(), timeout=30)
    return protocol.end


def first_packets(card: Card, count: int) -> list[bytes]:
    """The first packets of so many clients that say no more."""
    host, port = split_address(card.addresses[-1])
    found = []
    for _ in range(count):
        quic = CreditConnection(configuration=client_configuration(host, authority=card.authority, server_name=NAME))
        quic.connect((host, port), now=0.0)
        found.append(quic.datagrams_to_send(now=0.0)[0][0])
    return found


@contextmanager
def witness(server: Server, source: str = "steady") -> Iterator[Feed]:
    """A client of `source`, 1,000 rows per second, that loses no row and gets more of them after all that is inside."""
    with connect(server.card, name="witness", timeout=30, reconnect=False) as client:
        feed = client.subscribe(source, policy="block")
        feed.wait(n=1, timeout=30)
        yield feed
        feed.wait(n=feed.next + 200, timeout=30)
        assert feed.counts.lost == 0
        assert not feed.closed
        assert client.state == "connected"
