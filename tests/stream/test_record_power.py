"""A power cut: what was not synced may be lost, in part, or be zeros; a disk that fails."""

import errno
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midstream_lab.errors import StorageError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream.storage import Recording, disk
from midstream_lab.stream.storage.disk import Disk
from midstream_lab.stream.storage.store import Store

SCHEMA = Schema(channels=(Channel(name="x"), Channel(name="word", kind="text")))
CHUNK = 16


class Cut(Exception):
    """The power is gone."""


class File:
    """What a file holds, and how much of it is on the disk for certain."""

    def __init__(self) -> None:
        self.data = b""
        self.certain = 0


class Volatile(Disk):
    """A disk that remembers what is certain, and whose power is cut before the change number `cut`."""

    def __init__(self, root: Path, *, cut: int) -> None:
        self.root = root
        self.left = cut
        self.files: dict[Path, File] = {}
        self.open: dict[int, File] = {}
        self.names: dict[Path, list[tuple[str, File | None]]] = {root.parent: []}  # changes in each folder, in order
        self.certain: dict[Path, int] = {root.parent: 0}

    def folder(self, path: Path) -> None:
        self._change()
        if not path.exists():
            self.names[path], self.certain[path] = [], 0
            self.names[path.parent].append((path.name, None))
        super().folder(path)

    def put(self, path: Path, data: bytes, *, sync: bool = True) -> None:
        self._change()
        file = File()
        file.data = data
        file.certain = len(data) if sync else 0
        super().put(path, data, sync=sync)
        self.files[path] = file
        self.names[path.parent].append((path.name, file))

    def append_to(self, path: Path, size: int) -> int:
        handle = super().append_to(path, size)
        self.open[handle] = self.files[path]
        return handle

    def write(self, handle: int, data: bytes) -> None:
        super().write(handle, data)
        if handle in self.open:
            self._change()
            self.open[handle].data += data

    def sync(self, handle: int) -> None:
        if handle in self.open:
            self._change()
            self.open[handle].certain = len(self.open[handle].data)
        super().sync(handle)

    def sync_folder(self, path: Path) -> None:
        self._change()
        self.certain[path] = len(self.names[path])
        super().sync_folder(path)

    def after_the_cut(self, target: Path, rng: random.Random) -> None:
        """Make the folder as it may be found: all that is certain, and any part of the rest."""
        self._restore(self.root.parent, target, rng)

    def _restore(self, folder: Path, target: Path, rng: random.Random) -> None:
        target.mkdir()
        certain = self.certain[folder]
        kept = self.names[folder][: certain + rng.randint(0, len(self.names[folder]) - certain)]
        for name, file in dict(kept).items():
            if file is None:
                self._restore(folder / name, target / name, rng)
                continue
            written = rng.randint(file.certain, len(file.data))
            zeros = bytes(rng.choice([0, len(file.data) - written]))
            (target / name).write_bytes(file.data[:written] + zeros)
        if kept and folder == self.root:
            (target / "lock").touch()  # it was made before all others

    def _change(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Cut


def block(first: int, rows: int) -> Block:
    numbers = np.arange(first, first + rows)
    return Block(first=first, start=first, columns=(np.sqrt(numbers), np.array([f"w{n}" for n in numbers], object)))


def fill(store: Store, rng: random.Random, certain: list[int]) -> None:
    """Append rows until the power is cut, and remember how many were certain by then."""
    certain.append(0)
    try:
        while store.count < 300:
            store.append(block(store.count, rng.randint(1, 9)))
            if rng.random() < 0.2:
                store.sync()
                certain.append(store.count)
            certain.append(store.layout.rows)
        store.close()
        certain.append(store.count)
    except Cut:
        store.abandon()


def check(folder: Path, least: int) -> None:
    recording = Recording(folder)
    assert len(recording) >= least
    if len(recording):
        held = recording.to_xarray()
        numbers = np.arange(len(recording))
        assert held["row"].values.tolist() == numbers.tolist()
        assert np.array_equal(held["x"].values, np.sqrt(numbers))
        assert held["word"].values.tolist() == [f"w{n}" for n in numbers]


@pytest.mark.parametrize("seed", range(150))
def test_after_a_power_cut_the_recording_is_a_prefix_with_all_that_was_synced(quick_folder: Path, seed: int) -> None:
    rng = random.Random(seed)
    certain: list[int] = []
    volatile = Volatile(quick_folder / "live" / "run.zarr", cut=rng.randint(2, 700))
    volatile.root.parent.mkdir()
    try:
        store = Store(volatile.root, SCHEMA, name="run", chunk=CHUNK, disk=volatile)
    except Cut:
        store = None
    if store is not None:
        fill(store, rng, certain)
    volatile.after_the_cut(quick_folder / "found", rng)
    folder = quick_folder / "found" / "run.zarr"
    if (folder / "zarr.json").exists():
        check(folder, max(certain, default=0))
    else:
        assert not certain
    again = Store(folder, SCHEMA, name="run", chunk=CHUNK)
    while again.count < 200:
        again.append(block(again.count, 7))
    again.close()
    check(folder, 200)


class FullDisk:
    """The module `os` on a disk with so many bytes left."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, handle: int, data: bytes) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = os.write(handle, data[: self.room])
        self.room -= written
        return written


@pytest.mark.parametrize("room", [0, 1000, 5000, 6000, 6500, 8000, 12_000, 20_000, 40_000])
def test_a_full_disk_leaves_a_prefix_that_goes_on_where_there_is_room_again(
    quick_folder: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    folder = quick_folder / "run.zarr"
    appended = [0]

    def append_until_it_fails() -> None:
        store = Store(folder, SCHEMA, name="run", chunk=CHUNK)
        try:
            while True:
                store.append(block(store.count, 5))
                appended.append(store.count)
        finally:
            store.abandon()

    monkeypatch.setattr(disk, "os", FullDisk(room))
    with pytest.raises(StorageError, match="No space left on device") as full:
        append_until_it_fails()
    assert full.value.errno == errno.ENOSPC
    if appended[-1]:
        check(folder, appended[-1])
    monkeypatch.undo()
    again = Store(folder, SCHEMA, name="run", chunk=CHUNK)
    assert again.count >= appended[-1]
    total = again.count + 100
    again.append(block(again.count, 100))
    again.close()
    check(folder, total)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits the size of files in a process of its own")
def test_a_limit_of_the_operating_system_on_files_is_an_error_like_a_full_disk(quick_folder: Path) -> None:
    script = f"""
import resource
from pathlib import Path
from test_record_power import SCHEMA, Store, StorageError, block
store = Store(Path({str(quick_folder / "run.zarr")!r}), SCHEMA, name="run", chunk=4096)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    while True:
        store.append(block(store.count, 50))
except StorageError as error:
    print(store.count, error)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parent, capture_output=True, text=True)
    count, said = done.stdout.split(" ", 1)
    assert "File too large" in said, done.stderr
    assert int(count) > 100
    check(quick_folder / "run.zarr", int(count))


def test_what_cannot_be_written_is_said_with_its_path(quick_folder: Path) -> None:
    folder = quick_folder / "run.zarr"
    Store(folder, SCHEMA, name="run", chunk=CHUNK).close()
    (folder / "x" / "c").rmdir()
    store = Store(folder, SCHEMA, name="run")
    with pytest.raises(StorageError, match=r"run\.zarr.x.c.0 cannot be written: No such file"):
        store.append(block(0, CHUNK))
    store.abandon()
