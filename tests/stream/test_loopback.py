"""Server and client over QUIC on loopback."""

import asyncio
import datetime as dt
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import Rows, Sensor, numbers, until

from midstream_lab import datasets, registry
from midstream_lab.errors import AuthError, InputError, StreamError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.sequence import sequence, timebase
from midstream_lab.stream import Card, Client, Replay, Server, connect, serve
from midstream_lab.stream.certificates import utc_now
from midstream_lab.stream.configuration import LOOPBACK_DATAGRAM, WINDOW
from midstream_lab.stream.frames import BATCH_BYTES
from midstream_lab.stream.outflow import BACKLOG
from midstream_lab.timebase import TimeBase

X = np.random.default_rng(1).normal(size=(20_000, 3))


def replay(x: Any = X, **options: Any) -> Replay:
    return Replay(x, dt="1/360", **{"speed": "max", **options})


@pytest.fixture
def server() -> Iterator[Server]:
    with serve({"x": replay()}, name="lab") as server:
        yield server


def test_a_subscription_is_a_feed_with_every_row_from_the_first(server: Server) -> None:
    with connect(server.card) as client:
        feed = client.subscribe("x", policy="block", window=1000)
        rows = Rows(feed)
        assert np.array_equal(rows.all(), X)
        assert feed.schema.names == ("0", "1", "2")
        assert str(feed.schema.time.dt) == "1/360"
        assert (feed.counts.received, feed.counts.lost) == (len(X), 0)
        assert feed.closed
        assert feed.error is None


def test_a_card_in_a_file_connects(server: Server, tmp_path: Path) -> None:
    path = server.card.save(tmp_path / "lab.card")
    with connect(path) as client, connect(str(path), name="other") as other:
        assert [offer.name for offer in client.list()] == [offer.name for offer in other.list()] == ["x"]
        assert client.list()[0].channels == ("0", "1", "2")
        assert client.list()[0].interval == "1/360 s"


@pytest.mark.parametrize("host", ["localhost", "LocalHost."])
def test_localhost_is_loopback_with_its_large_datagrams(host: str) -> None:
    with serve({"x": replay()}, name="lab", host=host) as server, connect(server.card) as client:
        assert server.card.addresses[0].startswith("127.0.0.1:")
        assert server._configuration.max_datagram_size == LOOPBACK_DATAGRAM
        feed = client.subscribe(policy="block", window=len(X))
        feed.wait(timeout=30)
        assert feed.counts.received == len(X)


def test_it_works_where_an_event_loop_runs() -> None:
    async def cell() -> int:
        with serve(replay(X[:10])) as server, connect(server.card) as client:
            feed = client.subscribe()
            feed.wait(timeout=10)
            return feed.counts.received

    assert asyncio.run(cell()) == 10


def test_several_subscribers_each_get_every_row(server: Server) -> None:
    with connect(server.card, name="a") as a, connect(server.card, name="b") as b:
        # both are there before either reads, so the replay waits for the slower one
        feeds = [a.subscribe("x", policy="block", window=64), b.subscribe("x", policy="block", window=64)]
        first, second = (Rows(feed) for feed in feeds)
        assert np.array_equal(first.all(), X)
        assert np.array_equal(second.all(), X[len(X) - len(second.all()) :])


def test_a_dataarray_is_served_as_a_replay_and_several_sources_by_name() -> None:
    one = sequence([1.0, 2.0], dt=0.001, name="one")
    with serve(one, {"two": replay(X[:5])}) as server, connect(server.card) as client:
        assert server.name == "one+two"
        assert [offer.name for offer in client.list()] == ["one", "two"]
        feed = client.subscribe("one", policy="block")
        feed.wait(timeout=10)
        assert feed.window().values.tolist() == [1.0, 2.0]
        with pytest.raises(InputError, match="2 sources; name one of: one, two"):
            client.subscribe()
        with pytest.raises(InputError, match="no source 'three'; it has: one, two"):
            client.subscribe("three")


def test_units_attributes_gaps_and_texts_survive_the_journey() -> None:
    sensor = Sensor()
    sensor.live = False
    sensor.schema = Schema(
        channels=(Channel(name="v", unit="mV"), Channel(name="word", kind="text")),
        time=TimeBase.from_dt("1/8", epoch="2020-01-01"),
        attrs={"title": "words", "level": 3},
    )
    words = np.array(["a", "ü", ""], object)
    sensor.push(
        Block(first=0, start=0, columns=(np.array([1.0, np.nan, 3.0]), words)),
        Block(first=5, start=5, columns=(np.array([6.0]), words[:1]), gap=2),
        end=True,
    )
    with serve({"words": sensor}) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block")
        feed.wait(timeout=10)
        assert feed.schema == sensor.schema
        assert (feed.counts.received, feed.counts.lost) == (4, 2)
        assert feed.rows()["word"].values.tolist() == ["a", "ü", "", "a"]


