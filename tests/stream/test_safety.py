"""The token stays secret, addresses are proved under load, every cap holds and says which it is, qlog is bounded."""

import json
import logging
import socket
import ssl
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from kit import until
from strangers import SUBSCRIBE, ask, ended, first_packets, greet, say, stranger

from midstream_lab.errors import AuthError, InputError, LimitError
from midstream_lab.stream import Limits, Replay, Server, connect, serve
from midstream_lab.stream.certificates import Authority
from midstream_lab.stream.configuration import client_configuration
from midstream_lab.stream.control import pack
from midstream_lab.stream.identity import load_identity
from midstream_lab.stream.limits import Bucket
from midstream_lab.stream.link import Link
from midstream_lab.stream.qlog import QlogFolder


def replay(rows: int = 100_000, *, speed: float | str = 1) -> Replay:
    return Replay(np.arange(float(rows)), dt="1/1000", speed=speed)


def newcomers(server: Server) -> int:
    return len([link for link in list(server.links) if not link.known and not link.closing])


# -- the token -------------------------------------------------------------------------------------


def test_the_token_is_in_no_log_no_repr_no_error_and_no_qlog(
    tmp_path: Path, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("quic", "asyncio", "midstream_lab"):
        caplog.set_level(logging.DEBUG, logger=name)
    shown = []
    with serve(replay(), name="lab", qlog=tmp_path / "server") as server:
        token = server.card.token
        with connect(server.card, qlog=tmp_path / "client") as client:
            feed = client.subscribe()
            feed.wait(n=100, timeout=20)
            shown += [repr(x) for x in (server, client, feed, server.card, load_identity(data, "lab"), server.links)]
            shown += [x._repr_html_() for x in (server, client, server.card)]
            shown += [server.status(), client.status(), *server.notes, *client.notes]
        for wrong in (token[:-1] + "?", token[:-1] + ("A" if token[-1] != "A" else "B"), token + "A"):
            with pytest.raises((AuthError, InputError)) as caught:
                connect(replace(server.card, token=wrong))
            shown.append(repr(caught.value))
        with stranger(server.card) as (protocol, thread):
            greet(protocol, thread, server.card)
            for field in ("op", "id", "version", "token"):  # a field that is wrong beside the right token
                message = {"op": "hello", "id": 1, "version": 2, "token": token} | {field: [token]}
                say(protocol, thread, pack(message))
            shown += [str(ended(protocol, thread)), str(protocol.heard)]
    files = [path.read_bytes() for path in tmp_path.rglob("*.sqlog")]
    assert len(files) >= 4
    shown += [caplog.text, *map(repr, caplog.records), *(file.decode() for file in files)]
    for text in shown:
        assert token not in text
        assert token.encode().hex() not in text


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def compare(a: bytes, b: bytes) -> bool:
        seen.append((a, b))
        return a == b

    monkeypatch.setattr("midstream_lab.stream.link.hmac.compare_digest", compare)
    with serve(replay()) as server, connect(server.card):
        assert seen == [(server.card.token.encode(), server.token.encode())]


# -- certificates ----------------------------------------------------------------------------------


def test_certificates_are_verified_unless_told_loudly(tmp_path: Path) -> None:
    configuration = client_configuration("127.0.0.1", authority="-", server_name="x")
    assert configuration.verify_mode == ssl.CERT_REQUIRED
    with serve(replay()) as server:
        other = replace(server.card, authority=Authority(tmp_path).pem)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(AuthError, match="certificate was refused"):
                connect(other)
        with (
            pytest.warns(UserWarning, match="insecure_accept_any_certificate: whoever answers"),
            connect(other, insecure_accept_any_certificate=True) as client,
        ):
            client.subscribe().wait(n=1, timeout=20)
        # what the unverified connection was given does not open a verified one
        with pytest.raises(AuthError, match="certificate was refused"):
            connect(other)


# -- addresses -------------------------------------------------------------------------------------


def test_addresses_are_proved_once_many_connections_are_unfinished() -> None:
    limits = Limits(unproved=3, newcomers=50)
    with serve(replay(), limits=limits) as server:
        got = answers(server, first_packets(server.card, 20))
        assert newcomers(server) == 3
        assert sum(is_retry(packet) for packet in got) == 17
        with connect(server.card, timeout=30) as client:  # a client that proves its address comes in
            client.subscribe().wait(n=1, timeout=20)


def test_beyond_loopback_every_address_is_proved() -> None:
    with serve(replay(), host="0.0.0.0") as server:
        got = answers(server, first_packets(server.card, 3))
        assert len(got) == 3
        assert all(map(is_retry, got))
        assert not server.links


def test_a_forged_proof_is_refused() -> None:
    with serve(replay()) as server:
        packet = bytearray(first_packets(server.card, 1)[0])
        at = 6 + packet[5]
        at += 1 + packet[at]
        assert packet[at] == 0  # no token; a forged one is put in, the length stands behind it
        length = int.from_bytes(packet[at + 1 : at + 3], "big") & 0x3FFF
        forged = packet[:at] + bytes([32]) + bytes(32) + packet[at + 1 : at + 3 + length]
        got = answers(server, [bytes(forged).ljust(1200, b"\0")])
        assert not server.links
        assert len(got) == 1
        assert not is_retry(got[0])


def answers(server: Server, packets: list[bytes]) -> list[bytes]:
    """Send each packet from a socket of its own; the first datagram that each is answered with."""
    host, port = server.card.addresses[-1].split(":")
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in packets]
    found = []
    try:
        for sock, packet in zip(sockets, packets, strict=True):
            sock.settimeout(10)
            sock.sendto(packet, (host, int(port)))
            found.append(sock.recv(65_536))
    finally:
        for sock in sockets:
            sock.close()
    return found


