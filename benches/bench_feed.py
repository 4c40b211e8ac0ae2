"""What a feed costs: an append, the way from append to output, and fifty feeds on the two threads."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np
from report import record, write

from midstream_lab.feed import Block, Channel, Feed, Schema, run_source

ONE = Schema(channels=(Channel(name="x"),))


class Pass:
    """The cheapest operator."""

    name = "pass"

    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> Block:
        return block

    def finish(self) -> None:
        return None


def blocks(count: int, size: int) -> list[Block]:
    values = np.random.default_rng(0).standard_normal(count * size)
    return [Block(first=i * size, start=i * size, columns=(values[i * size : (i + 1) * size],)) for i in range(count)]


def append(size: int) -> float:
    """Median microseconds of one append."""
    feed, times = Feed(ONE), []
    for block in blocks(20_000, size):
        start = time.perf_counter()
        feed.append(block)
        times.append(time.perf_counter() - start)
    return float(np.median(times)) * 1e6


def latency(count: int = 3000) -> np.ndarray:
    """Microseconds from append to the output of an operator, a row every 0.5 ms."""
    feed = Feed(ONE)
    begun, ended = np.zeros(count), np.zeros(count)

    class Stamp(Pass):
        def update(self, block: Block) -> Block:
            ended[block.first : block.stop] = time.perf_counter()
            return block

    out = feed.pipe(Stamp())
    for i, block in enumerate(blocks(count, 1)):
        begun[i] = time.perf_counter()
        feed.append(block)
        time.sleep(0.0005)
    feed.close()
    out.wait(timeout=60)
    return (ended - begun) * 1e6


def queue_latency(count: int = 3000) -> np.ndarray:
    """The same with the standard library: one queue, one thread."""
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    begun, ended = np.zeros(count), np.zeros(count)

    def serve() -> None:
        while (i := waiting.get()) is not None:
            ended[i] = time.perf_counter()

    thread = threading.Thread(target=serve)
    thread.start()
    for i in range(count):
        begun[i] = time.perf_counter()
        waiting.put(i)
        time.sleep(0.0005)
    waiting.put(None)
    thread.join()
    return (ended - begun) * 1e6


def fifty() -> tuple[float, float]:
    """Processor share and lateness in ms of a source of 360 rows/s with fifty pipes."""

    class Paced:
        schema = ONE
        live = True

        def blocks(self, stop):
            start = time.monotonic()
            for block in blocks(720, 1):
                time.sleep(max(0.0, start + block.first / 360 - time.monotonic()))
                yield block

    feed = Feed(ONE)
    children = [feed.pipe(Pass(), name=str(i)) for i in range(50)]
    wall, used = time.monotonic(), time.process_time()
    run_source(Paced(), feed).join()
    for child in children:
        child.wait(timeout=60)
    took = time.monotonic() - wall
    return (time.process_time() - used) / took, (took - 719 / 360) * 1e3


def main() -> None:
    ours, peer = latency(), queue_latency()
    share, late = fifty()
    through = Feed(ONE)
    end = through.pipe(Pass())
    work = blocks(500, 4096)
    start = time.perf_counter()
    for block in work:
        through.wait_room(4096, timeout=60)
        through.append(block)
    through.close()
    end.wait(timeout=60)
    rate = 500 * 4096 / (time.perf_counter() - start) / 1e6
    rows = [
        record("append", "1 row", append(1), "us"),
        record("append", "64 rows", append(64), "us"),
        record(
            "append to output", "p50", float(np.percentile(ours, 50)), "us",
            peer="queue and thread", peer_value=float(np.percentile(peer, 50)), note="a row every 0.5 ms",
        ),
        record(
            "append to output", "p99", float(np.percentile(ours, 99)), "us",
            peer="queue and thread", peer_value=float(np.percentile(peer, 99)), note="a row every 0.5 ms",
        ),
        record("fifty pipes at 360 rows/s", "processor share", share, "cores", goal={"figure": "ours", "at_most": 0.6}),
        record("fifty pipes at 360 rows/s", "source late by", late, "ms"),
        record("one pipe", "blocks of 4,096", rate, "million rows/s", better="higher"),
    ]  # fmt: skip
    for row in rows:
        print(f"{row['bench']}, {row['case']}: {row['ours']:.3g} {row['unit']}")
    write("feed", rows)


if __name__ == "__main__":
    main()
