"""Writing a recording: rows go into the journal at once, and into the Zarr store a chunk at a time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed.schema import Block, Schema
from ...times import stamps
from . import journal
from .columns import compressed, pack
from .disk import Disk
from .journal import Entry, pack_entry
from .layout import RUNS_CHUNK, Layout, dump
from .lock import Lock
from .published import Published, chunk_path, load, read_layout
from .runs import Position, Run, follow, table

__all__ = ["Store"]

#: Rows of a chunk unless told: so many, or as fit into `CHUNK_BYTES`; fewer with texts, which have no fixed size.
CHUNK_ROWS = 16_384
CHUNK_TEXTS = 1024
CHUNK_BYTES = 16 * 2**20
#: Bytes that rows with texts may take before their chunk is whole: so long they are in memory and in the journal.
MAX_BYTES = 64 * 2**20


class Store:
    """A recording that is being written; one at a time for a folder.

    Whole chunks are written and synced before the new length is published by renaming the root ``zarr.json``; the rows
    after them stand in the journal. So whatever ends the process, what is on disk is a prefix of what was appended.
    After an error of `append`, `sync` or `publish` only `abandon` is allowed.

    Parameters
    ----------
    folder : Path
        Made if it is not there; a recording that is there goes on.
    schema : Schema
        What the rows hold.
    name : str
        Name of what is recorded.
    chunk : int, optional
        Rows in a chunk; default by the schema, or as the recording has it.
    disk : Disk, optional
        What changes files; default the real one.

    Raises
    ------
    InputError
        If the folder holds something else, a recording with another schema, or a damaged one; or is being recorded.
    StorageError
        If the files cannot be written.
    """

    def __init__(
        self, folder: Path, schema: Schema, *, name: str, chunk: int | None = None, disk: Disk | None = None
    ) -> None:
        self.folder = folder
        self.notes: list[str] = []
        self.layout = Layout(
            schema=schema, name=name, identity=os.urandom(16).hex(), chunk=chunk or _default_chunk(schema)
        )
        self.position: Position | None = None
        self._disk = disk or Disk()
        self._blocks: list[Block] = []  # the rows of the chunk that is not whole
        self._bytes = 0  # of the journal
        self._runs: list[Run] = []
        self._runs_begin = 0
        self._journal = -1
        self._unsynced = False
        _refuse_foreign(folder)
        self._disk.folder(folder)
        self._lock = Lock(folder / "lock")
        try:
            if (folder / "zarr.json").exists():
                self._go_on(schema, chunk)
            else:
                self._create()
        except BaseException:
            self.abandon()
            raise

    @property
    def count(self) -> int:
        """Rows of the recording, those in the journal too."""
        return 0 if self.position is None else self.position.count

    def append(self, block: Block, *, anew: bool = False) -> None:
        """Take rows, whose numbers and times follow those that are there.

        Parameters
        ----------
        block : Block
            Held until its chunk is whole; not to be changed.
        anew : bool, optional
            Whether the source began anew before it, so that nobody knows how many rows are missing.
        """
        at, chunk = 0, self.layout.chunk
        while at < len(block):
            to = min(len(block), at + chunk - self.count % chunk)
            part = block.cut(at, to, step=self.layout.schema.time.step)
            entry = Entry(begin=self.count, block=part, anew=anew and at == 0)
            data = pack_entry(entry, self.layout)
            self._bytes += len(data)
            if self._bytes > MAX_BYTES and _has_texts(self.layout.schema):
                raise InputError(
                    f"{self.count % chunk + len(part)} rows with texts take more than {MAX_BYTES >> 20} MiB, and "
                    f"a chunk has {chunk} rows: record to another path, with chunk={max(1, chunk // 16)}"
                )
            self._disk.write(self._journal, data)
            self._unsynced = True
            self._take(entry)
            if self.count % chunk == 0:
                self.publish()
            at = to

    def sync(self) -> None:
        """What was appended outlasts a power cut, too."""
        if self._unsynced:
            self._disk.sync(self._journal)
            self._unsynced = False

    def publish(self) -> None:
        """Write the chunk under way, whole or padded, and then the new length."""
        if self.count == self.layout.rows:
            return
        index = (self.count - 1) // self.layout.chunk
        for name, data in self._chunks().items():
            self._put(chunk_path(self.folder, name, index), data)
        runs = self._runs_begin + len(self._runs)
        if runs != self.layout.runs:
            for at in range(0, len(self._runs), RUNS_CHUNK):
                part = compressed(pack(table(self._runs[at : at + RUNS_CHUNK], RUNS_CHUNK), "int64"))
                self._put(chunk_path(self.folder, "runs", (self._runs_begin + at) // RUNS_CHUNK), part)
        gapped = self.layout.gapped or any(run.gap or run.stride > 1 for run in self._runs)
        longer = self.layout.grown(rows=self.count, runs=runs, gapped=gapped)
        self._put(self.folder / "zarr.json", longer.document())
        self.layout = longer
        whole = len(self._runs) // RUNS_CHUNK * RUNS_CHUNK
        self._runs, self._runs_begin = self._runs[whole:], self._runs_begin + whole
        if self.count % self.layout.chunk == 0:
            self._blocks = []
        self._tell_arrays()
        self._begin_journal([])

    def close(self) -> None:
        """Publish what is in the journal, and let the folder go. May be called again."""
        if self._journal < 0:
            return
        try:
            self.publish()
            self.sync()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Let the folder go as it is; what was appended stands in the journal. May be called again."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1
        self._lock.release()

    def _create(self) -> None:
        documents = self.layout.array_documents()
        for name in documents:
            self._disk.folder(self.folder / name)
            if name != "runs":
                self._disk.folder(self.folder / name / "c")
        self._tell_arrays()
        self._begin_journal([])
        self._put(self.folder / "zarr.json", self.layout.document())

    def _go_on(self, schema: Schema, chunk: int | None) -> None:
        published, found = load(self.folder)
        layout = published.layout
        _check_same(layout.schema, schema)
        if chunk not in (None, layout.chunk):
            raise InputError(f"the recording has chunks of {layout.chunk} rows, not {chunk}; leave out chunk=")
        self.layout = layout
        self._go_on_at(published)
        entries = found.after(layout.rows, step=layout.schema.time.step) if found is not None else []
        for entry in entries:
            self._take(entry)
        if found is not None and found.torn:
            self.notes.append(f"cut off {found.torn} bytes of the journal that a crash had left")
        self._tell_arrays()
        self._begin_journal(entries)
        if self.count > layout.rows and self.count % layout.chunk == 0:
            self.publish()

    def _go_on_at(self, published: Published) -> None:
        """Take up the published rows of the chunk that is not whole, the end of the run table and the position."""
        layout = published.layout
        self._runs_begin = layout.runs // RUNS_CHUNK * RUNS_CHUNK
        self._runs = [Run.of(row) for row in published.runs[self._runs_begin :]]
        self._blocks = list(published.blocks(layout.rows // layout.chunk * layout.chunk))
        self.position = published.position

    def _take(self, entry: Entry) -> None:
        run, self.position = follow(entry.block, self.position, unknown=entry.anew, step=self.layout.schema.time.step)
        if run is not None:
            self._runs.append(run)
        self._blocks.append(entry.block)

    def _chunks(self) -> dict[str, bytes]:
        """The chunk under way of every array along time, padded."""
        layout = self.layout
        step = layout.schema.time.step
        columns = [np.concatenate(parts) for parts in zip(*(block.columns for block in self._blocks), strict=True)]
        ticks = np.concatenate([_ticks(block, step) for block in self._blocks])
        if not step:
            columns.append(ticks)
        parts = {name: (column, kind) for (name, kind), column in zip(layout.arrays.items(), columns, strict=True)}
        parts["time"] = (layout.stamp(stamps(ticks, layout.schema.time)), layout.time_type)
        return {name: compressed(pack(_padded(*part, layout.chunk), part[1])) for name, part in parts.items()}

    def _put(self, path: Path, data: bytes) -> None:
        self._disk.put(path, data)
        self._disk.sync_folder(path.parent)

    def _tell_arrays(self) -> None:
        """Repeat the length for readers that look at one array only; the root states it."""
        for name, document in self.layout.array_documents().items():
            self._disk.put(self.folder / name / "zarr.json", dump(document), sync=False)

    def _begin_journal(self, entries: list[Entry]) -> None:
        """A journal of its own for the rows behind the published ones; readers of the older one keep that."""
        if self._journal >= 0:
            os.close(self._journal)
            self._journal = -1
        path = self.folder / "journal"
        data = journal.header(self.layout, base=self.layout.rows)
        data += b"".join(pack_entry(entry, self.layout) for entry in entries)
        self._put(path, data)
        self._journal = self._disk.append_to(path, len(data))
        self._bytes = len(data)
        self._unsynced = False


def _default_chunk(schema: Schema) -> int:
    width = sum(channel.dtype.itemsize for channel in schema.channels)
    most = CHUNK_TEXTS if _has_texts(schema) else CHUNK_ROWS
    return max(1, min(most, CHUNK_BYTES // width))


def _has_texts(schema: Schema) -> bool:
    return any(channel.dtype == object for channel in schema.channels)


def _ticks(block: Block, step: int) -> np.ndarray:
    if block.ticks is not None:
        return block.ticks
    return block.start + np.arange(len(block), dtype=np.int64) * block.stride * step


def _padded(values: np.ndarray, data_type: str, rows: int) -> np.ndarray:
    """The values with the fill value of their type behind them."""
    fill: Any = {"float64": np.nan, "string": ""}.get(data_type, 0)
    return np.concatenate([values, np.full(rows - len(values), fill, values.dtype)])


def _refuse_foreign(folder: Path) -> None:
    """An error unless the folder is a recording, the beginning of one, empty, or not there."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{str(folder)!r} is a file; a recording is a folder, for example 'run.zarr'")
    if (folder / "zarr.json").exists():
        read_layout(folder)
    elif folder.is_dir() and not (folder / "lock").exists() and any(folder.iterdir()):
        raise InputError(f"{str(folder)!r} holds something else than a recording; record to another path")


def _check_same(held: Schema, given: Schema) -> None:
    for what in ("channels", "time", "attrs"):
        if getattr(held, what) != getattr(given, what):
            raise InputError(
                f"the recording has other {what} than the feed: {getattr(held, what)}, not {getattr(given, what)}; "
                "record to another path"
            )
