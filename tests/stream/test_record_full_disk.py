"""A disk that is full or slow ends the recorder, or loses what its policy says, and nothing else."""

import errno
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kit import until
from record_rows import SCHEMA, block, recorded, rows

from midstream_lab.errors import LabError, StorageError
from midstream_lab.feed import Block, Feed
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.stream.storage import Recording, disk, lock, record, store


class FullLater:
    """The module `os`, until the disk is full."""

    full = False

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, handle: int, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(handle, data)


def test_a_full_disk_ends_the_recorder_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FullLater()
    monkeypatch.setattr(disk, "os", fake)
    path = tmp_path / "run.zarr"
    x = np.random.default_rng(1).normal(size=60_000)
    with (
        serve({"wave": Replay(x, dt="1/1000", speed="max")}) as server,
        connect(server.card, name="a") as recording,
        connect(server.card, name="b") as other,
    ):
        feed = recording.subscribe("wave", policy="block", window=4096)
        half = threading.Event()
        seen: dict[str, list[Block]] = {"same client": [], "other client": []}

        def same(block: Block) -> None:
            if block.stop >= 20_000 and not half.is_set():
                while recorder.rows < 10_000:
                    recorder._ended.wait(0.01)
                fake.full = True
                half.set()
            seen["same client"].append(block)

        recorder = record(feed, path, chunk=1000)
        first = other.subscribe("wave", policy="block").sink(seen["other client"].append)
        second = feed.sink(same)
        with pytest.raises(StorageError, match="No space left on device"):
            recorder.wait(60)
        assert first.wait(60)
        assert second.wait(60)
        assert half.is_set()
        assert any("the recorder" in line and "No space left" in line for line in feed.health)
        assert "failed" in repr(recorder)
        assert not server.closed
    for blocks in seen.values():
        assert np.array_equal(np.concatenate([b.columns[0] for b in blocks]), x)
    held = Recording(path)
    assert 10_000 <= len(held) < 60_000
    assert np.array_equal(held.window().values, x[: len(held)])
    fake.full = False
    with serve({"wave": Replay(x, dt="1/1000", speed="max")}) as server, connect(server.card) as client:
        feed = client.subscribe("wave", policy="block")
        assert record(feed, path, continues=True).wait(60)
    assert np.array_equal(Recording(path).window().values, x)


def test_a_disk_that_is_full_from_the_start_is_an_error_and_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FullLater()
    fake.full = True
    for module in (lock, disk):
        monkeypatch.setattr(module, "os", fake)
        with Feed(SCHEMA) as feed, pytest.raises(StorageError, match="cannot be written: No space left"):
            record(feed, tmp_path / "run.zarr")
        monkeypatch.undo()
    assert recorded(tmp_path / "run.zarr", block(0, 5)).published == 5


def test_a_disk_that_is_full_when_the_recorder_closes_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FullLater()
    monkeypatch.setattr(disk, "os", fake)
    feed = Feed(SCHEMA)
    recorder = record(feed, tmp_path / "run.zarr")
    feed.append(block(0, 50))
    while recorder.rows < 50:
        recorder._ended.wait(0.01)
    fake.full = True
    with pytest.raises(StorageError, match="cannot be written: No space left"):
        recorder.__exit__(None, None, None)
    assert recorder.counts.published == 0
    feed.close()
    assert rows(tmp_path / "run.zarr") == list(range(50))


def test_a_live_source_that_outruns_a_blocked_recorder_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    class Slow(disk.Disk):
        def write(self, handle: int, data: bytes) -> None:
            assert free.wait(30)
            super().write(handle, data)

    for policy, fails in (("block", True), ("drop_oldest", False)):
        free.set()
        feed = Feed(SCHEMA, window=100)
        monkeypatch.setattr(store, "Disk", Slow)
        recorder = record(feed, tmp_path / f"{policy}.zarr", policy=policy, chunk=50)  # type: ignore[arg-type]
        feed.append(block(0, 50))
        until(lambda recorder=recorder: recorder.counts.recorded >= 50)
        free.clear()
        for first in range(50, 1000, 50):
            feed.append(block(first, 50))
        free.set()
        feed.close()
        if fails:
            with pytest.raises(LabError, match="policy='block' lost"):
                recorder.wait(30)
            assert any("the recorder" in line for line in feed.health)
            held = rows(tmp_path / f"{policy}.zarr")
            assert held == list(range(len(held)))
        else:
            assert recorder.wait(30)
            recording = Recording(tmp_path / f"{policy}.zarr")
            assert len(recording) + recorder.counts.dropped == 1000
            assert recording.next == 1000
            assert recorder.counts.dropped > 0
