"""Everything arrives, in order and bit for bit, in bounded memory, while a nogil kernel runs in the main thread."""

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from big_source import BigSource
from numba import njit

from midstream_lab.feed import Block, Feed, Schema
from midstream_lab.stream import Client, connect
from midstream_lab.stream.configuration import WINDOW
from midstream_lab.stream.incoming import Incoming

MIB = 2**20
WINDOW_ROWS = 4096
ROWS, CHANNELS = 500_000, 64


class Digest:
    """Hashes every row that comes, not faster than `rate` bytes a second."""

    def __init__(self, rate: float = float("inf")) -> None:
        self.rate = rate
        self.sha = hashlib.sha256()
        self.bytes = 0
        self.next = 0
        self.began = 0.0

    def schema_out(self, schema: Schema) -> Schema:
        return schema

    def update(self, block: Block) -> None:
        assert block.first == self.next
        assert block.gap == 0
        self.next = block.stop
        rows = np.stack(block.columns, axis=1)
        self.sha.update(rows)
        self.bytes += rows.nbytes
        self.began = self.began or time.monotonic()
        time.sleep(max(0.0, self.began + self.bytes / self.rate - time.monotonic()))

    def finish(self) -> None:
        return None


def expected(rows: int, channels: int) -> str:
    sha = hashlib.sha256()
    for chunk in BigSource(rows, channels).chunks():
        sha.update(chunk)
    return sha.hexdigest()


@njit(nogil=True)
def spin(n: int) -> float:
    total = 0.0
    for i in range(n):
        total += (i * 0.5) % 3.0
    return total


class Memory:
    """Peak resident memory of this process and of the server's, above what they had at the start."""

    def __init__(self, server: int) -> None:
        self._processes = [psutil.Process(), psutil.Process(server)]
        self._idle = [process.memory_info().rss for process in self._processes]
        self.peaks = [0, 0]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._stop.wait(0.01):
            now = [process.memory_info().rss for process in self._processes]
            self.peaks = [max(p, n - i) for p, n, i in zip(self.peaks, now, self._idle, strict=True)]

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def big_server(card: Path, rows: int, channels: int) -> Iterator[tuple[Client, subprocess.Popen[str]]]:
    """A server in its own process and a client that has talked to it."""
    script = Path(__file__).with_name("big_source.py")
    command = [sys.executable, str(script), str(card), str(rows), str(channels)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            with connect(card) as client:
                small = client.subscribe("small", policy="block", window=WINDOW_ROWS)
                small.pipe(Digest()).wait(timeout=30)
                yield client, process
        finally:
            process.kill()


def stream(client: Client, digest: Digest, *, until: Any = lambda: False) -> Feed:
    """Stream ``big`` through the pipe while a kernel computes in this thread."""
    feed = client.subscribe("big", policy="block", window=WINDOW_ROWS)
    done = feed.pipe(digest, policy="block")
    while not done.closed and not until():
        spin(2_000_000)
    return feed


def link_speed(client: Client) -> float:
    """Bytes a second that arrive when nothing slows the reader, from a part of the stream."""
    digest = Digest()
    began = time.monotonic()
    feed = stream(client, digest, until=lambda: digest.bytes > 24 * MIB)
    seconds = time.monotonic() - began
    feed.close()
    return digest.bytes / seconds


@pytest.mark.slow
def test_500000_rows_of_64_channels_arrive_bit_for_bit_in_bounded_memory(tmp_path: Path) -> None:
    want = expected(ROWS, CHANNELS)
    spin(10)
    with big_server(tmp_path / "speed.card", ROWS, CHANNELS) as (client, _):
        link = link_speed(client)
    # a third of the link; on a machine so busy that this would take minutes, a little more
    digest = Digest(rate=max(link / 3, ROWS * CHANNELS * 8 / 45))
    with big_server(tmp_path / "big.card", ROWS, CHANNELS) as (client, process):
        memory = Memory(process.pid)
        feed = stream(client, digest)
        memory.close()
    assert feed.error is None
    assert (feed.counts.received, feed.counts.lost) == (ROWS, 0)
    assert digest.sha.hexdigest() == want
    assert max(memory.peaks) < 32 * MIB, [peak / MIB for peak in memory.peaks]


def test_credit_on_arrival_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control of the test above: the same stream with credit granted as bytes arrive."""

    def grant_on_arrival(self: Incoming) -> None:
        self._endpoint.grant(self.stream_id, self._decoder.offset + 2 * WINDOW)

    monkeypatch.setattr(Incoming, "grant", grant_on_arrival)
    spin(10)
    with big_server(tmp_path / "big.card", ROWS, CHANNELS) as (client, process):
        memory = Memory(process.pid)
        stream(client, Digest(rate=8 * MIB), until=lambda: memory.peaks[0] > 48 * MIB)
        memory.close()
    assert memory.peaks[0] > 32 * MIB


def test_a_million_samples_arrive_bit_for_bit_in_bounded_memory(tmp_path: Path) -> None:
    digest = Digest()
    spin(10)
    with big_server(tmp_path / "big.card", 1_000_000, 1) as (client, process):
        memory = Memory(process.pid)
        feed = stream(client, digest)
        memory.close()
    assert (feed.counts.received, feed.counts.lost) == (1_000_000, 0)
    assert digest.sha.hexdigest() == expected(1_000_000, 1)
    assert max(memory.peaks) < 64 * MIB