def test_long_texts_travel_in_batches_that_a_reader_accepts() -> None:
    sensor = Sensor()
    sensor.live = False
    sensor.schema = Schema(channels=(Channel(name="word", kind="text"),))
    words = np.array([chr(97 + i % 26) * 100_000 for i in range(60)], object)
    sensor.push(Block(first=0, start=0, columns=(words,)), end=True)
    with serve({"words": sensor}) as server, connect(server.card) as client:
        rows = Rows(client.subscribe(policy="block"))
        assert rows.all()[:, 0].tolist() == words.tolist()


def test_a_dataset_is_served_with_a_channel_for_each_variable() -> None:
    x = sequence(np.arange(6.0).reshape(3, 2), dt=1, channels=["a", "b"]).to_dataset("channel")
    with serve({"x": Replay(x, speed="max")}, {"y": x}) as server, connect(server.card) as client:
        feed = client.subscribe("x", policy="block")
        feed.wait(timeout=10)
        assert feed.schema.names == ("a", "b")
        assert feed.window().values.tolist() == [[0, 1], [2, 3], [4, 5]]


def test_the_texts_of_a_shipped_dataset_arrive_with_their_rows_at_irregular_times() -> None:
    quakes = datasets.load("earthquakes_usgs")
    with serve({"quakes": Replay(quakes, speed="max")}) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block")
        feed.wait(timeout=10)
        rows = feed.rows()
        for name in ("mag", "place", "type"):
            assert rows[name].values.tolist() == quakes[name].values.tolist()
        assert (rows["time"].values == quakes["time"].values).all()


@pytest.mark.parametrize("name", ["co2_mauna_loa", "elnino_sst", "changepoints"])
def test_a_calendar_sequence_keeps_its_own_unit_and_its_gaps(name: str) -> None:
    x = datasets.load(name)
    with serve({name: Replay(x, speed="max")}) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block")
        feed.wait(timeout=10)
        window = feed.window()
        assert feed.schema.time == timebase(x)
        kept = window.sel(time=x["time"].values)
        np.testing.assert_array_equal(kept.values, x.values)
        assert len(window) == len(x) + feed.counts.lost


def test_the_certificate_is_renewed_while_the_server_runs(server: Server) -> None:
    first = server._configuration.certificate
    server._loop.post(server._admit)
    server._keeper._clock = lambda: utc_now() + dt.timedelta(days=11)
    server._loop.post(server._admit)
    until(lambda: server._configuration.certificate.serial_number != first.serial_number)
    assert server._configuration.private_key is server._keeper.leaf.key


def test_irregular_time_keeps_every_tick() -> None:
    times = np.cumsum(np.random.default_rng(2).exponential(size=300))
    x = sequence(np.arange(300.0), dt=1).assign_coords(time=times)
    with serve(Replay(x, speed="max")) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block")
        feed.wait(timeout=10)
        assert not feed.schema.time.regular
        assert np.allclose(feed.window()["time"].values, times)


def test_a_slow_block_reader_holds_the_source_and_loses_nothing() -> None:
    release = threading.Event()

    class Slow(Rows):
        def update(self, block: Block) -> None:
            assert release.wait(30)
            super().update(block)

    source = replay(np.arange(400_000.0))
    with serve({"x": source}, window=1000) as server, connect(server.card) as client:
        rows = Slow(client.subscribe("x", policy="block", window=100))
        runner = server.runners["x"]
        until(lambda: runner.feed.next > 0 and runner.feed.room() < 250)
        assert runner.feed.next < 400_000 - 1000
        link = next(iter(server.links))
        outflow = next(iter(link.outflows.values()))
        stream = link._quic._streams[outflow.stream]
        assert stream.sender.highest_offset <= WINDOW * 5 / 4
        assert link.backlog(outflow.stream) <= BACKLOG + 2 * BATCH_BYTES
        release.set()
        assert np.array_equal(rows.all()[:, 0], np.arange(400_000.0))


def test_without_a_reader_a_block_subscription_fills_its_window_and_holds() -> None:
    with serve(replay(np.arange(5000.0))) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block", window=128)
        feed.wait(n=128, timeout=10)
        until(lambda: any("nothing reads it" in line for line in feed.health))
        assert feed.window().values.tolist() == list(range(128))
        assert np.array_equal(Rows(feed).all()[:, 0], np.arange(5000.0))


