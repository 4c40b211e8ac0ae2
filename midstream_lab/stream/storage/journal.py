"""The journal: the newest rows, less than a chunk, as records that are only ever appended.

A record is a head with the place, number and time of its first row and with checksums, and then the rows.
What a crash leaves of the last record is cut off; anything else that is wrong was changed later, and is an error.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import InputError
from ...feed.schema import Block
from .columns import join, split, unpack
from .columns import pack as pack_column
from .layout import Layout

__all__ = ["Entry", "Journal", "header", "pack_entry", "parse"]

MAGIC = b"MIDJRN1\n"
#: Magic, identity of the recording, rows that were published when the journal began, checksum.
_HEADER = struct.Struct("<8s16sQI")
#: Bytes and number of the rows; place, number and tick of the first; stride, flags, checksums of rows and head.
_HEAD = struct.Struct("<IIQqqIIII")
ANEW = 1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Rows of the journal.

    Parameters
    ----------
    begin : int
        Place of the first row in the recording.
    block : Block
        The rows.
    anew : bool
        Whether the source began anew before them: the gap is of unknown size.
    """

    begin: int
    block: Block
    anew: bool

    def after(self, count: int, *, step: int) -> Entry | None:
        """What of it lies at the place `count` or behind it."""
        skip = count - self.begin
        if skip <= 0:
            return self
        if skip >= len(self.block):
            return None
        return Entry(begin=count, block=self.block.cut(skip, len(self.block), step=step), anew=False)


@dataclass(frozen=True, kw_only=True)
class Journal:
    """What a journal holds.

    Parameters
    ----------
    base : int
        Rows that were published when it began.
    entries : tuple of Entry
        In order, without holes.
    size : int
        Bytes up to the end of the last whole record.
    torn : int
        Bytes behind it, which a crash has left.
    """

    base: int
    entries: tuple[Entry, ...]
    size: int
    torn: int

    def after(self, count: int, *, step: int) -> list[Entry]:
        """The rows at the place `count` and behind it: those that are not published."""
        cut = [entry.after(count, step=step) for entry in self.entries]
        return [entry for entry in cut if entry is not None]


def header(layout: Layout, *, base: int) -> bytes:
    """The first bytes of a journal that begins at the place `base`."""
    front = _HEADER.pack(MAGIC, bytes.fromhex(layout.identity), base, 0)[:-4]
    return front + zlib.crc32(front).to_bytes(4, "little")


def pack_entry(entry: Entry, layout: Layout) -> bytes:
    """The record of these rows."""
    block = entry.block
    columns = [*block.columns] if block.ticks is None else [*block.columns, block.ticks]
    types = layout.arrays.values()
    rows = join([pack_column(column, kind) for column, kind in zip(columns, types, strict=True)])
    flags = ANEW if entry.anew else 0
    place = (entry.begin, block.first, block.start, block.stride, flags)
    front = _HEAD.pack(len(rows), len(block), *place, zlib.crc32(rows), 0)[:-4]
    return front + zlib.crc32(front).to_bytes(4, "little") + rows


def parse(data: bytes, layout: Layout) -> Journal:
    """The rows in the bytes of a journal.

    Raises
    ------
    InputError
        If it belongs to another recording, or was changed.
    """
    front = data[: _HEADER.size]
    if len(front) < _HEADER.size or zlib.crc32(front[:-4]) != int.from_bytes(front[-4:], "little"):
        raise _damaged("its header is not whole")
    magic, identity, base, _ = _HEADER.unpack(front)
    if magic != MAGIC or identity.hex() != layout.identity:
        raise _damaged("it belongs to another recording, or to another version")
    entries: list[Entry] = []
    size = _HEADER.size
    expected = base
    for entry, end in _records(data, layout):
        if entry.begin != expected:
            raise _damaged(f"row {expected} is missing at byte {size}: row {entry.begin} follows")
        entries.append(entry)
        expected += len(entry.block)
        size = end
    return Journal(base=base, entries=tuple(entries), size=size, torn=len(data) - size)


def _records(data: bytes, layout: Layout) -> Iterator[tuple[Entry, int]]:
    """Each whole record, and where it ends."""
    at = _HEADER.size
    written = len(data.rstrip(b"\0"))  # a power cut may leave zeros where nothing had come to the disk
    while len(data) - at >= _HEAD.size and written > at:
        head = data[at : at + _HEAD.size]
        if zlib.crc32(head[:-4]) != int.from_bytes(head[-4:], "little"):
            if written < at + _HEAD.size:
                return
            raise _damaged(f"the record at byte {at} was changed")
        length, count, begin, first, start, stride, flags, checksum, _ = _HEAD.unpack(head)
        end = at + _HEAD.size + length
        if end > len(data):
            return
        rows = data[at + _HEAD.size : end]
        if zlib.crc32(rows) != checksum:
            if written < end:
                return
            raise _damaged(f"the rows at byte {at} were changed")
        block = _block(rows, count=count, first=first, start=start, stride=stride, layout=layout)
        yield Entry(begin=begin, block=block, anew=bool(flags & ANEW)), end
        at = end


def _block(rows: bytes, *, count: int, first: int, start: int, stride: int, layout: Layout) -> Block:
    types = list(layout.arrays.values())
    try:
        columns = [unpack(part, kind) for part, kind in zip(split(rows, len(types)), types, strict=True)]
        if stride < 1 or not count or any(len(column) != count for column in columns):
            raise ValueError(f"columns that are not {count} rows long")
    except (ValueError, TypeError) as error:
        raise _damaged(f"rows that are none: {error}") from error
    ticks = None if layout.schema.time.regular else columns.pop()
    return Block(first=first, start=start, columns=tuple(columns), ticks=ticks, stride=stride)


def _damaged(what: str) -> InputError:
    return InputError(
        f"the journal is damaged: {what}. Take the file from a copy of the recording, or delete it: the rows that were "
        "published are whole, the newest ones, less than a chunk, are then given up"
    )
