"""A recorder that is killed: 200 real processes by SIGKILL, half of them in the middle of a change on disk."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from record_child import SCHEMAS, blocks, columns, numbers, ticks

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Feed
from midstream_lab.stream.storage import Recording, record

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks a process for each kill")


@pytest.fixture
def kill() -> Iterator[Callable[[dict[str, Any]], int]]:
    """Run a job until it is killed; the signal that ended it."""
    script = Path(__file__).with_name("record_child.py")
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, str(script)], stdin=pipe, stdout=pipe, text=True) as server:
        asked, said = server.stdin, server.stdout
        assert asked is not None
        assert said is not None

        def one(job: dict[str, Any]) -> int:
            print(json.dumps(job), file=asked, flush=True)
            return int(said.readline())

        yield one
        asked.close()


def joined(found: list[Block]) -> tuple[np.ndarray, ...]:
    rows = np.concatenate([np.arange(block.first, block.stop) for block in found])
    return rows, *(np.concatenate(parts) for parts in zip(*(block.columns for block in found), strict=True))


def check_prefix(recording: Recording) -> None:
    """The recording holds the first rows that were sent: numbers, times, values and gaps."""
    count, schema = len(recording), recording.schema
    if not count:
        return
    found = list(recording.blocks())
    rows, *held = joined(found)
    want = numbers(0, count)
    assert np.array_equal(rows, want)
    for column, right in zip(held, columns(want, schema), strict=True):
        assert column.dtype == right.dtype
        assert np.array_equal(column, right)
    if schema.time.regular:
        assert all(block.start == block.first for block in found)
    else:
        assert np.array_equal(np.concatenate([block.ticks for block in found]), ticks(want))
    assert recording.lost == want[-1] + 1 - count
    assert recording.restarts == 0


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_killed_recording_is_a_prefix_and_goes_on(
    kill: Callable[[dict[str, Any]], int], quick_folder: Path, schema: str
) -> None:
    rng = random.Random(f"kills of {schema}")
    said = quick_folder / "said"
    grown = in_journal = torn = 0
    for number in range(100):
        path = quick_folder / f"{number // 20}.zarr"  # a new one now and then: it may die while it is made, too
        before = held(path)
        said.write_bytes(bytes(8))
        job = {
            "path": str(path),
            "schema": schema,
            "said": str(said),
            "seed": number,
            "begin": max(0, before - rng.choice([0, 0, 5, 400])),
            "at": rng.randrange(1, 250) if number % 2 else 0,
            "share": rng.random(),
            "delay": rng.uniform(0.0, 0.12),
        }
        assert kill(job) == signal.SIGKILL
        if not (path / "zarr.json").exists():
            with pytest.raises(InputError, match="is no recording"):
                Recording(path)
            continue
        recording = Recording(path)
        check_prefix(recording)
        assert len(recording) >= max(before, int.from_bytes(said.read_bytes(), "little"))
        grown += len(recording) > before
        in_journal += len(recording) > recording.published
        torn += recording.torn > 0
    assert grown > 25
    assert in_journal > 10
    assert torn > 0


def held(path: Path) -> int:
    return len(Recording(path)) if (path / "zarr.json").exists() else 0


def test_a_killed_recording_can_be_finished(kill: Callable[[dict[str, Any]], int], quick_folder: Path) -> None:
    path, said = quick_folder / "run.zarr", quick_folder / "said"
    said.write_bytes(bytes(8))
    job = {"path": str(path), "schema": "regular", "said": str(said), "seed": 1, "begin": 0, "at": 100, "share": 0.3}
    assert kill(job) == signal.SIGKILL
    schema = SCHEMAS["regular"]
    with Feed(schema) as feed, record(feed, path, continues=True):
        for block in blocks(0, 5000, schema):
            feed.append(block)
    recording = Recording(path)
    assert len(recording) == recording.published == 5000
    assert recording.torn == 0
    check_prefix(recording)
