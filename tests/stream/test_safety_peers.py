"""Peers that misbehave: the server stays up, says what is wrong, and another client loses nothing."""

import asyncio
import datetime as dt
import os
import random
import socket
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kit import until
from strangers import HELLO, SUBSCRIBE, ask, ended, first_packets, greet, say, stranger, witness

from midstream_lab.stream import Limits, Replay, Server, connect, serve
from midstream_lab.stream._aioquic import CreditConnection
from midstream_lab.stream.certificates import utc_now
from midstream_lab.stream.configuration import WINDOW, certificate_refused
from midstream_lab.stream.control import REQUESTS, pack
from midstream_lab.stream.outflow import BACKLOG

ROWS = 200_000


@pytest.fixture
def server(caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    """A server of a steady source for the witness and a fast one for whoever comes; nothing may fail inside it."""
    steady = Replay(np.arange(float(ROWS)), dt="1/1000")
    fast = Replay(np.zeros((ROWS, 8)), dt="1/1000", speed="max")
    with serve({"steady": steady, "fast": fast}, limits=Limits(unproved=4, newcomers=8, patience=2.0)) as server:
        yield server
    failed = [record for record in caplog.records if record.name == "asyncio" and record.levelname == "ERROR"]
    assert not failed, failed


def address(server: Server) -> tuple[str, int]:
    host, _, port = server.card.addresses[-1].rpartition(":")
    return host, int(port)


def throw(server: Server, packets: list[bytes]) -> None:
    """Send datagrams, each from a port of its own, and listen to none."""
    for packet in packets:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.sendto(packet, address(server))


class Deaf(CreditConnection):
    """A client that grants no more credit than it began with."""

    def _write_stream_limits(self, *args: Any, **options: Any) -> None:
        pass

    def _write_connection_limits(self, *args: Any, **options: Any) -> None:
        pass


NASTY: list[Any] = [
    "\x00",
    "\U0001f600",
    [],
    0,
    1,
    2,
    -1,
    2**31,
    2**63 - 1,
    2**63,
    0.5,
    1e308,
    True,
    None,
    "",
    "fast",
    "nobody",
    "x" * 5000,
]
NASTY += ["newest", "oldest", "block", "decimate", "max", "datagram", "critical", "background", {}]


def fuzzed(rng: random.Random) -> bytes:
    """A control message that is good, nearly good, or bytes."""
    op = rng.choice([*REQUESTS, "subscribe", "subscribe", "unsubscribe"])
    good: dict[str, Any] = {"op": op, "id": rng.randrange(6)}
    values = {
        "source": "fast",
        "policy": "drop_oldest",
        "since": rng.choice(["oldest", "newest", 5, 2**62]),
        "run": None,
    }
    values |= {"priority": "low", "delivery": "stream", "subscription": rng.randrange(6), "speed": "max"}
    values |= {"version": 2, "token": "w" * 43}
    good |= {name: values[name] for name in REQUESTS[op]}
    how = rng.random()
    if how < 0.4:
        good[rng.choice(list(good))] = rng.choice(NASTY)
    elif how < 0.45:
        good[str(rng.choice(NASTY))] = 1
    if good.get("source") == "steady":
        good["source"] = "fast"
    data = bytearray(pack(good))
    if how > 0.9:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data) if how < 0.97 else rng.randbytes(rng.randrange(40))


@pytest.mark.parametrize("seed", range(3))
def test_a_fuzzed_control_channel_ends_its_own_connection_only(server: Server, seed: int) -> None:
    rng = random.Random(seed)
    codes = set()
    with witness(server):
        for _ in range(8):
            with stranger(server.card) as (protocol, thread):
                if rng.random() < 0.8:
                    greet(protocol, thread, server.card)
                for _ in range(40):
                    if protocol.lost.is_set():
                        break
                    say(protocol, thread, fuzzed(rng))
                say(protocol, thread, b"\xff\xff\xff\xff")
                codes.add(ended(protocol, thread)[0])
    assert codes <= {0, 1, 2, 3}
    assert 1 in codes


def test_half_open_connections_are_bounded_and_keep_nobody_out(server: Server) -> None:
    with witness(server):
        throw(server, first_packets(server.card, 60))
        until(lambda: len(server.links) > 1)
        assert len(server.links) <= server.limits.connections + 2 * server.limits.newcomers
        assert sum(not link.known and not link.closing for link in list(server.links)) <= server.limits.unproved
        with connect(server.card, name="second", timeout=30) as client:
            assert client.list()
    until(lambda: len(server.links) == 0, seconds=30)


def test_datagrams_of_garbage_are_passed_over(server: Server) -> None:
    rng = random.Random(1)
    first = first_packets(server.card, 1)[0][:1300]
    packets = [rng.randbytes(rng.choice([0, 1, 5, 20, 1200, 1400])) for _ in range(1000)]
    packets += [bytes([0xC0 | rng.randrange(64)]) + struct.pack(">I", 1) + rng.randbytes(1300) for _ in range(300)]
    for _ in range(500):  # a first packet with bytes changed
        changed = bytearray(first)
        for _ in range(rng.randrange(1, 4)):
            changed[rng.randrange(60)] = rng.randrange(256)
        packets.append(bytes(changed))
    with witness(server):
        throw(server, packets)


def test_a_client_of_another_quic_version_is_told_the_versions(server: Server) -> None:
    packet = bytearray(first_packets(server.card, 1)[0][:1300])
    packet[1:5] = b"\x1a\x2a\x3a\x4a"
    with witness(server), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(20)
        sock.sendto(packet, address(server))
        answer = sock.recv(2000)
    assert answer[0] & 0x80
    assert answer[1:5] == bytes(4)  # Version Negotiation (RFC 9000, 17.2.1)
    assert struct.pack(">I", 1) in answer


