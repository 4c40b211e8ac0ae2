"""A slow reader over QUIC: what each policy delivers, what it costs on both sides, and that the counts agree."""

import contextlib
import hashlib
import itertools
import queue
import threading
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kit import numbers, until

from midstream_lab.errors import InputError, StreamError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.feed.reader import Policy, ReaderCounts
from midstream_lab.stream import Client, Server, connect, serve
from midstream_lab.stream.configuration import WINDOW
from midstream_lab.stream.frames import BATCH_BYTES
from midstream_lab.stream.inflow import Inflow
from midstream_lab.stream.outflow import BACKLOG, Outflow

DROPPING: list[Policy] = ["drop_oldest", "drop_newest", "decimate"]
CHANNELS = 64
ROW_BYTES = 8 * CHANNELS
#: Rows that the server's window holds; what a stalled client costs is a few thousand rows more.
SERVER_WINDOW = 1024
#: Rows of a block of the source, and rows in all: 51 MB, many times what both sides may hold together.
BLOCK, ROWS = 500, 100_000


class Source:
    """Blocks that the test pushes; `live` says whether it can wait."""

    def __init__(self, *, live: bool, channels: int = CHANNELS) -> None:
        self.live = live
        self.schema = Schema(channels=tuple(Channel(name=f"c{i}") for i in range(channels)))
        self._blocks: queue.Queue[Iterator[Block] | None] = queue.Queue()

    def push(self, first: int, stop: int, *, size: int = BLOCK) -> None:
        """Rows whose value is their number, made when they are due."""
        width = len(self.schema.channels)
        self._blocks.put(
            Block(first=at, start=at, columns=(np.arange(float(at), min(at + size, stop)),) * width)
            for at in range(first, stop, size)
        )

    def end(self) -> None:
        self._blocks.put(None)

    def blocks(self, stop: Any) -> Iterator[Block]:
        while not stop.is_set():
            try:
                pushed = self._blocks.get(timeout=0.05)
            except queue.Empty:
                continue
            if pushed is None:
                return
            yield from pushed


class Stalled:
    """A sink that takes nothing until it is let go, then everything."""

    def __init__(self, feed: Feed) -> None:
        self.go = threading.Event()
        self.entered = threading.Event()
        self.rows: list[np.ndarray] = []
        self.sink = feed.sink(self._take)

    def _take(self, block: Block) -> None:
        self.entered.set()
        assert self.go.wait(120)
        self.rows.append(block.columns[0].copy())

    def numbers(self) -> np.ndarray:
        self.sink.wait(timeout=120)
        return np.concatenate(self.rows)


def outflow_of(server: Server) -> Outflow:
    until(lambda: any(link.outflows for link in server.links))
    return next(iter(next(link for link in server.links if link.outflows).outflows.values()))


def stuck(outflow: Outflow) -> bool:
    """Whether rows wait, no more may be written, and the client has used up its credit and acknowledged it."""
    if outflow._endpoint.backlog(outflow.stream) < BACKLOG:
        return False
    stream = outflow._endpoint._quic._streams[outflow.stream]
    sent = stream.sender.highest_offset
    return bool(outflow.counts.waiting) and sent == stream.max_stream_data_remote == stream.sender._buffer_start


def settled(outflow: Outflow) -> ReaderCounts:
    """The counts when nothing moves any more."""
    while True:
        until(lambda: stuck(outflow))
        before = outflow.counts
        time.sleep(0.2)
        if stuck(outflow) and outflow.counts.received == before.received:
            return outflow.counts


def fill(source: Source, server: Server, outflow: Outflow) -> int:
    """Push rows until both ends hold as many as they may and some wait at the server; how many were pushed."""
    for pushed in itertools.count(100, 100):
        source.push(pushed - 100, pushed)
        until(
            lambda n=pushed: server.runners["sensor"].feed.next == n and (not outflow.counts.waiting or stuck(outflow))
        )
        if stuck(outflow):
            return pushed
    raise AssertionError("never reached")


@contextlib.contextmanager
def paused(server: Server) -> Iterator[None]:
    """The server's loop stands still: its sources go on, and nothing is sent."""
    gate, closed = threading.Event(), threading.Event()

    def wait() -> None:
        closed.set()
        gate.wait(60)

    server._loop.post(wait)
    try:
        assert closed.wait(30)
        yield
    finally:
        gate.set()


def assert_all_rows_are_accounted_for(feed: Feed, counts: ReaderCounts, sent: int) -> None:
    """Both ends count the same, and received + dropped = sent."""
    ours = feed.counts
    assert counts.sent == sent
    assert counts.waiting == 0
    assert ours.received == counts.received
    assert ours.lost + ours.decimated == counts.dropped
    assert ours.received + ours.lost + ours.decimated == sent