def test_a_reader_that_may_drop_is_skipped_and_got_and_missed_are_all_that_was_sent() -> None:
    release = threading.Event()

    class Slow(Rows):
        def update(self, block: Block) -> None:
            assert release.wait(30)
            super().update(block)

    rows_sent = 600_000
    source = replay(np.arange(float(rows_sent)))
    source.pause()
    with serve({"x": source}, window=1000) as server, connect(server.card) as client:
        feed = client.subscribe("x", policy="drop_oldest", window=100)
        rows = Slow(feed)
        client.resume("x")
        until(lambda: server.runners["x"].feed.closed)
        release.set()
        got = rows.all()[:, 0]
        assert feed.counts.lost > 0
        assert feed.counts.received + feed.counts.lost == rows_sent
        assert len(got) == feed.counts.received
        assert np.array_equal(got, np.concatenate([np.arange(b.first, b.stop) for b in rows.blocks]))
        assert sum(block.gap for block in rows.blocks) == feed.counts.lost
        assert got[-1] == rows_sent - 1


def test_a_reader_that_waits_and_one_that_drops_do_not_hinder_each_other() -> None:
    with (
        serve(replay(np.arange(50_000.0)), window=4096, name="both") as server,
        connect(server.card, name="waits") as waits,
        connect(server.card, name="drops") as drops,
    ):
        rows = Rows(waits.subscribe(policy="block", window=1000))
        newest = drops.subscribe(window=1000)
        assert np.array_equal(rows.all()[:, 0], np.arange(50_000.0))
        newest.wait(timeout=30)
        assert newest.counts.received + newest.counts.lost <= 50_000
        window = newest.window().dropna("time").values
        assert np.array_equal(window, np.sort(window))
        assert window[-1] == 49_999


def test_a_late_joiner_begins_at_the_oldest_row_that_is_held_or_where_it_asks() -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 500))
    with serve({"v": sensor}, window=200, start="now") as server, connect(server.card) as client:
        until(lambda: server.runners["v"].feed.next == 500)
        oldest = client.subscribe("v", name="oldest")
        row = client.subscribe("v", since=450, name="row")
        newest = client.subscribe("v", since="newest", name="newest")
        oldest.wait(n=200, timeout=10)
        row.wait(n=50, timeout=10)
        sensor.push(numbers(500, 1), end=True)
        for feed, first in ((oldest, 300), (row, 450), (newest, 500)):
            feed.wait(timeout=10)
            assert feed.window().values.tolist() == list(range(first, 501))


def test_a_source_begins_with_its_first_subscriber() -> None:
    source = replay()
    with serve({"x": source}) as server, connect(server.card) as client:
        assert server.runners["x"].feed.next == 0
        feed = client.subscribe("x", policy="block")
        feed.wait(n=1, timeout=10)
        assert feed.tail(0).first == 0  # type: ignore[union-attr]


def test_a_finished_replay_begins_anew_with_the_next_subscriber() -> None:
    with serve({"x": replay(X[:100])}) as server, connect(server.card) as client:
        for _ in range(3):
            feed = client.subscribe("x", policy="block")
            feed.wait(timeout=10)
            assert np.array_equal(feed.window().values, X[:100])


def test_what_a_source_raises_reaches_the_feed_which_keeps_its_rows() -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 10), OSError("the cable is out"))
    with serve({"v": sensor}) as server, connect(server.card) as client:
        feed = client.subscribe("v")
        with pytest.raises(StreamError, match="source 'v' failed: OSError: the cable is out"):
            feed.wait(timeout=10)
        assert isinstance(feed.error, StreamError)
        assert feed.window().values.tolist() == list(range(10))


def test_rows_that_do_not_fit_their_schema_are_an_error_of_the_source() -> None:
    sensor = Sensor()
    sensor.push(Block(first=0, start=0, columns=(np.zeros(3), np.zeros(3))))
    with serve({"v": sensor}) as server, connect(server.card) as client:
        feed = client.subscribe("v")
        with pytest.raises(StreamError, match="columns"):
            feed.wait(timeout=10)


