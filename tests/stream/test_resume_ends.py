"""How feeds and clients end when they cannot come back, and what they say while they try."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import Rows, Sensor, numbers, until
from outage import Network, lose

from midstream_lab import registry
from midstream_lab.errors import AuthError, FrameError, InputError, StreamError
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.stream.control import pack
from midstream_lab.stream.link import Link
from midstream_lab.stream.session import Session

X = np.random.default_rng(4).normal(size=40_000)


def replay(x: Any = X, *, speed: Any = 5) -> Replay:
    return Replay(x, dt="1/1000", speed=speed)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


def test_an_error_of_our_own_while_connecting_again_is_not_waited_for(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Session) -> None:
        raise ZeroDivisionError("ours")

    with serve({"x": replay()}) as server, connect(server.card) as client:
        feed = client.subscribe("x")
        monkeypatch.setattr(Session, "_read_card", fail)
        network.unplug(client, stay_down=False)
        with pytest.raises(StreamError, match="making another failed: ZeroDivisionError"):
            feed.wait(timeout=20)


def test_a_subscription_that_had_ended_stays_ended_and_the_other_goes_on(network: Network) -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 5))
    with serve({"x": replay(X[:100], speed="max"), "v": sensor}) as server, connect(server.card) as client:
        ended, going = client.subscribe("x", policy="block"), client.subscribe("v")
        ended.wait(timeout=10)
        going.wait(n=5, timeout=10)
        lose(network, client, lambda: sensor.push(numbers(5, 5)))
        going.wait(n=10, timeout=10)
        assert ended.closed
        assert ended.error is None
        assert ended.counts.received == 100
        assert [held.source for held in client._session.subscriptions] == ["v"]


def test_a_feed_that_was_closed_while_there_was_no_connection_is_not_asked_for_again(network: Network) -> None:
    with serve({"x": replay(), "y": replay()}) as server, connect(server.card) as client:
        closed, other = client.subscribe("x"), client.subscribe("y")
        closed.wait(n=10, timeout=10)
        lose(network, client, closed.close)
        other.wait(n=other.counts.received + 10, timeout=10)
        assert [held.source for held in client._session.subscriptions] == ["y"]
        until(lambda: "1 connections, 1 subscriptions" in server.status())


def test_the_card_of_another_server_in_the_file_is_not_taken(tmp_path: Path, network: Network) -> None:
    with serve({"x": replay()}, name="mine") as server, serve({"x": replay()}, name="other") as other:
        path = server.card.save(tmp_path / "card")
        with connect(path) as client:
            feed = client.subscribe("x")
            for content in (other.card.save, lambda path: path.write_text("nothing"), lambda path: path.unlink()):
                content(path)
                lose(network, client)
                feed.wait(n=feed.counts.received + 100, timeout=10)
                assert client.card == server.card


def test_a_token_that_was_rotated_ends_the_attempts_with_that_error() -> None:
    with serve(replay(speed=1), name="rotated") as server:
        client = connect(server.card)
        feed = client.subscribe()
        feed.wait(n=5, timeout=10)
    with serve(replay(speed=1), name="rotated", rotate_token=True):
        with pytest.raises(AuthError, match="its token was rotated"):
            feed.wait(timeout=30)
        assert client.closed
        assert isinstance(client.error, AuthError)
        assert len(feed.window()) >= 5
        with pytest.raises(StreamError, match=r"has ended.*rotated.*connect\(\) makes another"):
            client.list()
        client.close()
        assert not any(thread.name.startswith("midstream-client") for thread in threading.enumerate())


def test_a_server_that_sends_nonsense_is_not_asked_again(monkeypatch: pytest.MonkeyPatch, network: Network) -> None:
    with serve(replay()) as server, connect(server.card) as client:
        feed = client.subscribe()
        attempts = network.attempts
        monkeypatch.setattr(Link, "_answer", lambda self, request: self.write(self._control, pack({"re": 1, "odd": 2})))
        with pytest.raises(FrameError):
            client.list()
        with pytest.raises(FrameError):
            feed.wait(timeout=10)
        assert (client.state, network.attempts) == ("closed", attempts)


def test_a_source_whose_channels_changed_ends_its_feed_and_no_other() -> None:
    server = serve({"x": replay(), "y": replay()}, name="lab")
    with connect(server.card) as client:
        x, y = client.subscribe("x"), client.subscribe("y")
        x.wait(n=10, timeout=10)
        y.wait(n=10, timeout=10)
        server.close()
        with serve({"x": replay(np.zeros((1000, 2))), "y": replay()}, name="lab"):
            with pytest.raises(StreamError, match=r"source 'x' has changed.*the source 0, 1.*subscribe again"):
                x.wait(timeout=20)
            y.wait(n=y.counts.received + 100, timeout=20)
            assert client.subscribe("x").schema.names == ("0", "1")


def test_a_source_that_is_gone_ends_its_feed_and_no_other() -> None:
    server = serve({"x": replay(), "y": replay()}, name="lab")
    with connect(server.card) as client:
        x, y = client.subscribe("x"), client.subscribe("y")
        server.close()
        with serve({"y": replay()}, name="lab"):
            with pytest.raises(InputError, match="no source 'x'; it has: y"):
                x.wait(timeout=20)
            y.wait(n=y.counts.received + 100, timeout=20)


def test_a_priority_that_was_changed_is_kept_over_a_lost_connection(network: Network) -> None:
    with serve({"x": replay()}) as server, connect(server.card) as client:
        client.subscribe("x", priority="low")

        def priorities() -> set[str]:
            flows = [(link, flow) for link in server.links for flow in link.outflows.values()]
            return {link._quic._streams[flow.stream].urgency.name for link, flow in flows}

        assert priorities() == {"low"}
        client.set_priority("x", "high")
        assert priorities() == {"high"}
        lose(network, client)
        until(lambda: len(server.links) == 1)
        assert priorities() == {"high"}
        lose(network, client, lambda: client.set_priority("x", "critical"))
        until(lambda: len(server.links) == 1)
        assert priorities() == {"critical"}
        with pytest.raises(InputError, match="priority must be one of critical, high"):
            client.set_priority("x", "urgent")
        with pytest.raises(InputError, match="source 'y'; subscriptions: x"):
            client.set_priority("y", "high")


def test_a_client_says_at_which_attempt_it_is_and_refuses_requests_meanwhile(network: Network) -> None:
    with serve({"x": replay()}, name="lab") as server, connect(server.card) as client:
        assert (client.state, client.status()) == ("connected", "lab: connected")
        network.unplug(client)
        until(lambda: network.attempts >= 4)
        assert client.state == "reconnecting"
        assert not client.closed
        assert "reconnecting, attempt" in repr(client)
        assert "reconnecting, attempt" in repr(registry.running())
        assert "reconnecting, attempt" in client._repr_html_()
        with pytest.raises(StreamError, match=r"there is no connection to server 'lab' now \(reconnecting, attempt"):
            client.subscribe("x")


def test_a_client_gives_up_after_the_time_it_was_given(network: Network) -> None:
    with serve({"x": replay()}) as server, connect(server.card, reconnect=0.3) as client:
        feed = client.subscribe("x")
        feed.wait(n=10, timeout=10)
        network.unplug(client)
        with pytest.raises(StreamError, match=r"no connection within 0.3 s .*: the network is down"):
            feed.wait(timeout=20)
        assert client.closed
        assert len(feed.window()) >= 10


def test_a_connection_that_is_lost_again_while_its_subscriptions_are_made_is_tried_again(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    original, asked = Link._do_subscribe, []

    def flaky(self: Link, request: dict[str, Any]) -> dict[str, Any]:
        asked.append(request["source"])
        if len(asked) in (4, 5):
            self.end("closed", "not now")
        return original(self, request)

    monkeypatch.setattr(Link, "_do_subscribe", flaky)
    sources = {name: replay(X[:3000]) for name in ("a", "b")}
    with serve(sources) as server, connect(server.card) as client:
        rows = [Rows(client.subscribe(name, policy="block")) for name in sources]
        until(lambda: min(each.feed.counts.received for each in rows) > 100)
        lose(network, client)
        for each in rows:
            assert np.array_equal(each.all()[:, 0], X[:3000])
        assert len(asked) >= 7


def test_a_client_that_shall_not_reconnect_ends_with_the_reason(network: Network) -> None:
    with serve({"x": replay()}) as server, connect(server.card, reconnect=False) as client:
        feed = client.subscribe("x")
        network.unplug(client, stay_down=False)
        with pytest.raises(StreamError, match="the plug was pulled"):
            feed.wait(timeout=20)
        assert (client.state, network.attempts) == ("closed", 1)


def test_closing_a_client_ends_its_attempts_and_leaves_nothing(network: Network) -> None:
    with serve({"x": replay()}) as server:
        client = connect(server.card)
        feed = client.subscribe("x")
        feed.wait(n=10, timeout=10)
        network.unplug(client)
        until(lambda: network.attempts >= 3)
        client.close()
        client.close()
        assert (client.state, client.error, feed.closed, feed.error) == ("closed", None, True, None)
        assert len(feed.window()) >= 10
        assert not any(thread.name.startswith("midstream-client") for thread in threading.enumerate())


@pytest.mark.parametrize("given", [-1, "yes", None, float("nan")])
def test_a_time_to_reconnect_that_is_none_is_refused(given: Any) -> None:
    with serve({"x": replay()}) as server, pytest.raises(InputError, match="reconnect must be True, False or the"):
        connect(server.card, reconnect=given)


def test_arguments_of_a_subscription_are_checked_before_anything_is_sent() -> None:
    with serve({"x": replay()}) as server, connect(server.card) as client:
        with pytest.raises(InputError, match="priority must be one of"):
            client.subscribe("x", priority="urgent")
        with pytest.raises(InputError, match="delivery must be 'stream' or 'datagram'"):
            client.subscribe("x", delivery="pigeon")  # type: ignore[arg-type]
        assert ", 0 subscriptions" in server.status()
