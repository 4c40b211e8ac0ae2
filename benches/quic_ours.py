"""Our ends of bench_quic.py: `serve` and `connect` with a sample stream and a bulk stream, a process each.

python quic_ours.py serve HOST CARD SECONDS
python quic_ours.py measure CARD ADDRESS SECONDS
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from quic_common import CASES, PATIENCE, SETTLE, Arrivals, pace, samples, say, settle, until_told

from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.feed.reader import Reader
from midstream_lab.stream import Card, Client, connect, serve
from midstream_lab.stream.tickets import tickets

BULK_ROWS, BULK_CHANNELS = 4096, 8
CONNECTS = 5


class Samples:
    """A sensor with a row of 24 bytes every millisecond; its first column is when the row was made."""

    live = True
    schema = Schema(channels=(Channel(name="ns", kind="int"), Channel(name="number", kind="int"), Channel(name="x")))

    def __init__(self, count: int) -> None:
        self._count = count

    def blocks(self, stop: Any) -> Iterator[Block]:
        for i in pace(self._count):
            if stop.is_set():
                return
            columns = np.array([time.perf_counter_ns()]), np.array([i]), np.array([0.5])
            yield Block(first=i, start=i, columns=columns)


class Bulk:
    """Rows as fast as they are taken, without end."""

    live = False
    schema = Schema(channels=tuple(Channel(name=f"c{i}") for i in range(BULK_CHANNELS)))

    def blocks(self, stop: Any) -> Iterator[Block]:
        columns = tuple(np.random.default_rng(0).random((BULK_CHANNELS, BULK_ROWS)))
        first = 0
        while not stop.is_set():
            yield Block(first=first, start=first, columns=columns)
            first += BULK_ROWS


class Stamps:
    """Notes when samples enter a feed, in the thread that appends them."""

    def __init__(self, feed: Feed, arrivals: Arrivals) -> None:
        self._arrivals = arrivals
        self._reader = Reader(feed, self, "drop_oldest")

    def wake(self) -> None:
        while (block := self._reader.take(256)) is not None:
            for stamp, number in zip(*block.columns[:2], strict=True):
                self._arrivals.sample(int(stamp), int(number))
            self._reader.release()

    def fail(self, error: BaseException) -> None:
        raise error


def measure(client: Client, case: str, seconds: float) -> dict[str, float]:
    """One case over a fresh connection."""
    arrivals = Arrivals(samples(seconds) if case != "bulk" else 0)
    if case != "idle":
        bulk = client.subscribe("bulk", policy="block", priority="background")
        bulk.sink(lambda block: arrivals.bulk(8 * BULK_CHANNELS * len(block)))
        time.sleep(SETTLE)
    begin = time.perf_counter_ns()
    if case == "bulk":
        time.sleep(seconds)
    else:
        Stamps(client.subscribe("samples", priority="critical"), arrivals)
        arrivals.wait(PATIENCE * seconds)
    return arrivals.figures(begin, time.perf_counter_ns())


def connects(card: Card) -> dict[str, float]:
    """Median ms from nothing to the list of sources, without and with a session ticket of an earlier connection."""
    times: dict[str, list[float]] = {"new": [], "again": []}
    for i in range(2 * CONNECTS):
        if i % 2 == 0:
            tickets.take((card.server, card.authority))
        began = time.perf_counter()
        with connect(card, timeout=30.0) as client:
            client.list()
            times["again" if i % 2 else "new"].append((time.perf_counter() - began) * 1e3)
    return {kind: statistics.median(each) for kind, each in times.items()}


def main() -> None:
    role, *rest = sys.argv[1:]
    if role == "serve":
        host, path, seconds = rest[0], rest[1], float(rest[2])
        sources = {"samples": Samples(samples(seconds)), "bulk": Bulk()}
        with serve(sources, host=host, name="bench", batch_seconds=0.0) as server:
            server.card.save(path)
            settle()
            say({"address": server.card.addresses[0]})
            until_told()
        return
    card, seconds = replace(Card.load(rest[0]), addresses=(rest[1],)), float(rest[2])
    with connect(card, timeout=30.0) as client:
        while not client.warming.done:
            time.sleep(0.1)
    found = {"connect": connects(card)}
    settle()
    for case in CASES:
        with connect(card, timeout=30.0) as client:
            found[case] = measure(client, case, seconds)
    say(found)


if __name__ == "__main__":
    main()
