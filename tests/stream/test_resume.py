"""Feeds that outlive their connection: each row once, and gaps of known and of unknown size."""

import socket
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import Rows, Sensor, numbers, until
from outage import Network, lose

from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.timebase import TimeBase

X = np.random.default_rng(4).normal(size=40_000)


def replay(x: Any = X, *, speed: Any = 5) -> Replay:
    return Replay(x, dt="1/1000", speed=speed)


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    return Network(monkeypatch)


def test_the_same_feed_goes_on_at_the_next_row_after_a_lost_connection(network: Network) -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 50))
    with serve({"v": sensor}) as server, connect(server.card) as client:
        feed = client.subscribe("v")
        feed.wait(n=50, timeout=10)

        def meanwhile() -> None:
            sensor.push(numbers(50, 50))
            until(lambda: server.runners["v"].feed.next == 100)

        lose(network, client, meanwhile)
        sensor.push(numbers(100, 1), end=True)
        feed.wait(timeout=10)
        assert feed.window().values.tolist() == list(range(101))
        assert (feed.counts.received, feed.counts.lost, feed.counts.late) == (101, 0, 0)
        assert any("the plug was pulled" in line for line in feed.health)
        assert any(line.startswith("connected again after") for line in feed.health)
        assert client.notes[-2:] == feed.health[-2:]


@pytest.mark.parametrize("policy", ["block", "drop_oldest"])
def test_rows_come_once_and_in_order_however_often_the_connection_is_lost(policy: Any, network: Network) -> None:
    rng = np.random.default_rng(5)
    with serve({"x": replay()}) as server, connect(server.card) as client:
        rows = Rows(client.subscribe("x", policy=policy, window=4096))
        for at in np.sort(rng.integers(100, 30_000, size=12)):
            until(lambda at=at: rows.feed.counts.received >= at)
            before = client._session.calling
            network.unplug(client, stay_down=False)
            until(lambda before=before: client._session.calling is not before)
            until(lambda: client.state == "connected")
        client.set_speed("x", "max")
        assert np.array_equal(rows.all()[:, 0], X)
        assert (rows.feed.counts.received, rows.feed.counts.lost, rows.feed.counts.late) == (len(X), 0, 0)


def test_rows_that_wait_for_a_slow_reader_are_kept_over_several_lost_connections(network: Network) -> None:
    release = threading.Event()

    class Slow(Rows):
        def update(self, block: Block) -> None:
            assert release.wait(60)
            super().update(block)

    with serve({"x": replay(speed="max")}, window=50_000) as server, connect(server.card) as client:
        rows = Slow(client.subscribe("x", policy="block", window=100))
        inflow = client._session.subscriptions[0].inflow
        for _ in range(3):
            until(lambda: inflow._pending and not inflow.waiting)
            lose(network, client)
        release.set()
        assert np.array_equal(rows.all()[:, 0], X)
        assert rows.feed.counts.lost == 0


def test_what_the_server_does_not_hold_any_more_is_a_gap_of_exactly_that_size(network: Network) -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 15))
    with serve({"v": sensor}, window=20) as server, connect(server.card) as client:
        rows = Rows(client.subscribe("v"))
        rows.feed.wait(n=15, timeout=10)

        def meanwhile() -> None:
            sensor.push(*(numbers(first, 5) for first in range(15, 100, 5)))
            until(lambda: server.runners["v"].feed.next == 100)

        lose(network, client, meanwhile)
        sensor.push(numbers(100, 1), end=True)
        got = rows.all()[:, 0]
        feed = rows.feed
        assert feed.counts.lost == 100 - 15 - 20
        assert any(
            line.startswith("65 rows that came while the connection was lost are missing") for line in feed.health
        )
        assert got.tolist() == [*range(15), *range(80, 101)]
        assert [block.gap for block in rows.blocks if block.gap] == [65]
        window = feed.window()
        assert np.isnan(window.values[15:80]).all()
        assert window.attrs["missing"] == 65


def test_a_gap_at_the_very_end_is_counted_too(network: Network) -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 10))
    with serve({"v": sensor}, window=20) as server, connect(server.card) as client:
        feed = client.subscribe("v", policy="drop_newest")
        feed.wait(n=10, timeout=10)

        def meanwhile() -> None:
            sensor.push(*(numbers(first, 10) for first in range(10, 60, 10)), end=True)
            until(lambda: server.runners["v"].feed.closed)

        lose(network, client, meanwhile)
        feed.wait(timeout=10)
        assert feed.counts.received + feed.counts.lost == 60


