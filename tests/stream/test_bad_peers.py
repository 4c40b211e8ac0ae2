"""Servers that are not there, not ours, or go away, and clients that send nonsense: always an error, nothing hangs."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from strangers import HELLO, SUBSCRIBE, say, stranger

from midstream_lab.errors import AuthError, FrameError, InputError, LabError, LimitError, StreamError
from midstream_lab.feed import Feed
from midstream_lab.stream import Card, Client, Limits, Replay, connect, serve
from midstream_lab.stream.certificates import Authority
from midstream_lab.stream.control import VERSION, pack
from midstream_lab.stream.link import Link
from midstream_lab.stream.loop import LoopThread
from midstream_lab.stream.outflow import Outflow


def replay(rows: int = 100_000, *, speed: Any = "max") -> Replay:
    return Replay(np.arange(float(rows)), dt="1/1000", speed=speed)


@contextmanager
def udp(answer: bytes | None) -> Iterator[str]:
    """A socket that is no server: it answers every datagram with the same bytes, or not at all."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.05)
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                try:
                    _, address = sock.recvfrom(70_000)
                except TimeoutError:
                    continue
                if answer is not None:
                    sock.sendto(answer, address)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield f"127.0.0.1:{sock.getsockname()[1]}"
        finally:
            stop.set()
            thread.join()


@pytest.fixture
def card() -> Card:
    """The card of a server that has ended."""
    with serve(replay(), name="gone") as server:
        return server.card


def test_a_server_that_is_not_there_is_noticed_at_once(card: Card) -> None:
    began = time.monotonic()
    with pytest.raises(StreamError, match="Is it running, does the card hold its present address"):
        connect(card, timeout=20)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("answer", [None, b"garbage", bytes(1200), os.urandom(1200), b"\xc0" + os.urandom(1300)])
def test_something_that_is_not_a_server_is_given_up_in_time(answer: bytes | None, card: Card) -> None:
    with udp(answer) as address, pytest.raises(StreamError, match=r"no answer within 0\.5 s"):
        connect(replace(card, addresses=(address,)), timeout=0.5)


def test_a_version_that_nobody_speaks_is_refused(card: Card) -> None:
    negotiation = b"\x80\x00\x00\x00\x00\x00\x00\x0a\x0a\x0a\x0a"
    with udp(negotiation) as address, pytest.raises(StreamError):
        connect(replace(card, addresses=(address,)), timeout=0.5)


def test_the_second_address_is_tried(card: Card) -> None:
    with serve(replay(), name="gone") as server:
        two = replace(server.card, addresses=("127.0.0.1:9", *server.card.addresses))
        with connect(two) as client:
            assert client.list()


def test_a_host_name_that_is_none_is_named(card: Card) -> None:
    with pytest.raises(StreamError, match=r"nowhere\.invalid:4433"):
        connect(replace(card, addresses=("nowhere.invalid:4433",)), timeout=5)


def test_an_authority_that_did_not_sign_the_certificate_is_refused(tmp_path: Path) -> None:
    with serve(replay()) as server:
        other = replace(server.card, authority=Authority(tmp_path).pem)
        with pytest.raises(AuthError, match="certificate was refused"):
            connect(other)
        assert "0 subscriptions" in server.status()


def test_an_authority_that_is_no_certificate_is_an_error_of_the_card() -> None:
    with serve(replay()) as server:
        text = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        with pytest.raises(InputError, match="authority is not a certificate"):
            connect(replace(server.card, authority=text))


def test_a_wrong_token_is_refused_and_not_repeated() -> None:
    with serve(replay()) as server:
        with pytest.raises(AuthError, match="token was refused") as caught:
            connect(replace(server.card, token="w" * 43))
        assert "www" not in str(caught.value)
        with connect(server.card) as client:
            assert client.list()


def test_the_card_of_another_server_does_not_open_this_one() -> None:
    message = "the card is of another server, or its token was rotated"
    with (
        serve(replay(), name="mine") as mine,
        serve(replay(), name="other") as other,
        pytest.raises(AuthError, match=message),
    ):
        connect(replace(other.card, addresses=mine.card.addresses))


def test_a_second_server_on_the_same_port_is_refused_and_the_first_goes_on() -> None:
    with serve(replay(), name="first") as first, connect(first.card) as client:
        port = int(first.card.addresses[0].rpartition(":")[2])
        with pytest.raises(StreamError, match=f"UDP port {port} of 127.0.0.1 is in use"):
            serve(replay(), name="second", port=port)
        assert client.list()


