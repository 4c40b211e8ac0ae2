"""Rows that say by their values which they are, for the tests of recordings."""

from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.stream.storage import Recording, record
from midstream_lab.timebase import TimeBase

SCHEMA = Schema(channels=(Channel(name="x", unit="mV"), Channel(name="word", kind="text")), attrs={"title": "t"})
IRREGULAR = Schema(channels=SCHEMA.channels, time=TimeBase(step=0))


def block(first: int, rows: int, schema: Schema = SCHEMA, *, start: int | None = None) -> Block:
    numbers = np.arange(first, first + rows)
    start = first if start is None else start
    ticks = None if schema.time.regular else start + numbers - first
    return Block(first=first, start=start, columns=(np.sqrt(numbers), numbers.astype(str).astype(object)), ticks=ticks)


def recorded(path: Path, *blocks: Block, schema: Schema = SCHEMA, **options: Any) -> Recording:
    with Feed(schema) as feed, record(feed, path, **options):
        for part in blocks:
            feed.append(part)
    return Recording(path)


def rows(path: Path) -> list[int]:
    recording = Recording(path)
    if not len(recording):
        return []
    held = recording.to_xarray()
    numbers = held["row"].values
    assert np.array_equal(held["x"].values, np.sqrt(numbers))
    assert held["word"].values.tolist() == [str(n) for n in numbers]
    return [int(n) for n in numbers]