def test_a_sensor_whose_server_was_started_again_goes_on_after_a_gap_of_unknown_size() -> None:
    first, second = Sensor(), Sensor()
    first.push(numbers(0, 10))
    server = serve({"v": first}, name="lab")
    with connect(server.card) as client:
        rows = Rows(client.subscribe("v"))
        rows.feed.wait(n=10, timeout=10)
        server.close()
        second.push(numbers(0, 5), end=True)
        with serve({"v": second}, name="lab"):
            assert rows.all()[:, 0].tolist() == [*range(10), *range(5)]
            assert (rows.feed.counts.received, rows.feed.counts.lost) == (15, 1)
            assert [block.gap for block in rows.blocks if block.gap] == [1]
            assert any("the gap is of unknown size, counted as one row" in line for line in rows.feed.health)


def test_after_a_gap_of_unknown_size_another_lost_connection_loses_nothing(network: Network) -> None:
    first, second = Sensor(), Sensor()
    first.push(numbers(0, 100))
    server = serve({"v": first}, name="lab")
    with connect(server.card) as client:
        feed = client.subscribe("v")
        feed.wait(n=100, timeout=10)
        server.close()
        second.push(numbers(0, 5))
        with serve({"v": second}, name="lab"):
            feed.wait(n=105, timeout=10)
            lose(network, client, lambda: second.push(numbers(5, 5)))
            second.push(numbers(10, 5), end=True)
            feed.wait(timeout=10)
            assert feed.window().values[-15:].tolist() == list(range(15))
            assert (feed.counts.received, feed.counts.lost, feed.counts.late) == (115, 1, 0)


def test_a_run_that_nothing_came_from_is_not_mistaken_for_the_older_one() -> None:
    sensors = [Sensor(), Sensor(), Sensor()]
    sensors[0].push(numbers(0, 10))
    server = serve({"v": sensors[0]}, name="lab")
    with connect(server.card) as client:
        feed = client.subscribe("v")
        feed.wait(n=10, timeout=10)
        for sensor in sensors[1:]:
            server.close()
            until(lambda: client.state == "reconnecting")
            server = serve({"v": sensor}, name="lab")
            until(lambda: client.state == "connected")
        sensors[2].push(numbers(0, 3), end=True)
        feed.wait(timeout=10)
        assert (feed.counts.received, feed.counts.lost) == (13, 1)
        server.close()


def test_the_row_that_a_subscription_began_at_is_not_asked_of_another_run() -> None:
    sensors = [Sensor(), Sensor(), Sensor()]
    server = serve({"v": sensors[0]}, name="lab")
    with connect(server.card) as client:
        feed = client.subscribe("v", since=5)
        for sensor in sensors[1:]:
            before = client._session.calling
            server.close()
            server = serve({"v": sensor}, name="lab")
            until(lambda before=before: client._session.calling is not before and client.state == "connected")
        sensors[2].push(numbers(0, 10), end=True)
        feed.wait(timeout=10)
        assert feed.window().values.tolist() == list(range(10))
        server.close()


def test_irregular_times_never_go_back_when_the_source_began_anew() -> None:
    def sensor(*ticks: int) -> Sensor:
        made = Sensor()
        made.schema = Schema(channels=(Channel(name="v"),), time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0))
        at = np.array(ticks, np.int64)
        made.push(Block(first=0, start=ticks[0], columns=(at.astype(float),), ticks=at))
        return made

    older, newer = sensor(5, 50, 500), sensor(3, 30)
    newer.push(end=True)
    server = serve({"v": older}, name="lab")
    with connect(server.card) as client:
        feed = client.subscribe("v")
        feed.wait(n=3, timeout=10)
        server.close()
        with serve({"v": newer}, name="lab"):
            feed.wait(timeout=10)
            assert feed.rows()["v"].values.tolist() == [5, 50, 500, 3, 30]
            assert feed.counts.lost == 1