def test_closing_a_client_while_it_subscribes_ends_the_call() -> None:
    with serve(replay(speed=1)) as server:
        for pause in (0.0, 0.002, 0.005, 0.01):
            client = connect(server.card)
            ended: list[Feed | StreamError] = []

            def subscribe(client: Client = client, ended: list[Feed | StreamError] = ended) -> None:
                try:
                    ended.append(client.subscribe())
                except StreamError as error:
                    ended.append(error)

            thread = threading.Thread(target=subscribe)
            thread.start()
            time.sleep(pause)
            client.close()
            thread.join(30)
            assert not thread.is_alive()
            assert isinstance(ended[0], StreamError) or ended[0].closed


def test_a_port_in_use_is_named() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(StreamError, match=f"UDP port {port} of 127.0.0.1 is in use"):
            serve(replay(), port=port)


def test_an_address_that_is_not_of_this_machine_is_named() -> None:
    with pytest.raises(StreamError, match="is it an address of this machine"):
        serve(replay(), host="192.0.2.1")


def test_a_last_port_that_is_taken_is_replaced_by_another() -> None:
    with serve(replay(), name="lab") as server:
        host, port = server.card.addresses[0].split(":")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind((host, int(port)))
        with serve(replay(), name="lab") as again, connect(again.card) as client:
            assert again.card.addresses != server.card.addresses
            assert client.list()


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
def test_ipv6_loopback_works() -> None:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("no IPv6 loopback")
    with serve(replay(100), host="::1") as server, connect(server.card) as client:
        assert server.card.addresses[0].startswith("[::1]:")
        client.subscribe(policy="block").wait(timeout=10)


def test_all_addresses_of_the_machine_are_on_the_card() -> None:
    with serve(replay(10), host="0.0.0.0") as server, connect(server.card) as client:
        assert server.card.addresses[-1].startswith("127.0.0.1:")
        client.subscribe(policy="block").wait(timeout=10)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((), "at least one source"),
        ((3,), "int is not a source"),
        (([1.0, 2.0],), "list is not a source"),
        (({"": 1},), "needs a name"),
        (({1: 1},), "needs a name"),
    ],
    ids=str,
)
def test_what_cannot_be_served_is_named(given: tuple, message: str) -> None:
    with pytest.raises(InputError, match=message):
        serve(*given)


def test_two_sources_of_one_name_and_odd_options_are_refused() -> None:
    with pytest.raises(InputError, match="two sources are named 'a'"):
        serve({"a": replay()}, {"a": replay()})
    with pytest.raises(InputError, match="port must be"):
        serve(replay(), port=70_000)
    with pytest.raises(InputError, match="start must be"):
        serve(replay(), start="later")  # type: ignore[arg-type]
    with serve(replay()) as server, connect(server.card) as client:
        with pytest.raises(InputError, match="policy must be"):
            client.subscribe(policy="drop")  # type: ignore[arg-type]
        with pytest.raises(InputError, match="since must be"):
            client.subscribe(since=-1)
        with pytest.raises(InputError, match="at least one row"):
            client.subscribe(window=0)


def test_a_server_that_is_closed_tells_its_clients_and_their_feeds_keep_their_rows() -> None:
    with serve(replay(speed=1)) as server, connect(server.card, reconnect=False) as client:
        feed = client.subscribe()
        feed.wait(n=10, timeout=10)
        server.close()
        with pytest.raises(StreamError, match="the server was closed"):
            feed.wait(timeout=10)
        assert len(feed.window()) >= 10
        assert client.closed
        with pytest.raises(StreamError, match=r"has ended \(the server was closed\)"):
            client.subscribe()


