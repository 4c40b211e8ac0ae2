"""Clocks over real connections: servers whose clocks are apart stand on one axis within the bound that is stated."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np
import pytest
from kit import until
from outage import Network, lose
from relay import Impairments, Relay

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream import LocalTime, Replay, Server, connect, serve
from midstream_lab.stream.sources.fields import ARRIVAL

APART = 300_000_000


def shifted(by: int) -> Callable[[], int]:
    return lambda: time.time_ns() + by


class Stamped:
    """A live source whose rows are stamped by a clock; its value is the true time of each, in ns from `begin`."""

    live = True

    def __init__(self, clock: Callable[[], int], begin: int, rows: int) -> None:
        self.schema = Schema(channels=(Channel(name="true", kind="int"),), time=ARRIVAL)
        self.clock, self.begin, self.rows = clock, begin, rows

    def blocks(self, stop: Any) -> Iterator[Block]:
        for row in range(self.rows):
            if stop.wait(0.005):
                return
            true, stamp = time.time_ns(), self.clock()
            yield Block(
                first=row, start=stamp, columns=(np.array([true - self.begin]),), ticks=np.array([stamp], np.int64)
            )


@contextmanager
def served(clock: Callable[[], int], *, name: str = "s", rows: int = 4000, begin: int = 0) -> Iterator[Server]:
    """A server of this clock, and a source of its name that is stamped by it."""
    with serve({name: Stamped(clock, begin, rows)}, name=name) as server:
        server.now = clock
        yield server


def test_two_servers_whose_clocks_are_300_ms_apart_stand_on_one_axis() -> None:
    begin = time.time_ns()
    with ExitStack() as stack:
        feeds = []
        for name, by in (("ahead", APART // 2), ("behind", -APART // 2)):
            clock = shifted(by)
            server = stack.enter_context(served(clock, name=name, begin=begin))
            client = stack.enter_context(connect(server.card))
            estimate = client.clock
            assert abs(estimate.offset - by) <= estimate.error < APART // 10
            feeds.append(client.subscribe(policy="block").pipe(LocalTime(client)))
        for feed in feeds:
            feed.wait(n=100, timeout=60)
            block = feed.tail(0)
            assert block is not None
            assert block.ticks is not None
            true, raw, error = block.columns
            assert np.all(np.abs(block.ticks - begin - true) <= error + 1_000_000)  # 1 ms: the two clocks of a row
            assert np.all(np.abs(raw - begin - true) > APART // 3)  # as they came, they do not line up
            assert np.all(np.diff(block.ticks) >= 0)


def test_one_way_delays_are_shown_with_their_bound() -> None:
    clock, path = shifted(APART), Impairments(delay=0.03)
    with (
        served(clock) as server,
        Relay(server.card, up=Impairments(delay=0.03), down=path) as relay,
        connect(relay.card) as client,
    ):
        with pytest.raises(InputError, match="nothing is subscribed"):
            client.delays("s")
        feed = client.subscribe("s")
        feed.wait(n=100, timeout=60)
        delays = client.delays("s")
        assert delays.delay.attrs["units"] == "ns"
        assert set(delays.coords) == {"row", "arrived"}
        # the least delay of a batch is that of the path, and what waits for a batch of 4 ms
        least = int(np.argmin(delays.delay.values))
        assert delays.delay.values[least] + delays.error.values[least] >= 30e6
        assert delays.delay.values[least] - delays.error.values[least] <= 60e6
        assert np.all(delays.error.values > 29e6)  # the way back may have taken all of it


def test_delays_of_rows_that_are_not_stamped_are_refused() -> None:
    with serve(Replay(np.arange(10.0), dt="1/10", speed="max"), name="r") as server, connect(server.card) as client:
        feed = client.subscribe()
        feed.wait(n=10, timeout=30)
        with pytest.raises(InputError, match="stamped with ns since 1970"):
            client.delays(next(iter(client.feeds)))
        with pytest.raises(InputError, match="stamped with ns since 1970"):
            feed.pipe(LocalTime(client))


def test_a_jump_of_the_servers_clock_is_noticed_and_noted() -> None:
    with served(time.time_ns) as server, connect(server.card) as client:
        feed = client.subscribe()
        assert abs(client.clock.offset) <= client.clock.error
        until(lambda: client.clock.n_used >= 8)
        server.now = shifted(5 * 10**9)
        until(lambda: client.clock.since > 0)
        assert abs(client.clock.offset - 5 * 10**9) <= client.clock.error
        assert any("a clock has jumped" in line for line in client.notes)
        assert any("a clock has jumped" in line for line in feed.health)


def test_the_bound_holds_while_datagrams_are_lost_and_reordered() -> None:
    path = Impairments(drop=0.2, delay=0.005, jitter=0.01, reorder=0.05)
    clock = shifted(-APART)
    with (
        served(clock) as server,
        Relay(server.card, up=path, seed=2) as relay,
        connect(relay.card, timeout=30) as client,
    ):
        until(lambda: client.clock.n_used >= 6)
        estimate = client.clock
        assert abs(estimate.offset + APART) <= estimate.error


def test_the_clock_is_estimated_again_after_a_lost_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    network, clock = Network(monkeypatch), shifted(APART)
    with served(clock) as server, connect(server.card) as client:
        feed = client.subscribe().pipe(LocalTime(client))
        feed.wait(n=10, timeout=30)
        lose(network, client)
        until(lambda: abs(client.clock.offset - APART) <= client.clock.error)
        feed.wait(n=200, timeout=30)
        assert feed.error is None


def test_asking_ends_with_the_connection() -> None:
    before = threading.active_count()
    with served(time.time_ns) as server, connect(server.card) as client:
        assert client.clock.n_used >= 1
    until(lambda: threading.active_count() <= before)