def is_retry(packet: bytes) -> bool:
    """Whether a packet is a Retry of QUIC version 1 (RFC 9000, 17.2.5)."""
    return packet[0] & 0xF0 == 0xF0


# -- caps ------------------------------------------------------------------------------------------


def test_the_oldest_newcomer_makes_room_so_that_half_open_connections_keep_nobody_out() -> None:
    limits = Limits(unproved=1000, newcomers=5, patience=60)
    with serve(replay(), limits=limits) as server:
        answers(server, first_packets(server.card, 40))
        assert newcomers(server) <= 5
        assert len(server.links) <= limits.connections + 2 * limits.newcomers
        with connect(server.card, timeout=30) as client:
            assert client.list()


def test_too_many_connections_are_refused_with_the_cap() -> None:
    with (
        serve(replay(), limits=Limits(connections=1)) as server,
        connect(server.card, name="one"),
        pytest.raises(LimitError, match="1 connections already"),
    ):
        connect(server.card, name="two", reconnect=False)
    with serve(replay(), limits=Limits(connections=1)) as server:
        with connect(server.card, name="one"):
            pass
        with connect(server.card, name="two", timeout=20):  # who has left has made room
            pass


def test_too_many_requests_end_the_connection_of_him_who_sends_them() -> None:
    with serve(replay(), limits=Limits(requests=5, burst=2)) as server, stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        say(protocol, thread, b"".join(pack({"op": "list", "id": n}) for n in range(2, 40)))
        assert ended(protocol, thread) == (3, "more than 5 requests per second")
        assert len([m for m in protocol.heard if m.get("re", 0) > 1]) <= 12
        with connect(server.card) as client:
            assert client.list()


def test_too_many_bytes_of_requests_end_the_connection() -> None:
    limits = Limits(control_bytes=2000, burst=1, requests=1e6)
    with serve(replay(), limits=limits) as server, stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        say(protocol, thread, b"".join(pack({"op": "list", "id": n}) for n in range(2, 200)))
        assert ended(protocol, thread) == (3, "more than 2,000 bytes of requests per second")


def test_a_message_above_the_cap_ends_the_connection() -> None:
    with serve(replay(), limits=Limits(message_bytes=200)) as server, stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        say(protocol, thread, pack(SUBSCRIBE | {"id": 2, "source": "x" * 200}))
        code, reason = ended(protocol, thread)
        assert code == 1
        assert "at most 200 are allowed" in reason


def test_a_client_that_is_over_a_cap_gets_a_limit_error() -> None:
    with serve(replay(), limits=Limits(requests=3, burst=1)) as server:
        client = connect(server.card, reconnect=False)
        with pytest.raises(LimitError, match="more than 3 requests per second"):
            [client.list() for _ in range(300)]
        client.close()


def test_an_id_cannot_be_subscribed_twice() -> None:
    with serve(replay()) as server, stranger(server.card) as (protocol, thread):
        greet(protocol, thread, server.card)
        say(protocol, thread, pack(SUBSCRIBE | {"id": 7}) * 2)
        until(lambda: len(protocol.heard) >= 3)
        assert protocol.heard[2]["error"]["kind"] == "input"
        assert len(server.runners["sequence"].feed.readers) == 1


def test_half_a_surrogate_pair_is_no_text() -> None:
    with serve(replay()) as server, stranger(server.card) as (protocol, thread):
        body = json.dumps({"op": "hello", "id": 1, "version": 2, "token": "\ud800"}).encode()
        say(protocol, thread, len(body).to_bytes(4, "big") + body)
        assert ended(protocol, thread)[0] == 1


