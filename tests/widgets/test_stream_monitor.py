"""The stream monitor without a browser: what it sends, what a person may change, what it leaves behind."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from midstream_lab import registry
from midstream_lab.errors import InputError, StreamError
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.priority import Priority
from midstream_lab.stream import Replay, Sampler, connect, serve
from midstream_widgets import StreamMonitor, stream_monitor


class HandClock:
    """Ticks when the test says so; messages are handled at once."""

    def __init__(self):
        self.members = []

    def join(self, member):
        self.members.append(member)

    def leave(self, member):
        if member in self.members:
            self.members.remove(member)


class Browser:
    """Plays the browser's part: keeps what it was sent, and answers."""

    def __init__(self, view, name="a"):
        self.view, self.name, self.frames, self.auto = view, name, [], True
        view._outbox.send = self.receive
        self.say("hello")

    def say(self, kind, **content):
        self.view._on_message(self.view, {"kind": kind, "client": self.name, **content}, [])

    def receive(self, content, buffers):
        self.frames.append((content, np.frombuffer(buffers[0], np.float32).reshape(-1, 3)))
        if self.auto:
            self.say("ack", seq=content["seq"])

    def look(self):
        """The lines of a frame that is sent now, by their names."""
        self.view._due = 0.0
        self.view.tick(time.monotonic())
        return {line["name"]: line for line in self.frames[-1][0]["lines"]}

    @property
    def clients(self):
        return {client["name"]: client for client in self.frames[-1][0]["clients"]}


def until(condition, *, seconds=30.0):
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "not in time"
        time.sleep(0.01)


@pytest.fixture
def clock(monkeypatch):
    clock = HandClock()
    monkeypatch.setattr(stream_monitor, "CLOCK", clock)
    return clock


@pytest.fixture
def client():
    sources = {
        "sensor": Sampler(lambda: 1.0, rate=200, channels=["x"]),
        "file": Replay(np.arange(500.0), rate=1000, name="file"),
    }
    with serve(sources, name="monitored") as server, connect(server.card, name="monitored") as client:
        yield client


@pytest.fixture
def show(clock):
    made = []

    def show(clients, **options):
        view = StreamMonitor(clients, **options)
        made.append(view)
        return view, Browser(view)

    yield show
    for view in made:
        view.close()


def test_a_row_for_each_subscription_with_its_priority_policy_and_counts(show, client) -> None:
    client.subscribe("sensor", policy="drop_oldest", priority="critical")
    feed = client.subscribe("file", policy="drop_newest", priority="low")
    _, browser = show(client)
    feed.wait(n=500, timeout=30)
    lines = browser.look()
    assert list(lines) == ["sensor", "file"]
    assert (lines["sensor"]["priority"], lines["sensor"]["policy"]) == ("critical", "drop_oldest")
    assert (lines["file"]["priority"], lines["file"]["policy"], lines["file"]["delivery"]) == (
        "low",
        "drop_newest",
        "stream",
    )
    assert (lines["file"]["received"], lines["file"]["lost"], lines["file"]["late"]) == ("500", "0", "0")
    assert lines["sensor"]["color"] != lines["file"]["color"]
    assert browser.clients["monitored"]["state"] == "connected"
    assert browser.clients["monitored"]["address"] == client.card.addresses[0]


def test_what_carries_wall_time_has_a_one_way_delay_and_the_rest_times_between_arrivals(show, client) -> None:
    sensor = client.subscribe("sensor")
    client.subscribe("file")
    view, browser = show(client)
    until(lambda: view._asker.clock(client) is not None)
    sensor.wait(n=sensor.counts.received + 50, timeout=30)
    lines = browser.look()
    assert lines["sensor"]["measure"] == "one-way delay"
    assert lines["file"]["measure"] == "time between arrivals"
    assert lines["sensor"]["p50"] <= lines["sensor"]["p99"]
    assert lines["sensor"]["p99"] + lines["sensor"]["error"] > 0
    assert "server's clock" in browser.clients["monitored"]["clock"]


def test_the_table_holds_the_points_of_every_line_in_order(show, client) -> None:
    client.subscribe("sensor")
    client.subscribe("file")
    _, browser = show(client, seconds=5)
    for _ in range(4):
        browser.look()
    content, table = browser.frames[-1]
    assert sum(line["points"] for line in content["lines"]) == len(table)
    first = table[: content["lines"][0]["points"]]
    assert first[-1, 0] == 0
    assert np.all(np.diff(first[:, 0]) > 0)
    assert len(first) <= 5 / stream_monitor.PERIOD + 2


def test_a_priority_chosen_on_the_page_takes_effect_and_is_shown(show, client) -> None:
    client.subscribe("sensor")
    view, browser = show(client)
    number = browser.look()["sensor"]["number"]
    browser.say("priority", number=number, priority="background")
    assert browser.look()["sensor"]["priority"] == "background", "what was chosen stays on the page meanwhile"
    until(lambda: client.subscriptions[0].priority is Priority.background)
    until(lambda: not view._asker.wishes)
    assert browser.look()["sensor"]["priority"] == "background"


def test_choosing_a_priority_does_not_hold_the_clock_and_a_refusal_is_said(show, client, monkeypatch) -> None:
    client.subscribe("sensor")
    view, browser = show(client)
    number = browser.look()["sensor"]["number"]
    answer = threading.Event()

    def slow(source, priority):
        assert answer.wait(30)
        raise StreamError("the server did not answer within 10.0 s")

    monkeypatch.setattr(client, "set_priority", slow)
    browser.say("priority", number=number, priority="high")
    assert browser.look()["sensor"]["priority"] == "high"
    answer.set()
    until(lambda: not view._asker.wishes)
    assert browser.look()["sensor"]["priority"] == "normal"
    assert "was not changed: the server did not answer" in browser.frames[-1][0]["note"]