@pytest.fixture
def pair() -> Iterator[tuple[Source, Server, Client]]:
    source = Source(live=True)
    with serve({"sensor": source}, window=SERVER_WINDOW) as server, connect(server.card) as client:
        yield source, server, client


@pytest.mark.parametrize("policy", DROPPING)
def test_a_reader_that_stalls_while_a_live_source_goes_on_costs_its_bound_on_both_sides(
    pair: tuple[Source, Server, Client], policy: Policy
) -> None:
    source, server, client = pair
    feed = client.subscribe(policy=policy, window=500)
    stalled = Stalled(feed)
    outflow = outflow_of(server)
    tracemalloc.start()
    try:
        source.push(fill(source, server, outflow), ROWS)
        until(lambda: server.runners["sensor"].feed.next == ROWS)
        counts = settled(outflow)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts.waiting <= SERVER_WINDOW
    assert outflow._endpoint.backlog(outflow.stream) <= BACKLOG + 2 * BATCH_BYTES
    assert feed.counts.received <= 500
    # the client's credit, its rows and what the server holds for this subscription, with copies under way
    assert peak < 3 * (BACKLOG + WINDOW + 2 * SERVER_WINDOW * ROW_BYTES) < ROWS * ROW_BYTES / 4
    stalled.go.set()
    source.end()
    rows = stalled.numbers()
    feed.wait(timeout=60)
    assert_all_rows_are_accounted_for(feed, outflow.counts, ROWS)
    assert len(rows) == feed.counts.received
    assert np.all(np.diff(rows) > 0)
    sent_before = counts.received  # both ends held these already
    assert np.array_equal(rows[:sent_before], np.arange(sent_before))
    later = {
        "drop_oldest": range(ROWS - SERVER_WINDOW, ROWS),
        "drop_newest": range(sent_before, sent_before + SERVER_WINDOW),
        "decimate": range(128 * (sent_before // 128 + 1), ROWS, 128),
    }[policy]
    assert rows[sent_before:].tolist() == list(later)
    assert (feed.counts.lost == 0) == (policy == "decimate")
    assert (feed.counts.decimated == 0) == (policy != "decimate")


@pytest.mark.parametrize("policy", DROPPING)
def test_a_live_source_and_a_slow_reader_go_on_beside_each_other(
    pair: tuple[Source, Server, Client], policy: Policy
) -> None:
    """Not stalled, only slower than the source, again and again behind and caught up."""
    source, server, client = pair
    feed = client.subscribe(policy=policy, window=500)
    stalled = Stalled(feed)
    outflow = outflow_of(server)
    for round_ in range(4):
        stalled.go.clear()
        source.push(round_ * 20_000, (round_ + 1) * 20_000)
        until(lambda r=round_: server.runners["sensor"].feed.next == (r + 1) * 20_000)
        stalled.go.set()
        until(lambda: outflow.counts.waiting == 0)
    source.end()
    rows = stalled.numbers()
    feed.wait(timeout=60)
    assert_all_rows_are_accounted_for(feed, outflow.counts, 80_000)
    assert np.all(np.diff(rows) > 0)
    assert len(rows) == feed.counts.received


def test_a_live_source_that_overruns_a_block_subscription_ends_it_with_an_error_that_says_why(
    pair: tuple[Source, Server, Client],
) -> None:
    source, server, client = pair
    feed = client.subscribe(policy="block", window=500)
    stalled = Stalled(feed)
    outflow = outflow_of(server)
    source.push(0, ROWS)
    until(lambda: server.runners["sensor"].feed.next == ROWS)
    stalled.go.set()
    with pytest.raises(StreamError, match=r"policy='block' lost \d+ rows.*another policy: 'drop_oldest'"):
        feed.wait(timeout=60)
    counts = outflow.counts
    assert 0 < counts.sent <= ROWS
    assert_all_rows_are_accounted_for(feed, counts, counts.sent)
    assert feed.counts.lost > 0
    # the source and other readers go on
    other = client.subscribe(policy="drop_oldest")
    source.push(ROWS, ROWS + 10)
    until(lambda: other.next == ROWS + 10)


def test_a_generator_under_block_arrives_whole_after_a_stall_that_costs_the_bound() -> None:
    source = Source(live=False)
    source.push(0, ROWS)
    source.end()
    with serve({"x": source}, window=SERVER_WINDOW) as server, connect(server.card) as client:
        tracemalloc.start()
        try:
            feed = client.subscribe(policy="block", window=500)
            stalled = Stalled(feed)
            outflow = outflow_of(server)
            assert stalled.entered.wait(30)
            counts = settled(outflow)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert counts.dropped == 0
        assert counts.waiting <= SERVER_WINDOW
        assert server.runners["x"].feed.next < ROWS / 4
        assert peak < 3 * (BACKLOG + WINDOW + SERVER_WINDOW * ROW_BYTES)
        stalled.go.set()
        rows = stalled.numbers()
        digests = [hashlib.sha256(x.tobytes()).hexdigest() for x in (rows, np.arange(float(ROWS)))]
        assert digests[0] == digests[1]
        assert_all_rows_are_accounted_for(feed, outflow.counts, ROWS)
        assert (feed.counts.lost, feed.counts.decimated) == (0, 0)


@pytest.mark.parametrize("policy", DROPPING)
def test_rows_dropped_before_the_first_batch_are_counted(policy: Policy) -> None:
    """A sensor that overruns the server's window before anything was sent."""
    source = Source(live=True, channels=1)
    with serve({"v": source}, window=200) as server, connect(server.card) as client:
        feed = client.subscribe(policy=policy)
        outflow = outflow_of(server)
        with paused(server):
            source.push(0, 5003, size=50)
            until(lambda: server.runners["v"].feed.next == 5003)
        source.end()
        feed.wait(timeout=30)
        assert_all_rows_are_accounted_for(feed, outflow.counts, 5003)
        values = feed.rows()["c0"].values.tolist()
        held = {"drop_oldest": range(4803, 5003), "drop_newest": range(200), "decimate": range(0, 5003, 32)}
        assert values == list(held[policy])


def test_rows_dropped_before_the_first_batch_of_a_new_run_are_counted_beside_the_unknown_gap() -> None:
    """A server that was started again, and whose sensor overran it before it sent anything."""
    blocks: list[Block] = []
    stream: Any = SimpleNamespace(
        next=0, rows=blocks, finished=False, lost=False, grant=lambda: None, take=lambda room, step: next(given, None)
    )
    given = iter([numbers(0, 10)])
    feed = Feed(Schema(channels=(Channel(name="v"),)))
    inflow = Inflow(feed, stream, SimpleNamespace(inside=True), on_end=lambda _: None)  # type: ignore[arg-type]
    inflow.pump()
    given = iter([replace(numbers(300, 5), gap=300), replace(numbers(312, 0), gap=7)])
    inflow.follow(stream, continues=False)
    assert (feed.counts.received, feed.counts.lost) == (15, 1 + 300 + 7)
    assert feed.rows()["v"].values.tolist() == [*range(10), *range(300, 305)]


def test_a_decimated_batch_travels_whole_and_its_gaps_show_in_the_window() -> None:
    source = Source(live=True, channels=1)
    with serve({"v": source}, window=1000) as server, connect(server.card) as client:
        feed = client.subscribe(policy="decimate", window=20_000)
        outflow = outflow_of(server)
        with paused(server):
            written: list[bytes] = []
            block = outflow._encoder.block
            outflow._encoder.block = lambda b: written.append(block(b)) or written[-1]  # type: ignore[method-assign,func-returns-value]
            source.push(0, 16_000)
            until(lambda: server.runners["v"].feed.next == 16_000)
        source.end()
        feed.wait(timeout=30)
        # 1,000 rows in two batches of half the server's window, and one for what is missing at the end
        assert len(written) == 3
        window = feed.window()
        assert (window.attrs["rows"], window.attrs["missing"]) == (1000, 15 * 999)
        assert window.dropna("time").values.tolist() == list(range(0, 16_000, 16))
        assert feed.counts.decimated == 15_000
        assert f"decimated {feed.counts.decimated}" in repr(feed)


@pytest.mark.parametrize("policy", DROPPING)
def test_the_server_shows_what_each_subscription_dropped(policy: Policy) -> None:
    source = Source(live=True, channels=1)
    with serve({"v<1>": source}, window=100) as server, connect(server.card) as client:
        feed = client.subscribe(policy=policy)
        outflow = outflow_of(server)
        assert "dropped" not in server.status()
        with paused(server):
            source.push(0, 1000, size=20)
            until(lambda: server.runners["v<1>"].feed.next == 1000)
            dropped = outflow.counts.dropped
            assert dropped >= 900
            assert f", {dropped:,} dropped" in server.status()
            assert f"<td>{policy}</td><td>0</td><td>{dropped}</td><td>{1000 - dropped}</td>" in server._repr_html_()
        source.end()
        feed.wait(timeout=30)
        until(lambda: "0 subscriptions" in server.status())
        assert f"{feed.counts.lost + feed.counts.decimated:,} dropped" in server.status()


def test_an_unknown_policy_is_refused_at_the_client_with_the_names_there_are(
    pair: tuple[Source, Server, Client],
) -> None:
    _, server, client = pair
    with pytest.raises(InputError, match=r"'block', 'drop_oldest', 'drop_newest', 'decimate', not 'newest'"):
        client.subscribe(policy="newest")  # type: ignore[arg-type]
    assert "0 subscriptions" in server.status()