def test_pipes_below_a_feed_go_on_and_see_the_gap(network: Network) -> None:
    class Twice:
        def schema_out(self, schema: Schema) -> Schema:
            return schema

        def update(self, block: Block) -> Block:
            return Block(first=block.first, start=block.start, columns=(2 * block.columns[0],), gap=block.gap)

        def finish(self) -> None:
            return None

    sensor = Sensor()
    sensor.push(numbers(0, 15))
    with serve({"v": sensor}, window=20) as server, connect(server.card) as client:
        feed = client.subscribe("v")
        last = feed
        for depth in range(3):
            last = last.pipe(Twice(), name=f"twice{depth}")
        rows = Rows(last)
        last.wait(n=15, timeout=10)

        def meanwhile() -> None:
            assert last.interruption.startswith("reconnecting, attempt")
            assert "reconnecting, attempt" in repr(last)
            sensor.push(*(numbers(first, 5) for first in range(15, 50, 5)))
            until(lambda: server.runners["v"].feed.next == 50)

        lose(network, client, meanwhile)
        assert last.interruption == ""
        sensor.push(numbers(50, 1), end=True)
        assert rows.all()[:, 0].tolist() == [8 * i for i in (*range(15), *range(30, 51))]
        assert last.counts.lost == 15


def test_several_feeds_of_a_client_all_go_on(network: Network) -> None:
    sources = {f"s{i}": replay(X[: 3000 + i]) for i in range(5)}
    with serve(sources) as server, connect(server.card) as client:
        rows = [Rows(client.subscribe(name, policy="block")) for name in sources]
        until(lambda: min(each.feed.counts.received for each in rows) > 200)
        lose(network, client)
        for i, each in enumerate(rows):
            assert np.array_equal(each.all()[:, 0], X[: 3000 + i])


def test_a_replay_goes_on_at_the_next_row_when_its_server_was_started_again() -> None:
    server = serve({"x": replay()}, name="lab")
    with connect(server.card) as client:
        rows = Rows(client.subscribe("x"))
        rows.feed.wait(n=1000, timeout=20)
        server.close()
        with serve({"x": replay()}, name="lab") as again:
            assert again.card == server.card
            rows.feed.wait(n=rows.feed.counts.received + 1000, timeout=20)
            client.set_speed("x", "max")
            assert np.array_equal(rows.all()[:, 0], X)


def test_a_replay_that_is_started_again_begins_where_the_feed_that_is_furthest_behind_goes_on() -> None:
    server = serve({"x": replay()}, name="lab")
    with connect(server.card) as client:
        ahead = client.subscribe("x", since=6000, policy="block", name="ahead")
        behind = client.subscribe("x", policy="block", name="behind")
        behind.wait(n=1000, timeout=20)
        server.close()
        with serve({"x": replay()}, name="lab"):
            rows = [Rows(behind), Rows(ahead)]
            behind.wait(n=7000, timeout=30)
            client.set_speed("x", "max")
            assert np.array_equal(rows[0].all()[:, 0], X)
            assert np.array_equal(rows[1].all()[:, 0], X[6000:])
            for feed in (ahead, behind):
                assert (feed.counts.lost, feed.counts.late) == (0, 0)


def test_rows_before_the_one_that_was_asked_for_are_not_sent() -> None:
    with serve({"x": replay(X[:3000])}) as server, connect(server.card) as client:
        rows = Rows(client.subscribe("x", since=1234, policy="block"))
        assert np.array_equal(rows.all()[:, 0], X[1234:3000])
        assert (rows.blocks[0].first, rows.feed.counts.lost, rows.feed.counts.late) == (1234, 0, 0)


def test_a_server_that_is_replaced_under_its_name_is_followed() -> None:
    with serve({"x": replay()}, name="lab") as server, connect(server.card) as client:
        feed = client.subscribe("x")
        feed.wait(n=100, timeout=10)
        with serve({"x": replay()}, name="lab"):
            feed.wait(n=feed.counts.received + 1000, timeout=20)
            assert feed.counts.lost == 0
            assert np.array_equal(feed.window().values, X[: feed.counts.received])


def test_a_server_that_came_back_on_another_port_is_found_through_the_file_of_its_card(tmp_path: Path) -> None:
    server = serve({"x": replay()}, name="lab")
    path = server.card.save(tmp_path / "lab.card")
    host, port = server.card.addresses[0].split(":")
    with connect(path) as client:
        feed = client.subscribe("x")
        feed.wait(n=100, timeout=10)
        server.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((host, int(port)))
            with serve({"x": replay()}, name="lab") as again:
                assert again.card.addresses != server.card.addresses
                again.card.save(path)
                feed.wait(n=feed.counts.received + 500, timeout=40)
                assert client.card == again.card
                assert feed.counts.lost == 0
