"""What a client says about its subscriptions."""

import numpy as np
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
