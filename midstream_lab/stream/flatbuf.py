"""Just enough of FlatBuffers to look into the metadata of an Arrow IPC message before its body is buffered.

Layout of the tables: Message.fbs and Schema.fbs of the Apache Arrow columnar format, version 5.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ..errors import FrameError

__all__ = ["Layout", "MessageInfo", "inspect", "layout"]

#: MessageHeader union of Message.fbs.
KINDS = {1: "schema", 2: "dictionary", 3: "batch", 4: "tensor", 5: "sparse tensor"}
MAX_PAIRS = 64


@dataclass(frozen=True, kw_only=True)
class MessageInfo:
    """What the metadata of a message says about its body.

    Parameters
    ----------
    kind : str
        ``"schema"``, ``"batch"`` or another kind of message.
    body : int
        Bytes that follow the metadata.
    rows : int
        Rows of a batch, else 0.
    compressed : bool
        Whether the body of a batch is compressed.
    pairs : dict of str to str
        Custom metadata of the message.
    """

    kind: str
    body: int
    rows: int = 0
    compressed: bool = False
    pairs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Where the parts of a record batch stand.

    Parameters
    ----------
    values : dict of str to (int, int)
        Begin and end of the value of each pair of custom metadata, in the metadata.
    buffers : list of (int, int)
        Offset in the body and length of each buffer: a mask and the data of each column.
    """

    values: dict[str, tuple[int, int]]
    buffers: list[tuple[int, int]]


def layout(metadata: bytes) -> Layout:
    """The layout of a record batch whose message was read whole before: it is not checked here."""
    message = _Table(metadata, _unsigned(metadata, 0))
    header = message.table(2)
    assert header is not None
    at, count = header.vector(2)
    values = {table.text(0): table.span(1) for table in message.tables(4)}
    return Layout(values=values, buffers=[struct.unpack_from("<qq", metadata, at + 16 * i) for i in range(count)])


def inspect(metadata: bytes) -> MessageInfo:
    """Read the metadata of one message.

    Raises
    ------
    FrameError
        If an offset leads out of the buffer, or a field is out of its range.
    """
    try:
        message = _Table(metadata, _unsigned(metadata, 0))
        kind = message.scalar(1, "<B")
        body = message.scalar(3, "<q")
        header = message.table(2)
        if header is None or kind not in KINDS:
            raise FrameError(f"an Arrow message of unknown kind {kind}")
        rows = header.scalar(0, "<q") if kind == 3 else 0
        if body < 0 or rows < 0:
            raise FrameError(f"an Arrow message with a body of {body} bytes and {rows} rows")
        return MessageInfo(
            kind=KINDS[kind],
            body=body,
            rows=rows,
            compressed=kind == 3 and header.table(3) is not None,
            pairs=dict(_pairs(message)) if kind == 3 else {},
        )
    except (struct.error, UnicodeDecodeError) as error:
        raise FrameError(f"the metadata of an Arrow message is damaged: {error}") from error


def _pairs(message: _Table) -> list[tuple[str, str]]:
    """Custom metadata of a message."""
    found = []
    for table in message.tables(4):
        key, value = table.text(0), table.text(1)
        found.append((key, value))
    return found


def _unsigned(buffer: bytes, at: int) -> int:
    return int(struct.unpack_from("<I", buffer, at)[0])


class _Table:
    """A table of a FlatBuffer; `struct` refuses what lies behind the end, negative places are refused here."""

    def __init__(self, buffer: bytes, at: int) -> None:
        self._buffer = buffer
        self._at = at
        self._vtable = at - struct.unpack_from("<i", buffer, at)[0]
        if self._vtable < 0:
            raise struct.error("a table points before its buffer")
        self._size = struct.unpack_from("<H", buffer, self._vtable)[0]

    def _field(self, index: int) -> int | None:
        place = 4 + 2 * index
        if place + 2 > self._size:
            return None
        offset = struct.unpack_from("<H", self._buffer, self._vtable + place)[0]
        return self._at + offset if offset else None

    def scalar(self, index: int, form: str) -> int:
        at = self._field(index)
        return 0 if at is None else int(struct.unpack_from(form, self._buffer, at)[0])

    def table(self, index: int) -> _Table | None:
        at = self._field(index)
        return None if at is None else _Table(self._buffer, at + _unsigned(self._buffer, at))

    def tables(self, index: int) -> list[_Table]:
        at, count = self.vector(index)
        if count > MAX_PAIRS:
            raise FrameError(f"{count} metadata pairs; at most {MAX_PAIRS} are allowed")
        places = range(at, at + 4 * count, 4)
        return [_Table(self._buffer, place + _unsigned(self._buffer, place)) for place in places]

    def vector(self, index: int) -> tuple[int, int]:
        """Where the elements of a vector begin, and how many there are."""
        at = self._field(index)
        if at is None:
            return 0, 0
        at += _unsigned(self._buffer, at)
        return at + 4, _unsigned(self._buffer, at)

    def span(self, index: int) -> tuple[int, int]:
        """Begin and end of a text."""
        at, size = self.vector(index)
        if at + size > len(self._buffer):
            raise struct.error("a text reaches behind the end")
        return at, at + size

    def text(self, index: int) -> str:
        begin, end = self.span(index)
        return self._buffer[begin:end].decode()