def test_pause_resume_and_speed_are_controlled_from_the_client() -> None:
    source = replay(np.arange(1e6), speed=0.5)
    with serve({"x": source, "v": Sensor()}) as server, connect(server.card) as client:
        feed = client.subscribe("x")
        feed.wait(n=1, timeout=10)
        client.pause("x")
        assert source.paused
        client.set_speed("x", 3)
        assert source.speed == 3.0
        client.resume("x")
        assert not source.paused
        client.set_speed("x", "max")
        feed.wait(n=10_000, timeout=20)
        with pytest.raises(InputError, match="speed must be"):
            client.set_speed("x", -1)
        with pytest.raises(InputError, match="has no pause"):
            client.pause("v")


@pytest.mark.parametrize("speed", [100, 0.001])
def test_closing_a_feed_ends_its_subscription_also_while_nothing_comes(speed: float) -> None:
    with serve({"x": replay(np.arange(1e6), speed=speed)}) as server, connect(server.card) as client:
        feed = client.subscribe("x")
        feed.wait(n=1, timeout=10)
        feed.close()
        until(lambda: "0 subscriptions" in server.status())
        again = client.subscribe("x")
        again.wait(n=1, timeout=10)
        assert again.error is None


def test_closing_the_client_closes_its_feeds_without_an_error_and_keeps_their_rows(server: Server) -> None:
    client = connect(server.card)
    feed = client.subscribe("x", policy="block", window=100)
    feed.wait(n=100, timeout=10)
    client.close()
    client.close()
    assert client.closed
    assert feed.closed
    assert feed.error is None
    assert len(feed.window()) == 100
    with pytest.raises(StreamError, match="is closed"):
        client.list()


def test_a_client_can_be_closed_and_made_again(server: Server) -> None:
    for _ in range(3):
        with connect(server.card) as client:
            assert len(client.list()) == 1
    until(lambda: "0 connections" in server.status())


def test_a_name_is_taken_over_by_the_newer_one() -> None:
    first = serve({"x": replay()}, name="lab")
    client = connect(first.card, name="me")
    second = serve({"x": replay()}, name="lab")
    assert first.closed
    assert second.notes == ["closed the older server 'lab'"]
    assert second.card == first.card
    newer = connect(second.card, name="me")
    assert client.closed
    assert newer.notes == ["closed the older client 'me'"]
    assert list(registry.running()) == [("client", "me"), ("server", "lab")]
    registry.close_all()
    assert newer.closed
    assert second.closed


def test_running_the_same_cells_three_times_leaves_as_many_threads_as_once() -> None:
    counts = []
    for _ in range(3):
        server = serve({"x": replay(speed=10)}, name="lab")
        connect(server.card, name="me").subscribe("x").wait(n=10, timeout=10)
        counts.append(len([t for t in threading.enumerate() if t.name.startswith("midstream-")]))
    assert counts[0] == counts[1] == counts[2]
    registry.close_all()
    until(lambda: not [t for t in threading.enumerate() if t.name.startswith(("midstream-server", "midstream-client"))])


def test_a_rotated_token_ends_older_cards_and_the_port_lasts() -> None:
    with serve(replay(), name="lab") as first:
        card = first.card
    with serve(replay(), name="lab") as same:
        assert same.card == card
    with serve(replay(), name="lab", rotate_token=True) as rotated:
        assert rotated.card.addresses == card.addresses
        assert rotated.card.server == card.server
        with pytest.raises(AuthError, match="rotated"):
            connect(card)
        with connect(rotated.card) as client:
            assert client.list()


def test_html_is_deterministic_and_holds_no_token(server: Server) -> None:
    with connect(server.card) as client:
        client.subscribe("x")
        for thing in (server, client, server.card):
            assert thing._repr_html_() == thing._repr_html_()
            assert server.card.token not in thing._repr_html_() + repr(thing)
        assert "lab" in client._repr_html_()
        assert "<td>x</td>" in server._repr_html_()
    assert "closed" in repr(client)


def test_no_log_holds_the_token(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with connect(server.card) as client:
        client.list()
    assert server.card.token not in caplog.text


def test_a_card_is_enough_for_another_process_and_holds_no_private_key(server: Server, tmp_path: Path) -> None:
    text = server.card.save(tmp_path / "c").read_text()
    assert "PRIVATE" not in text
    assert set(json.loads(text)) == {"kind", "version", "name", "server", "addresses", "authority", "token"}
    assert isinstance(Card.load(tmp_path / "c"), Card)


def test_the_client_is_not_in_the_way_of_a_closed_loop(server: Server) -> None:
    client = connect(server.card)
    feed = client.subscribe("x", policy="block", window=10)
    sink = Rows(feed)
    client.close()
    assert sink.done.wait(10)
    assert isinstance(client, Client)