def test_subscriptions_that_come_later_appear_and_those_that_ended_stay(show, client) -> None:
    _, browser = show(client)
    assert browser.look() == {}
    feed = client.subscribe("sensor")
    assert browser.look()["sensor"]["state"] == "live"
    feed.wait(n=10, timeout=30)
    feed.close()
    line = browser.look()["sensor"]
    assert (line["state"], line["ended"]) == ("ended", True)
    assert line["received"] != "0"


def test_a_feed_that_ended_for_an_error_says_which(show, client) -> None:
    feed = client.subscribe("sensor")
    _, browser = show(client)
    feed.close(StreamError("the wire was cut"))
    assert browser.look()["sensor"]["state"] == "ended: the wire was cut"


def test_no_more_than_a_bounded_number_of_lines_and_it_says_how_many_are_left_out(show, client, monkeypatch) -> None:
    monkeypatch.setattr(stream_monitor, "MOST", 2)
    feeds = [client.subscribe("sensor", name=f"feed {i}") for i in range(3)]
    _, browser = show(client)
    assert list(browser.look()) == ["feed 0", "feed 1"]
    assert browser.frames[-1][0]["left_out"] == 1
    feeds[0].close()
    assert list(browser.look()) == ["feed 1", "feed 2"]
    assert feeds[0].readers == ()


def test_a_server_that_goes_and_comes_is_seen_on_the_line_of_the_connection(show) -> None:
    def start():
        return serve({"a": Replay(np.arange(1000.0), rate=50, loop=True)}, name="comes back")

    server = start()
    with connect(server.card, name="comes back") as client:
        feed = client.subscribe("a", policy="block")
        _, browser = show(client)
        server.close()
        until(lambda: client.state == "reconnecting")
        line = browser.look()["a"]
        told = browser.clients["comes back"]
        assert told["state"] == "reconnecting"
        assert "attempt" in told["status"]
        assert line["state"].startswith("reconnecting")
        with start():
            until(lambda: client.state == "connected")
            feed.wait(n=feed.counts.received + 5, timeout=30)
            assert browser.look()["a"]["state"] == "live"
            assert browser.clients["comes back"]["state"] == "connected"
    assert browser.look()["a"]["ended"]
    assert browser.clients["comes back"]["state"] == "closed"


def test_two_clients_share_a_view_and_their_lines_have_names_of_their_own(show, client) -> None:
    client.subscribe("sensor")
    with connect(client.card, name="second") as second:
        second.subscribe("sensor")
        view, browser = show([client, second])
        assert list(browser.look()) == ["monitored/sensor", "second/sensor"]
        assert list(browser.clients) == ["monitored", "second"]
        view.close()


def test_nobody_waits_for_it_and_closing_leaves_nothing(clock, client) -> None:
    feed = client.subscribe("sensor", policy="block", window=100)
    held = feed.hold
    view = StreamMonitor(client)
    assert feed.hold == held, "a feed that holds for its first reader still holds"
    assert feed.readers
    view.close()
    view.close()
    assert feed.readers == ()
    assert clock.members == []
    assert not feed.closed
    until(lambda: not view._asker._thread.is_alive())
    assert "streams" not in repr(registry.running())


def test_nothing_is_sent_while_nobody_looks_or_it_is_held_or_the_browser_is_behind(show, client) -> None:
    client.subscribe("sensor")
    view, browser = show(client)
    browser.look()
    browser.say("pause")
    count = len(browser.frames)
    browser.look()
    assert len(browser.frames) == count
    assert "paused" in view._status["state"]
    assert len(view.history()["sensor"]["time"]) >= 2, "it goes on looking"
    view.resume()
    browser.auto = False
    for _ in range(50):
        browser.look()
    assert len(browser.frames) <= count + 12
    browser.say("goodbye")
    browser.frames.clear()
    view._due = 0.0
    view.tick(time.monotonic())
    assert browser.frames == []


def test_a_snapshot_is_a_static_picture(show, client) -> None:
    view, browser = show(client)
    with pytest.raises(InputError, match="nothing to draw"):
        view.snapshot()
    feed = client.subscribe("sensor")
    browser.look()
    feed.wait(n=50, timeout=30)
    browser.look()
    found = view.snapshot()
    assert found.data.startswith(b"\x89PNG")
    assert repr(found) == "Streams of monitored: sensor"


def test_an_error_of_the_browser_is_kept_and_one_of_ours_is_shown(show, client) -> None:
    view, browser = show(client)
    browser.say("error", text="drawing: oh")
    sent = []
    view.send = lambda content, buffers=None: sent.append(content)
    view.failed(ValueError("no"))
    assert list(view.errors) == ["drawing: oh", "This view stopped: ValueError: no"]
    assert sent == [{"kind": "error", "text": "This view stopped: ValueError: no"}]


def test_what_is_no_client_is_refused(clock, client) -> None:
    feed = Feed(Schema(channels=(Channel(name="x"),)))
    for wrong in (3, [], [3], feed):
        with pytest.raises(InputError, match="shows clients"):
            StreamMonitor(wrong)
    with pytest.raises(InputError, match="did you mean 'seconds'"):
        StreamMonitor(client, second=5)
    for seconds in (0, 1e6, "10"):
        with pytest.raises(InputError, match="seconds must be"):
            StreamMonitor(client, seconds=seconds)
