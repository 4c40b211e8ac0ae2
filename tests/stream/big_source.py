"""A server in its own process with a large, reproducible source; run by test_million.py.

    python big_source.py CARD ROWS CHANNELS

It serves ``big`` (as many rows as asked for) and ``small`` (one batch), writes its card, and runs until its stdin
is closed.
"""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream import serve

CHUNK = 1024


class BigSource:
    """Random numbers by rows, made as they are asked for."""

    live = False

    def __init__(self, rows: int, channels: int) -> None:
        self.rows = rows
        self.schema = Schema(channels=tuple(Channel(name=f"c{i}") for i in range(channels)))

    def chunks(self) -> Iterator[np.ndarray]:
        """The rows, row by row in memory; the same in every process."""
        rng = np.random.default_rng(7)
        for first in range(0, self.rows, CHUNK):
            yield rng.random((min(CHUNK, self.rows - first), len(self.schema.channels)))

    def blocks(self, stop: Any) -> Iterator[Block]:
        first = 0
        for chunk in self.chunks():
            if stop.is_set():
                return
            yield Block(first=first, start=first, columns=tuple(np.ascontiguousarray(chunk.T)))
            first += len(chunk)


def main() -> None:
    path, rows, channels = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    sources = {"big": BigSource(rows, channels), "small": BigSource(CHUNK, channels)}
    with serve(sources, name="big", max_bytes=2**21) as server:
        server.card.save(path)
        print("ready", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