SERVER = """
import sys, numpy as np
from midstream_lab.stream import Replay, serve
server = serve(Replay(np.arange(1e6), dt="1/1000"), name="victim")
server.card.save(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_goes_away_mid_stream_is_noticed_and_the_rows_stay(how: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", SERVER, str(tmp_path / "card")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            client = connect(tmp_path / "card", reconnect=False)
            feed = client.subscribe()
            feed.wait(n=100, timeout=10)
            process.send_signal(how)
            with pytest.raises(StreamError):
                feed.wait(timeout=30)
            assert isinstance(feed.error, StreamError)
            assert len(feed.window()) >= 100
            client.close()
        finally:
            process.kill()


def test_a_truncated_stream_ends_its_feed_with_an_error_and_keeps_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(self: Outflow, error: BaseException | None) -> None:
        self.close()
        self._endpoint.write(self.stream, b"\xff\xff\xff\xff\x00\x01", end=True)

    monkeypatch.setattr(Outflow, "_finish", cut)
    with serve(replay(100)) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block")
        with pytest.raises(FrameError, match="cut off"):
            feed.wait(timeout=10)
        assert len(feed.window()) == 100
        assert client.list()


def test_garbage_in_a_stream_ends_its_feed_with_an_error_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    original = Outflow._finish

    def spoil(self: Outflow, error: BaseException | None) -> None:
        if self.runner.name == "bad":
            self._endpoint.write(self.stream, os.urandom(5000))
        original(self, error)

    monkeypatch.setattr(Outflow, "_finish", spoil)
    with serve({"bad": replay(100), "good": replay(100)}) as server, connect(server.card) as client:
        bad, good = client.subscribe("bad", policy="block"), client.subscribe("good", policy="block")
        good.wait(timeout=10)
        with pytest.raises(FrameError, match="not an Arrow IPC message"):
            bad.wait(timeout=10)
        assert len(bad.window()) == 100


def test_a_server_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(replay()) as server, connect(server.card) as client:
        monkeypatch.setattr(Link, "_do_list", lambda self, request: {"odd": 1})
        with pytest.raises(StreamError, match="makes no sense"):
            client.list()
        monkeypatch.setattr(Link, "_answer", lambda self, request: None)
        monkeypatch.setattr(client, "_timeout", 0.5)  # not before: a busy machine may need longer to connect
        with pytest.raises(StreamError, match=r"did not answer within 0\.5 s"):
            client.list()


@pytest.mark.parametrize("answer", [b"\xff\xff\xff\xff", b"\x00\x00\x00\x02[]", pack({"re": 1, "odd": 2})])
def test_a_control_stream_with_garbage_ends_the_connection(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(replay(speed=1)) as server, connect(server.card) as client:
        feed = client.subscribe()
        feed.wait(n=1, timeout=10)
        monkeypatch.setattr(Link, "_answer", lambda self, request: self.write(self._control, answer))
        with pytest.raises(FrameError):
            client.list()
        with pytest.raises(FrameError):
            feed.wait(timeout=10)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\xff\xff\xff\xff", 1),
        (b"\x00\x00\x00\x05hello", 1),
        (pack({"op": "drop table", "id": 1}), 1),
        (pack(HELLO | {"token": "w" * 43, "more": 1}), 1),
        (pack({"op": "list", "id": 1}), 2),
        (pack(HELLO | {"token": "w" * 43}), 2),
        (
            pack(SUBSCRIBE),
            2,
        ),
    ],
    ids=repr,
)
def test_a_stranger_is_shown_out(data: bytes, code: int) -> None:
    with serve(replay()) as server:
        with stranger(server.card) as (protocol, thread):
            say(protocol, thread, data)
            thread.call(protocol.lost.wait(), timeout=10)
            assert protocol.end[0] == code
            assert server.runners["sequence"].feed.next == 0
        with connect(server.card) as client:
            assert client.list()


def test_a_client_of_another_version_is_told() -> None:
    with serve(replay()) as server, stranger(server.card) as (protocol, thread):
        say(protocol, thread, pack(HELLO | {"version": 99, "token": server.card.token}))
        thread.call(protocol.lost.wait(), timeout=10)
        assert f"version {VERSION}" in protocol.heard[0]["error"]["text"]


def test_a_connection_without_a_token_does_not_stay() -> None:
    with serve(replay(), limits=Limits(patience=0.2)) as server, stranger(server.card) as (protocol, thread):
        thread.call(protocol.lost.wait(), timeout=10)
        assert protocol.end == (2, "no token was shown in time")


def test_connections_and_subscriptions_are_capped() -> None:
    limits = Limits(connections=1, subscriptions=2)
    with serve(replay(speed=1), limits=limits) as server, connect(server.card, name="one") as client:
        with pytest.raises(StreamError, match="1 connections already"):
            connect(server.card, name="two", timeout=5)
        client.subscribe(name="a")
        client.subscribe(name="b")
        with pytest.raises(LimitError, match="2 subscriptions"):
            client.subscribe(name="c")


def test_a_client_may_open_one_control_stream_only() -> None:
    with serve(replay()) as server, stranger(server.card) as (protocol, _):
        quic = protocol._quic
        assert quic._remote_max_streams_bidi == 1
        assert quic._remote_max_streams_uni == 0


def test_unasked_streams_are_refused_by_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(replay(100)) as server, connect(server.card) as client:
        monkeypatch.setattr(
            "midstream_lab.stream.outflow.Encoder",
            lambda schema, labels: calling_encoder(schema, labels={**labels, "subscription": "77"}),
        )
        from midstream_lab.stream.frames import Encoder as calling_encoder

        with pytest.raises(FrameError, match="not asked for"):
            client.subscribe()
        assert client.list()


def test_the_network_thread_refuses_calls_that_would_wait_for_itself() -> None:
    thread = LoopThread("x")

    async def inner() -> None:
        return None

    async def outer() -> None:
        thread.call(inner())

    with pytest.raises(LabError, match="own thread"):
        thread.call(outer(), timeout=5)
    thread.close()
    thread.close()
    thread.post(print)


def test_dialling_reports_every_address(card: Card) -> None:
    with udp(None) as address:
        two = replace(card, addresses=(address, "127.0.0.1:9"))
        with pytest.raises(StreamError, match=f"{address}: no answer.*127.0.0.1:9:"):
            connect(two, timeout=0.6)
