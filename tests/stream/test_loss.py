"""What is reliable arrives intact over paths that drop, reorder, duplicate, corrupt and rebind."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from relay import Impairments, Relay

from midstream_lab.feed import Block, Feed, Schema
from midstream_lab.stream import Client, Replay, configuration, connect, serve

CHANNELS = 4
SPOILED = Impairments(drop=0.02, reorder=0.05, hold=0.005, duplicate=0.05, delay=0.005, jitter=0.002)
#: Seconds for a handshake or an answer of which every datagram may be lost a few times.
PATIENCE = 30.0


@pytest.fixture(autouse=True)
def wide_area(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small datagrams, of which many are needed, and the flight bound of a path between machines, also on loopback."""
    monkeypatch.setattr(configuration, "datagram_size", lambda host: configuration.SMALLEST_DATAGRAM)


def numbers(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, CHANNELS))


def replay(rows: int, seed: int = 0) -> Replay:
    return Replay(numbers(rows, seed), dt="1/360", speed="max")


class Digest:
    """Hashes the rows that come."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.sha = hashlib.sha256()
        self.rows = 0
        self.changed = threading.Condition()
        self.ended = False
        self.pipe = feed.pipe(self)

    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> None:
        self.sha.update(np.stack(block.columns, axis=1).tobytes())
        with self.changed:
            self.rows += len(block)
            self.changed.notify_all()

    def finish(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def wait(self, rows: int | None = None) -> None:
        """Until so many rows, or all, have come."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.ended or (rows is not None and self.rows >= rows), 60)


def assert_intact(digest: Digest, rows: int, seed: int = 0) -> None:
    digest.wait()
    assert digest.feed.error is None
    assert (digest.feed.counts.received, digest.feed.counts.lost) == (rows, 0)
    assert digest.sha.hexdigest() == hashlib.sha256(numbers(rows, seed).tobytes()).hexdigest()


def subscribe(client: Client, source: str) -> Digest:
    return Digest(client.subscribe(source, policy="block", window=8192))


@contextmanager
def over(
    path: Impairments, sources: dict[str, Replay], *, seed: int = 0, window: int = 65_536, host: str = "127.0.0.1"
) -> Iterator[tuple[Client, Relay]]:
    """A client that reaches a server over this path, both ways."""
    with (
        serve(sources, name="far", window=window, host=host) as server,
        Relay(server.card, up=path, seed=seed) as relay,
        connect(relay.card, timeout=PATIENCE) as client,
    ):
        yield client, relay


@pytest.mark.parametrize(("drop", "rows"), [(0.01, 60_000), (0.05, 30_000), (0.2, 8_000)])
def test_everything_arrives_intact_where_datagrams_are_dropped(drop: float, rows: int) -> None:
    with over(Impairments(drop=drop), {"x": replay(rows)}) as (client, relay):
        assert_intact(subscribe(client, "x"), rows)
        assert relay.counts("down").received > rows * CHANNELS * 8 / 1200
        assert relay.counts("up").dropped + relay.counts("down").dropped > 10


def test_everything_arrives_intact_where_datagrams_are_dropped_reordered_duplicated_and_delayed_at_once() -> None:
    with over(SPOILED, {"x": replay(20_000)}, seed=3) as (client, relay):
        assert_intact(subscribe(client, "x"), 20_000)
        counts = relay.counts("down")
        assert min(counts.dropped, counts.reordered, counts.duplicated) > 0


def test_several_streams_of_one_connection_arrive_intact_over_a_bad_path() -> None:
    sources = {f"s{seed}": replay(10_000, seed) for seed in range(4)}
    with over(Impairments(drop=0.05), sources, seed=1) as (client, _):
        digests = [subscribe(client, name) for name in sources]
        for seed, digest in enumerate(digests):
            assert_intact(digest, 10_000, seed)


def test_several_clients_behind_one_bad_path_each_get_everything() -> None:
    # the replay runs once for both: it begins when the second reader is there
    source = replay(10_000)
    source.pause()
    with (
        over(Impairments(drop=0.05), {"x": source}, seed=2) as (client, relay),
        connect(relay.card, name="other", timeout=PATIENCE) as other,
    ):
        digests = [subscribe(client, "x"), subscribe(other, "x")]
        client.resume("x")
        for digest in digests:
            assert_intact(digest, 10_000)


def test_corrupt_datagrams_are_ignored_and_what_they_held_comes_again() -> None:
    with over(Impairments(corrupt=0.05), {"x": replay(20_000)}, seed=4) as (client, relay):
        assert_intact(subscribe(client, "x"), 20_000)
        assert min(relay.counts("up").corrupted, relay.counts("down").corrupted) > 0


@pytest.mark.parametrize("drop", [0.0, 0.05])
def test_a_rebound_port_in_the_middle_keeps_the_connection_and_loses_nothing(drop: float) -> None:
    rows = 60_000
    with over(Impairments(drop=drop, bandwidth=3e6), {"x": replay(rows)}, window=4096) as (client, relay):
        connection = client._session.calling
        digest = subscribe(client, "x")
        for part in (4, 2):
            digest.wait(rows // part)
            assert not digest.ended
            relay.rebind()
        assert_intact(digest, rows)
        assert client._session.calling is connection


def test_a_path_that_is_dead_for_a_second_loses_nothing() -> None:
    rows = 60_000
    with over(Impairments(bandwidth=3e6), {"x": replay(rows)}, window=4096) as (client, relay):
        connection = client._session.calling
        digest = subscribe(client, "x")
        digest.wait(rows // 4)
        relay.cut()
        time.sleep(1.0)
        assert digest.rows < rows
        relay.heal()
        assert_intact(digest, rows)
        assert client._session.calling is connection


def test_requests_are_answered_over_a_path_that_drops_a_fifth() -> None:
    with over(Impairments(drop=0.2), {"x": replay(10)}, seed=5) as (client, _):
        assert [client.list()[0].name for _ in range(20)] == ["x"] * 20


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_client_that_comes_back_with_a_session_ticket_is_let_in_over_a_bad_path(host: str) -> None:
    # a server on all addresses has each of them proved, with a datagram more that may be lost
    with over(Impairments(drop=0.05), {"x": replay(10)}, seed=6, host=host) as (_, relay):
        for i in range(8):
            with connect(relay.card, name=f"again {i}", timeout=PATIENCE) as client:
                assert client.list()[0].name == "x"


def test_a_path_slower_than_its_source_drops_for_a_reader_that_may_drop_and_every_row_is_accounted_for() -> None:
    rows = 200_000
    source = Replay(np.arange(float(rows)), dt="1/360", speed="max")
    with over(Impairments(drop=0.01, bandwidth=2e6), {"x": source}, window=1000) as (client, _):
        feed = client.subscribe("x", policy="drop_oldest", window=rows)
        feed.wait(timeout=60)
        assert feed.counts.lost > 0
        assert feed.counts.received + feed.counts.lost == rows
        window = feed.window()
        present = ~np.isnan(window.values)
        assert present.sum() == feed.counts.received
        assert np.array_equal(window.values[present], np.arange(rows - len(window), rows)[present])
