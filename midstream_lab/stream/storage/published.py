"""What is published of a recording: whole chunks on disk, up to the length that the root ``zarr.json`` states."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ...errors import InputError
from ...feed.schema import Block
from . import journal
from .columns import decompressed, unpack
from .layout import MAX_DOCUMENT, RUNS_CHUNK, Layout
from .runs import FIELDS, Position

__all__ = ["Published", "chunk_path", "load", "read_layout"]

#: Looks at a recording that is being written, until the length and the journal fit.
LOOKS = 20


def chunk_path(folder: Path, array: str, index: int) -> Path:
    """Where a chunk stands: of the run table, or of an array along time."""
    return folder / array / f"{index}.0" if array == "runs" else folder / array / "c" / str(index)


class Published:
    """Reads the chunks of a recording.

    Parameters
    ----------
    folder : Path
        The Zarr store.
    layout : Layout
        What its root ``zarr.json`` states.

    Attributes
    ----------
    runs : ndarray of int64, shape (runs, 5)
        The run table.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder = folder
        self.layout = layout
        chunks = -(-layout.runs // RUNS_CHUNK)
        parts = [self._column("runs", index, "int64", RUNS_CHUNK * len(FIELDS)) for index in range(chunks)]
        table = np.concatenate(parts) if parts else np.empty(0, np.int64)
        self.runs = table.reshape(-1, len(FIELDS))[: layout.runs]
        begins = self.runs[:, 0]
        ordered = not layout.rows or (layout.runs > 0 and begins[0] == 0 and begins[-1] < layout.rows)
        if not ordered or (np.diff(begins) <= 0).any() or (self.runs[:, 3] < 1).any():
            raise InputError("the recording is damaged: its run table has no sense; take it from a copy")

    def blocks(self, begin: int = 0, end: int | None = None) -> Iterator[Block]:
        """The rows at the places ``begin:end``, a block for each run in each chunk; one chunk is in memory."""
        layout = self.layout
        end = layout.rows if end is None else min(end, layout.rows)
        step = layout.schema.time.step
        while begin < end:
            index = begin // layout.chunk
            base = index * layout.chunk
            columns = [self._column(name, index, kind, layout.chunk) for name, kind in layout.arrays.items()]
            ticks = None if step else columns.pop()
            stop = min(base + layout.chunk, end)
            while begin < stop:
                run = int(np.searchsorted(self.runs[:, 0], begin, side="right")) - 1
                to = stop if run + 1 == len(self.runs) else min(stop, int(self.runs[run + 1, 0]))
                place, first, start, stride, _ = map(int, self.runs[run])
                part = slice(begin - base, to - base)
                yield Block(
                    first=first + (begin - place) * stride,
                    start=start + (begin - place) * stride * step if ticks is None else int(ticks[part.start]),
                    columns=tuple(column[part] for column in columns),
                    ticks=None if ticks is None else ticks[part],
                    stride=stride,
                )
                begin = to

    @property
    def position(self) -> Position | None:
        """The newest row; None before the first."""
        rows = self.layout.rows
        if not rows:
            return None
        (last,) = self.blocks(rows - 1)
        origin = (int(self.runs[0, 1]), int(self.runs[0, 2]))
        return Position(count=rows, row=last.first, tick=last.start, stride=last.stride, origin=origin)

    def _column(self, array: str, index: int, data_type: str, size: int) -> np.ndarray:
        path = chunk_path(self.folder, array, index)
        try:
            column = unpack(decompressed(path.read_bytes()), data_type)
            if len(column) != size:
                raise ValueError(f"{len(column)} values instead of {size}")
        except FileNotFoundError as error:
            raise InputError(f"the recording is damaged: {path} is missing; take it from a copy") from error
        except (OSError, ValueError, TypeError) as error:
            raise InputError(f"the recording is damaged: {path} ({error}); take it from a copy") from error
        return column


def load(folder: Path) -> tuple[Published, journal.Journal | None]:
    """What is published, and the journal, also while they are written; no journal where there is none.

    Raises
    ------
    InputError
        If there is no recording, or it is damaged.
    """
    for _ in range(LOOKS):
        layout = read_layout(folder)
        try:
            with (folder / "journal").open("rb") as file:
                found = journal.parse(file.read(), layout)
        except FileNotFoundError:
            return Published(folder, layout), None
        if found.base <= layout.rows:  # else the length was published in between
            return Published(folder, layout), found
    raise InputError(
        f"{folder.name!r} is damaged: its journal begins at row {found.base}, but {layout.rows} rows are published; "
        "take zarr.json from the same copy as the journal"
    )


def read_layout(folder: Path) -> Layout:
    """What the root ``zarr.json`` of a recording states."""
    path = folder / "zarr.json"
    try:
        if path.stat().st_size > MAX_DOCUMENT:
            raise InputError(f"{path} is longer than {MAX_DOCUMENT} bytes: not that of a recording")
        return Layout.parse(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{str(folder)!r} is no recording ({error.strerror}: zarr.json); record(feed, path) makes one"
        ) from error