def test_a_wrong_application_protocol_is_refused_by_its_name(server: Server) -> None:
    with witness(server), stranger(server.card, alpn_protocols=["h3"]) as (protocol, thread):
        code, reason = ended(protocol, thread)
        assert code in (0x100 + 120, 0x100 + 40)  # no_application_protocol, or handshake_failure
        assert "ALPN" in reason or "protocol" in reason.lower()


def test_a_slow_loris_that_never_finishes_its_hello_is_shown_out(server: Server) -> None:
    hello = pack(HELLO | {"token": server.card.token})
    with witness(server), stranger(server.card) as (protocol, thread):
        for byte in hello[:-1]:
            if protocol.lost.is_set():
                break
            say(protocol, thread, bytes([byte]))
            thread.call(asyncio.sleep(0.05), timeout=10)
        assert ended(protocol, thread) == (2, "no token was shown in time")


def test_a_slow_loris_that_is_known_costs_nothing_but_itself(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        for byte in pack({"op": "list", "id": 2})[:20]:
            say(protocol, thread, bytes([byte]))
            thread.call(asyncio.sleep(0.05), timeout=10)
        assert len(protocol.heard) == 1
        assert not protocol.lost.is_set()


def test_a_client_that_subscribes_and_never_reads_costs_a_bounded_backlog(server: Server) -> None:
    with witness(server), stranger(server.card, connection=Deaf) as (protocol, thread):
        greet(protocol, thread, server.card)
        for number in range(2, 6):
            assert "ok" in ask(protocol, thread, SUBSCRIBE | {"id": number, "source": "fast", "policy": "drop_oldest"})
        (link,) = [link for link in server.links if len(link.outflows) == 4]
        until(lambda: all(link.backlog(flow.stream) > 0 for flow in list(link.outflows.values())))
        thread.call(asyncio.sleep(1.0), timeout=10)
        for flow in link.outflows.values():
            assert link.backlog(flow.stream) < BACKLOG + 2 * 256 * 1024
        assert protocol.bytes <= 4 * WINDOW  # what its credit allowed in the beginning


def test_a_client_that_reads_no_answers_is_shown_out(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midstream_lab.stream.link.UNREAD", 4000)
    with witness(server), stranger(server.card, connection=Deaf, max_stream_data=2000) as (protocol, thread):
        greet(protocol, thread, server.card)
        for number in range(2, 60):
            say(protocol, thread, pack({"op": "list", "id": number}))
        assert ended(protocol, thread) == (3, "more than 4,000 bytes of answers were left unread")


def test_a_client_that_opens_more_streams_than_it_may_is_shown_out(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        protocol._quic._remote_max_streams_bidi = protocol._quic._remote_max_streams_uni = 1000
        for stream in (4, 8, 2, 6):
            say(protocol, thread, b"hello", stream=stream)
        assert ended(protocol, thread)[0] == 0x4  # STREAM_LIMIT_ERROR (RFC 9000, 20.1)


def test_a_giant_length_is_refused_before_anything_is_buffered(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        say(protocol, thread, struct.pack(">I", 2**32 - 1) + b"x" * 1000)
        code, reason = ended(protocol, thread)
        assert code == 1
        assert "at most 65536 are allowed" in reason


def test_a_client_that_goes_on_sending_after_a_close_is_not_heard(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        subscribe = pack(SUBSCRIBE | {"id": 9, "source": "fast"})
        say(protocol, thread, b"\xff\xff\xff\xff" + subscribe)
        say(protocol, thread, subscribe * 10)
        assert ended(protocol, thread)[0] == 1
        assert server.runners["fast"].feed.next == 0
        assert not [m for m in protocol.heard if m.get("re") == 9]


def test_a_client_that_vanishes_frees_what_it_had(server: Server) -> None:
    with witness(server):
        with stranger(server.card) as (protocol, thread):
            greet(protocol, thread, server.card)
            ask(protocol, thread, SUBSCRIBE | {"id": 2, "source": "fast"})
            thread.post(protocol._transport.abort)
            thread.post(protocol.close)
        until(lambda: len(server.links) == 1 and not server.runners["fast"].feed.readers, seconds=30)


def test_a_client_that_floods_datagrams_is_shown_out(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)

        async def flood() -> None:
            while not protocol.lost.is_set():
                protocol.send_datagram(os.urandom(100))
                await asyncio.sleep(0.0005)

        thread.call(flood(), timeout=60)
        assert ended(protocol, thread) == (3, "more than 200 datagrams per second")


@pytest.mark.parametrize("days", [30, -30, 4000])
def test_a_wall_clock_that_jumps_disturbs_no_connection_and_heals_at_the_next_one(server: Server, days: int) -> None:
    with witness(server):
        server._keeper._clock = lambda: utc_now() + dt.timedelta(days=days)
        with stranger(server.card) as (protocol, thread):  # its own clock has not jumped
            assert certificate_refused(ended(protocol, thread)[0])
        server._keeper._clock = utc_now
        with stranger(server.card) as (protocol, thread):
            greet(protocol, thread, server.card)


def test_every_reason_is_short_enough_for_one_datagram(server: Server) -> None:
    with witness(server), stranger(server.card) as (protocol, thread):
        say(protocol, thread, pack({"op": "x" * 3000, "id": 1}))
        code, reason = ended(protocol, thread)
        assert code == 1
        assert len(reason.encode()) <= 200
