"""Early data (0-RTT): used where a ticket allows it, for requests that may come twice, and never twice."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from aioquic.quic.packet import QuicErrorCode
from kit import until

from midstream_lab.errors import StreamError
from midstream_lab.stream import Card, Client, Replay, Server, connect, serve
from midstream_lab.stream._aioquic import CreditConnection, Endpoint
from midstream_lab.stream.card import split_address
from midstream_lab.stream.certificates import NAME
from midstream_lab.stream.configuration import client_configuration
from midstream_lab.stream.control import EARLY, REQUESTS, VERSION, pack
from midstream_lab.stream.link import Link
from midstream_lab.stream.loop import LoopThread
from midstream_lab.stream.tickets import AGE, MOST, Tickets, tickets

SUBSCRIBE: dict[str, Any] = {"op": "subscribe", "id": 2, "source": "x", "policy": "block", "since": "oldest"}
SUBSCRIBE |= {"run": None, "priority": "normal", "delivery": "stream"}


@pytest.fixture
def server() -> Iterator[Server]:
    with serve({"x": Replay(np.arange(1e5), dt="1/1000")}, name="lab") as server:
        yield server


def early(client: Client) -> tuple[bool, bool]:
    """Whether the session was resumed, and what was sent early was taken."""
    calling = client._session.calling
    assert calling is not None
    return calling._quic.tls.session_resumed, calling.early_accepted


def visit(card: Card) -> tuple[bool, bool]:
    """Connect once; leave with a ticket."""
    with connect(card) as client:
        assert client.list()[0].name == "x"
        until(lambda: (card.server, card.authority) in tickets._kept)
        return early(client)


def hello(card: Card) -> dict[str, Any]:
    return {"op": "hello", "id": 1, "version": VERSION, "token": card.token}


def test_a_client_that_comes_back_shows_its_token_before_the_handshake_is_complete(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete: list[bool] = []
    original = Link._do_hello

    def do_hello(self: Link, request: dict[str, Any]) -> dict[str, Any]:
        complete.append(self.handshaken)
        return original(self, request)

    monkeypatch.setattr(Link, "_do_hello", do_hello)
    assert visit(server.card) == (False, False)
    assert [visit(server.card) for _ in range(3)] == [(True, True)] * 3
    assert complete == [True, False, False, False]


def test_each_handshake_brings_one_new_ticket_and_uses_the_older_one_up(server: Server) -> None:
    for _ in range(4):
        visit(server.card)
        until(lambda: len(server.tickets) == 1)


def test_a_server_that_was_started_again_does_not_know_the_ticket_and_all_goes_on_without(server: Server) -> None:
    visit(server.card)
    server.close()
    with serve({"x": Replay(np.arange(1e5), dt="1/1000")}, name="lab") as again:
        assert visit(again.card) == (False, False)
        assert visit(again.card) == (True, True)


def test_a_ticket_that_nobody_has_seen_serves_the_next_attempt(server: Server) -> None:
    visit(server.card)
    ticket = tickets._kept[server.card.server, server.card.authority][1]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        nowhere = replace(server.card, addresses=(f"127.0.0.1:{silent.getsockname()[1]}",))
        with pytest.raises(StreamError, match="no answer"):
            connect(nowhere, timeout=0.3)
    assert tickets._kept[server.card.server, server.card.authority][1] is ticket
    assert visit(server.card) == (True, True)


def test_only_requests_without_an_effect_on_the_sources_may_come_early() -> None:
    assert {"hello", "list"} == EARLY
    assert set(REQUESTS) > EARLY


class Eager(Endpoint):
    """A client that sends everything early."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.over = asyncio.Event()
        self.code = -1

    def on_lost(self, code: int, reason: str) -> None:
        self.code = code
        self.over.set()


@contextmanager
def eager(card: Card, *requests: dict[str, Any]) -> Iterator[tuple[Eager, LoopThread]]:
    host, port = split_address(card.addresses[0])
    configuration = client_configuration(host, authority=card.authority, server_name=NAME)
    configuration.session_ticket = tickets.take((card.server, card.authority))
    assert configuration.session_ticket is not None
    thread = LoopThread("eager")

    async def dial() -> Eager:
        _, protocol = await thread.loop.create_datagram_endpoint(
            lambda: Eager(CreditConnection(configuration=configuration)), remote_addr=(host, port)
        )
        protocol.connect((host, port), transmit=False)
        assert protocol.early
        protocol.write(protocol.open_stream(unidirectional=False), b"".join(map(pack, requests)))
        return protocol

    protocol = thread.call(dial(), timeout=10)
    try:
        yield protocol, thread
    finally:
        thread.post(protocol.close)
        thread.post(protocol.close_socket)
        thread.close()


def test_a_subscription_in_early_data_is_refused_and_starts_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit(server.card)
    ends: list[tuple[str, str]] = []
    original = Link.end

    def end(self: Link, code: str, reason: str) -> None:
        ends.append((code, reason))
        original(self, code, reason)

    monkeypatch.setattr(Link, "end", end)
    with eager(server.card, hello(server.card), SUBSCRIBE) as (protocol, thread):
        thread.call(protocol.over.wait(), timeout=20)
        # before the handshake is complete a reason may not be told (RFC 9000, section 10.2.3)
        assert protocol.code == QuicErrorCode.APPLICATION_ERROR
        assert ends[0] == ("protocol", "'subscribe' may not be asked before the handshake is complete")
        assert server.runners["x"].feed.next == 0


def test_a_wrong_token_in_early_data_is_refused(server: Server) -> None:
    visit(server.card)
    with eager(server.card, hello(server.card) | {"token": "w" * 43}) as (protocol, thread):
        thread.call(protocol.over.wait(), timeout=20)
        assert protocol.code == 2


def test_early_data_that_somebody_recorded_and_sends_again_is_not_taken(server: Server) -> None:
    visit(server.card)
    until(lambda: not server.links)
    host, port = split_address(server.card.addresses[0])
    configuration = client_configuration(host, authority=server.card.authority, server_name=NAME)
    configuration.session_ticket = tickets.take((server.card.server, server.card.authority))
    quic = CreditConnection(configuration=configuration)
    quic.connect((host, port), now=0.0)
    quic.send_stream_data(quic.get_next_available_stream_id(), pack(hello(server.card)))
    flight = [data for data, _ in quic.datagrams_to_send(now=0.0)]

    def send() -> bool:
        """Send the flight from a new port; whether the server has taken the token in it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for data in flight:
                sock.sendto(data, (host, port))
            until(lambda: len(server.links) == 1 and next(iter(server.links))._quic.tls.state.value > 1)
            link = next(iter(server.links))
            time.sleep(0.2)  # the server's thread may be in the middle of the datagram
            until(lambda: link.known or not link.early_accepted)
            taken = link.known
            server._loop.post(link.end, "closed", "seen enough")
            until(lambda: not server.links)
            return taken

    assert send()
    assert not send()


def test_tickets_are_taken_once_and_bounded_in_number_and_age() -> None:
    now = [0.0]
    kept = Tickets(clock=lambda: now[0])
    ticket: Any = object()
    kept.put("a", ticket)
    assert kept.take("a") is ticket
    assert kept.take("a") is None
    for number in range(MOST + 5):
        kept.put(number, ticket)
    assert len(kept) == MOST
    assert kept.take(4) is None
    assert kept.take(5) is ticket
    now[0] = AGE + 1
    assert kept.take(6) is None
