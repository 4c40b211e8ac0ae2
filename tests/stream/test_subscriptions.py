"""What a client says about its subscriptions."""

import gc

import numpy as np
from aioquic.quic.stream import QuicStream
from kit import until

from midstream_lab.priority import Priority
from midstream_lab.stream import Replay, connect, serve


def test_each_subscription_is_told_with_its_feed_policy_and_present_priority() -> None:
    sources = {name: Replay(np.arange(100.0), rate=10, name=name) for name in ("a", "b")}
    with serve(sources, name="told") as server, connect(server.card, name="told") as client:
        a = client.subscribe("a", policy="block", priority="high")
        client.subscribe("b", policy="decimate")
        told = {each.source: each for each in client.subscriptions}
        assert told["a"].feed is a
        assert (told["a"].policy, told["a"].priority, told["a"].delivery) == ("block", Priority.high, "stream")
        assert (told["b"].policy, told["b"].priority) == ("decimate", Priority.normal)
        client.set_priority("b", "background")
        assert {each.source: each.priority.name for each in client.subscriptions} == {"a": "high", "b": "background"}
        a.close()
        until(lambda: [each.source for each in client.subscriptions] == ["b"])
    assert client.subscriptions == ()


def test_what_becomes_critical_does_not_wait_for_a_fuller_batch_any_more() -> None:
    """Batches of this server close after an hour: only a critical subscription gets its rows before the end."""
    source = Replay(np.arange(10_000.0), rate=200, name="a")
    with serve(source, name="patient", batch_seconds=3600.0) as server, connect(server.card, name="patient") as client:
        feed = client.subscribe("a", window=20_000)
        until(lambda: server.runner("a").feed.counts.received > 50)
        assert feed.counts.received == 0
        client.set_priority("a", "critical")
        feed.wait(n=60, timeout=30)


def test_what_is_known_of_a_stream_goes_when_it_ends() -> None:
    """A server that runs for months sees many subscriptions come and go."""

    def held() -> list[QuicStream]:
        gc.collect()
        return [each for each in gc.get_objects() if type(each) is QuicStream and hasattr(each, "urgency")]

    source = Replay(np.arange(1000.0), rate=1000, loop=True, name="a")
    with serve(source, name="passing") as server, connect(server.card, name="passing") as client:
        for _ in range(20):
            feed = client.subscribe("a", priority="high")
            until(lambda feed=feed: feed.counts.received > 0)
            assert held()
            feed.close()
            until(lambda: client.subscriptions == ())
        until(lambda: len(held()) <= 2)