def test_many_wide_sources_still_fit_into_the_list() -> None:
    wide = {f"source {i}": Replay(np.zeros((5, 300)), dt=1) for i in range(20)}
    with serve(wide) as server, connect(server.card) as client:
        assert [offer.name for offer in client.list()] == list(wide)


@pytest.mark.parametrize(
    "changes", [{"connections": 0}, {"requests": -1.0}, {"burst": float("nan")}, {"newcomers": 2.5}, {"patience": "5"}]
)
def test_a_limit_that_is_none_is_refused(changes: dict) -> None:
    with pytest.raises(InputError, match=f"the limit {next(iter(changes))} must be a"):
        Limits(**changes)


def test_a_bucket_refills_at_its_rate_and_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    now = [100.0]
    bucket = Bucket(10.0, burst=2.0, clock=lambda: now[0])
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]
    now[0] = 40.0
    assert not bucket.take()
    now[0] = 40.5
    assert [bucket.take() for _ in range(6)] == [True] * 5 + [False]
    now[0] = 1e9
    assert [bucket.take() for _ in range(21)] == [True] * 20 + [False]


def test_the_server_shows_who_is_connected() -> None:
    with serve(replay()) as server, connect(server.card) as client:
        assert "none yet" in server._repr_html_()
        client.subscribe(policy="drop_newest", priority="high").wait(n=10, timeout=20)
        page = server._repr_html_()
        (peer,) = [link.peer for link in server.links]
        for text in ("<caption>clients</caption>", peer, "<td>high</td>", "<td>drop_newest</td>"):
            assert text in page
        client.set_priority("sequence", "low")
        until(lambda: "<td>low</td>" in server._repr_html_())


# -- qlog ------------------------------------------------------------------------------------------


def records(path: Path) -> list[dict]:
    return [json.loads(part) for part in path.read_bytes().split(b"\x1e")[1:]]


def test_qlog_is_a_json_sequence_that_its_owner_alone_can_read(tmp_path: Path) -> None:
    with serve(replay(), qlog=tmp_path / "a" / "b") as server, connect(server.card, qlog=tmp_path / "c") as client:
        client.subscribe().wait(n=10, timeout=20)
    for folder, kind in ((tmp_path / "a" / "b", "server"), (tmp_path / "c", "client")):
        (path,) = folder.iterdir()
        header, *events = records(path)
        assert header["qlog_format"] == "JSON-SEQ"
        assert header["trace"]["vantage_point"]["type"] == kind
        assert {"transport:packet_sent", "transport:packet_received"} <= {event["name"] for event in events}
        assert path.stat().st_mode & 0o077 == 0


def test_qlog_is_bounded_in_bytes_and_in_files(tmp_path: Path) -> None:
    folder = QlogFolder(tmp_path, file_bytes=2000, files=6)
    traces = [folder.start_trace(True, bytes([n])) for n in range(10)]
    for n in range(500):
        for trace in traces:
            trace.log_event(category="transport", event="packet_sent", data={"n": n})
    folder.close()
    paths = list(tmp_path.iterdir())
    assert len(paths) <= 6
    assert all(path.stat().st_size < 2200 for path in paths)
    newest = max(path for path in paths if path.suffix == ".sqlog")
    assert records(newest)[-1]["data"] == {"n": 499}
    assert records(newest)[0]["qlog_format"] == "JSON-SEQ"


def test_a_qlog_that_cannot_be_written_is_given_up_and_the_connection_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "logs"
    with serve(replay(), qlog=folder) as server:
        folder.rmdir()
        with connect(server.card) as client:
            client.subscribe().wait(n=10, timeout=20)
    assert "was given up" in caplog.text
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be made"):
        serve(replay(), qlog=tmp_path / "file" / "x")


def test_no_answer_is_kept_for_a_client_that_reads_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("midstream_lab.stream.link.UNREAD", 3000)
    monkeypatch.setattr(Link, "backlog", lambda self, stream: 3001 if len(self.server.links) else 0)
    with serve(replay()) as server, stranger(server.card) as (protocol, thread):
        say(protocol, thread, pack({"op": "hello", "id": 1, "version": 2, "token": server.card.token}))
        assert ended(protocol, thread) == (3, "more than 3,000 bytes of answers were left unread")


def test_ask_of_a_client_that_was_shown_out_returns(tmp_path: Path) -> None:
    with serve(replay()) as server, stranger(server.card) as (protocol, thread):
        assert ask(protocol, thread, {"op": "list", "id": 1})["error"]["kind"] == "auth"
