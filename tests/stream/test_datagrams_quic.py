"""Subscriptions whose rows travel in datagrams: loss and reorder are counted, and the end is never lost."""

import numpy as np
import pytest
from kit import Rows, Sensor, numbers, until
from outage import Network, lose
from relay import Impairments, Relay

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream import Replay, configuration, connect, serve
from midstream_lab.stream.datagrams import frames_of
from midstream_lab.stream.sources.fields import ARRIVAL

#: Seconds for a handshake over a bad path.
PATIENCE = 30.0


def ramp(rows: int, *, speed: float = 8.0) -> Replay:
    return Replay(np.arange(rows, dtype=np.float64), dt="1/1000", speed=speed)


def test_all_rows_arrive_in_order_over_a_good_path() -> None:
    with serve(ramp(3000)) as server, connect(server.card) as client:
        feed = client.subscribe(delivery="datagram")
        assert feed.wait(timeout=30)
        assert (feed.counts.received, feed.counts.lost, feed.counts.late) == (3000, 0, 0)
        assert client.datagrams.received > 0
        assert (client.datagrams.reordered, client.datagrams.ignored) == (0, 0)
        assert np.array_equal(feed.window().values, np.arange(3000.0))


@pytest.fixture
def wide_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small datagrams, also on loopback."""
    monkeypatch.setattr(configuration, "datagram_size", lambda host: configuration.SMALLEST_DATAGRAM)


@pytest.mark.usefixtures("wide_area")
@pytest.mark.parametrize("drop", [0.01, 0.05, 0.2])
def test_what_is_lost_on_the_way_is_counted_also_at_the_beginning_and_the_end(drop: float) -> None:
    rows = 4000
    with (
        serve(ramp(rows, speed=4.0), name="far") as server,
        Relay(server.card, down=Impairments(drop=drop), seed=1) as relay,
        connect(relay.card, timeout=PATIENCE) as client,
    ):
        feed = client.subscribe(delivery="datagram")
        assert feed.wait(timeout=60)
        counts = feed.counts
        assert counts.received + counts.lost == rows
        assert counts.lost > 0
        kept = feed.rows()
        assert np.array_equal(kept[feed.schema.names[0]].values, kept.row.values)


@pytest.mark.usefixtures("wide_area")
def test_what_was_overtaken_for_a_short_time_is_put_in_order_and_what_comes_later_is_late() -> None:
    values = np.arange(3000.0)[:, np.newaxis].repeat(40, axis=1)  # three rows to a datagram
    late = {}
    for name, hold in (("quick", 0.0005), ("slow", 0.1)):
        with (
            serve(Replay(values, dt="1/1000", speed=4.0), name=name) as server,
            Relay(server.card, down=Impairments(reorder=0.2, hold=hold), seed=1) as relay,
            connect(relay.card, timeout=PATIENCE) as client,
        ):
            feed = client.subscribe(delivery="datagram")
            assert feed.wait(timeout=60)
            counts = feed.counts
            assert client.datagrams.reordered > 10
            assert counts.received + counts.lost == len(values)
            assert np.all(np.diff(feed.rows().row.values) > 0)
            assert counts.lost >= counts.late  # what was late had been counted as lost
            late[name] = counts.late
    assert late["slow"] > 2 * late["quick"]


def test_late_rows_and_such_that_come_twice_are_counted() -> None:
    source = Sensor()
    with serve({"s": source}) as server, connect(server.card) as client:
        feed = client.subscribe(delivery="datagram")
        source.push(numbers(0, 10), numbers(10, 10))
        feed.wait(n=20, timeout=30)
        calling = client._session.calling
        assert calling is not None
        (number,) = calling._subscribed
        schema = Schema(channels=(Channel(name="v"),))
        (twice,) = frames_of(numbers(5, 3), schema, subscription=number, index=0, begin=0, room=1000)
        client._loop.post(calling.on_datagram, twice)
        until(lambda: feed.counts.late == 3)
        assert feed.counts.received == 20


def test_datagrams_that_are_none_of_the_format_cost_nothing() -> None:
    source = Sensor()
    with serve({"s": source}) as server, connect(server.card) as client:
        feed = client.subscribe(delivery="datagram")
        calling = client._session.calling
        assert calling is not None
        for data in (b"", b"\x01\x00", b"\xff" * 100, bytes(64)):
            client._loop.post(calling.on_datagram, data)
            client._loop.post(calling.send_datagram, data or b"\x00")
        source.push(numbers(0, 10), end=True)
        assert feed.wait(timeout=30)
        assert (feed.counts.received, client.datagrams.ignored) == (10, 4)
        assert client.state == "connected"


def test_texts_are_refused_with_a_clear_error() -> None:
    class Words(Sensor):
        def __init__(self) -> None:
            super().__init__()
            self.schema = Schema(channels=(Channel(name="word", kind="text"),))

    with (
        serve({"words": Words()}) as server,
        connect(server.card) as client,
        pytest.raises(InputError, match="'word' holds texts"),
    ):
        client.subscribe(delivery="datagram")


def test_a_row_that_does_not_fit_is_refused_with_a_clear_error() -> None:
    wide = Replay(np.zeros((10, 2000)), dt="1/10", speed="max")
    with (
        serve({"wide": wide}) as server,
        connect(server.card) as client,
        pytest.raises(InputError, match="a row of 16000 bytes does not fit"),
    ):
        client.subscribe(delivery="datagram")


def test_a_reader_that_stalls_costs_a_bounded_amount_and_what_it_missed_is_counted() -> None:
    rows = 300_000
    with serve(Replay(np.arange(float(rows)), dt="1/1000", speed="max")) as server, connect(server.card) as client:
        feed = client.subscribe(policy="block", window=1024, delivery="datagram")
        calling = client._session.calling
        assert calling is not None
        (stream,) = calling._subscribed.values()
        until(lambda: stream.finished)
        assert len(stream.rows) <= 257
        sink = Rows(feed)
        got = len(sink.all())
        counts = feed.counts
        assert counts.received == got < rows
        assert counts.received + counts.lost == rows


@pytest.mark.usefixtures("wide_area")
def test_a_source_that_can_wait_goes_as_fast_as_datagrams_do() -> None:
    values = np.arange(60_000.0).reshape(-1, 60)
    path = Impairments(bandwidth=1e6, delay=0.01)
    with (
        serve(Replay(values, dt="1/1000", speed="max"), name="far") as server,
        Relay(server.card, down=path) as relay,
        connect(relay.card, timeout=PATIENCE) as client,
    ):
        feed = client.subscribe(policy="block", delivery="datagram")
        rows = Rows(feed).all()
        assert feed.counts.received + feed.counts.lost == len(values)
        assert len(rows) == feed.counts.received
        until(lambda: "0 subscriptions" in server.status())
        assert server.datagrams_dropped == 0


@pytest.mark.usefixtures("wide_area")
def test_a_source_that_does_not_wait_drops_the_oldest_unsent_datagrams_and_the_server_says_how_many() -> None:
    rows = 50_000
    source = Sensor()
    source.push(*(numbers(first, 500) for first in range(0, rows, 500)), end=True)
    with (
        serve({"s": source}, name="far", batch_seconds=0.0) as server,
        Relay(server.card, down=Impairments(bandwidth=1e5, delay=0.02)) as relay,
        connect(relay.card, timeout=PATIENCE) as client,
    ):
        feed = client.subscribe(delivery="datagram")
        assert feed.wait(timeout=60)
        assert feed.counts.received + feed.counts.lost == rows
        until(lambda: "0 subscriptions" in server.status())
        assert server.datagrams_dropped > 0
        assert "datagrams dropped unsent" in server.status()


def test_a_feed_of_datagrams_goes_on_after_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    network, source = Network(monkeypatch), Sensor()
    with serve({"s": source}) as server, connect(server.card) as client:
        feed = client.subscribe(delivery="datagram")
        source.push(numbers(0, 100))
        feed.wait(n=100, timeout=30)
        lose(network, client, lambda: source.push(numbers(100, 50)))
        source.push(numbers(150, 10), end=True)
        assert feed.wait(timeout=30)
        assert (feed.counts.received, feed.counts.lost) == (160, 0)


def test_bools_integers_and_irregular_times_arrive() -> None:
    source = Sensor()
    source.schema = Schema(
        channels=(Channel(name="n", kind="int"), Channel(name="on", kind="bool")),
        time=ARRIVAL,
    )
    ticks = np.array([5, 8, 8, 100])
    source.push(
        Block(first=0, start=5, columns=(np.arange(4) * 2**40, np.array([True, False, True, True])), ticks=ticks),
        end=True,
    )
    with serve({"s": source}) as server, connect(server.card) as client:
        feed = client.subscribe(delivery="datagram")
        assert feed.wait(timeout=30)
        block = feed.tail(0)
        assert block is not None
        assert block.ticks is not None
        assert block.ticks.tolist() == ticks.tolist()
        assert block.columns[0].tolist() == [0, 2**40, 2**41, 3 * 2**40]
        assert block.columns[1].tolist() == [True, False, True, True]
