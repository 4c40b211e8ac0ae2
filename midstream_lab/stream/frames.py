"""Blocks of rows as one Arrow IPC stream, and back; no sockets.

`Encoder` makes the bytes, `Decoder` takes them in pieces of any size. The decoder knows how long a message is,
and that it may be so long, before it buffers it. See FORMAT.md for the format on one page.
"""

from __future__ import annotations

import io
import struct
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FrameError, require
from ..feed.schema import Block, Schema
from .arrow_schema import INT64, from_arrow, to_arrow, whole
from .flatbuf import MessageInfo, inspect
from .template import PREFIX, Template

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "BATCH_BYTES",
    "BATCH_ROWS",
    "Decoder",
    "DecoderLimits",
    "Encoder",
    "Header",
    "Rows",
    "moved",
    "pieces",
    "row_bytes",
]

#: A batch closes at this many rows,
BATCH_ROWS = 4096
#: or at about this many bytes: what a wide batch may cost in memory at both ends.
BATCH_BYTES = 256 * 1024
#: Layouts of batches that an encoder or a decoder remembers.
TEMPLATES = 8
CONTINUATION = 0xFFFFFFFF
#: What ends an Arrow IPC stream: the continuation mark and a metadata length of 0.
END = struct.pack("<II", CONTINUATION, 0)


@dataclass(frozen=True, kw_only=True)
class DecoderLimits:
    """What a decoder accepts, checked before anything is buffered.

    Parameters
    ----------
    metadata : int
        Most bytes of a message's metadata; default 1 MiB.
    body : int
        Most bytes of a message's body; default 16 MiB.
    rows : int
        Most rows of a batch; default 65,536.
    """

    metadata: int = 1 << 20
    body: int = 16 << 20
    rows: int = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Header:
    """The first thing a stream says: what its rows hold, and the labels of its sender."""

    schema: Schema
    labels: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A block, and the offset in the stream at which its bytes end."""

    block: Block
    end: int


class Encoder:
    """Blocks to bytes.

    Parameters
    ----------
    schema : Schema
        What the rows hold.
    labels : dict of str to str, optional
        Goes into the schema's metadata as ``midstream.<label>``.

    Examples
    --------
    >>> from midstream_lab.feed import Channel
    >>> encoder = Encoder(Schema(channels=(Channel(name="x"),)))
    >>> data = encoder.header() + encoder.block(Block(first=0, start=0, columns=(np.arange(3.0),))) + encoder.end()
    >>> header, rows = Decoder().receive(data)
    >>> rows.block.columns[0].tolist()
    [0.0, 1.0, 2.0]
    """

    def __init__(self, schema: Schema, *, labels: dict[str, str] | None = None) -> None:
        pa = require("pyarrow", extra="stream")
        self._pa = pa
        self._schema = schema
        self._arrow = to_arrow(schema, labels=labels)
        self._sink = io.BytesIO()
        # compression would hide the size of a body from the reader
        options = pa.ipc.IpcWriteOptions(compression=None, use_threads=False)
        self._writer = pa.RecordBatchStreamWriter(self._sink, self._arrow, options=options)
        self._begun = False
        self._dtypes = plain_dtypes(self._arrow)
        self._templates: dict[tuple[int, ...], Template] = {}

    def header(self) -> bytes:
        """The schema message: the first bytes of a stream."""
        return bytes(self._arrow.serialize())

    def block(self, block: Block) -> bytes | bytearray:
        """One record batch."""
        about = {"midstream.first": str(block.first), "midstream.start": str(block.start)}
        about["midstream.gap"] = str(block.gap)
        if block.stride != 1:
            about["midstream.stride"] = str(block.stride)
        columns = list(block.columns)
        if not self._schema.time.regular:
            columns.append(block.ticks if block.ticks is not None else np.empty(0, np.int64))
        key = (len(block), *map(len, about.values()))
        if (template := self._templates.get(key)) is not None:
            return template.fill(about, columns)
        self._writer.write_batch(self._batch(columns), custom_metadata=about)
        message = self._drain()
        if self._dtypes and len(block):
            if len(self._templates) >= TEMPLATES:
                self._templates.clear()
            template = Template(message, self._dtypes)
            if template.usable:
                self._templates[key] = template
        return message

    def end(self) -> bytes:
        """What ends the stream well; a stream that ends without it has failed."""
        return END

    def _batch(self, columns: list[np.ndarray]) -> pa.RecordBatch:
        arrays = [
            self._pa.array(column, type=field.type, from_pandas=False)
            for column, field in zip(columns, self._arrow, strict=True)
        ]
        return self._pa.RecordBatch.from_arrays(arrays, schema=self._arrow)

    def _drain(self) -> bytes:
        data = self._sink.getvalue()
        self._sink.seek(0)
        self._sink.truncate()
        if not self._begun:
            # the writer puts the schema before its first batch
            self._begun = True
            data = data[8 + struct.unpack_from("<I", data, 4)[0] :]
        return data


class Decoder:
    """Bytes to blocks, in pieces of any size.

    Parameters
    ----------
    limits : DecoderLimits, optional
        What to accept.

    Attributes
    ----------
    header : Header or None
        The stream's header, once it has come.
    ended : bool
        Whether the stream has ended well.
    offset : int
        Bytes that were understood so far.
    needed : int
        Offset at which the message under way ends, as far as that is known.
    """

    def __init__(self, limits: DecoderLimits | None = None) -> None:
        require("pyarrow", extra="stream")
        self.limits = limits or DecoderLimits()
        self.header: Header | None = None
        self.ended = False
        self.offset = 0
        self.needed = 8
        self._arrow: Any = None
        self._buffer = bytearray()
        self._info: MessageInfo | None = None
        self._expected: int | None = None
        self._dtypes: list[np.dtype] = []
        self._templates: deque[Template] = deque(maxlen=TEMPLATES)
        self._template: Template | None = None

    def receive(self, data: bytes) -> Iterator[Header | Rows]:
        """Take the next bytes; go through what they complete.

        Raises
        ------
        FrameError
            While going through it, after all that came whole before: if the bytes are not such a stream, or more
            than the limits allow. The decoder is then of no more use.
        """
        self._buffer += data
        return self._events()

    def _events(self) -> Iterator[Header | Rows]:
        while len(self._buffer) >= self.needed - self.offset and not (self.ended and not self._buffer):
            if self.ended:
                raise FrameError("bytes after the end of the stream")
            event = self._advance()
            if event is not None:
                yield event

    def close(self) -> None:
        """No more bytes will come; a `FrameError` if they stop inside a message."""
        if self._buffer:
            raise FrameError(f"the stream was cut off inside a message, after {len(self._buffer)} of its bytes")

    def _advance(self) -> Header | Rows | None:
        """One step: the prefix, the metadata or the whole message has come."""
        size = self.needed - self.offset
        if size == 8:
            mark, length = struct.unpack_from("<II", self._buffer)
            if mark != CONTINUATION:
                raise FrameError(f"not an Arrow IPC message: it starts with {bytes(self._buffer[:4]).hex()}")
            if length == 0:
                self._end()
                return None
            if length > self.limits.metadata or length % 8:
                raise FrameError(f"metadata of {length} bytes; allowed: a multiple of 8 up to {self.limits.metadata}")
            self.needed += length
            return None
        if self._info is None:
            self._info = self._inspect(bytes(memoryview(self._buffer)[PREFIX:size]))
            self._check(self._info)
            self.needed += self._info.body
            if self._info.body:
                return None
        return self._complete(self._info)

    def _inspect(self, metadata: bytes) -> MessageInfo:
        """What the metadata say; remembers the template that they match."""
        for template in self._templates:
            if (info := template.match(metadata)) is not None:
                self._template = template
                return info
        self._template = None
        return inspect(metadata)

    def _check(self, info: MessageInfo) -> None:
        if info.kind != ("schema" if self.header is None else "batch"):
            raise FrameError(f"a {info.kind} message; allowed: one schema, then record batches")
        if info.body > self.limits.body:
            raise FrameError(f"a message of {info.body} bytes; at most {self.limits.body} are accepted")
        if info.kind == "schema" and info.body:
            raise FrameError("a schema message with a body")
        if info.kind == "batch" and info.rows > self.limits.rows:
            raise FrameError(f"a batch of {info.rows} rows; at most {self.limits.rows} are accepted")
        if info.compressed:
            raise FrameError("a compressed batch; the format knows none")

    def _complete(self, info: MessageInfo) -> Header | Rows:
        size = self.needed - self.offset
        with memoryview(self._buffer) as view:
            message = bytes(view[:size])
        del self._buffer[:size]
        self.offset = self.needed
        self.needed += 8
        self._info = None
        if self.header is None:
            self._arrow = _read(lambda pa: pa.ipc.read_schema(pa.py_buffer(message)))
            schema, labels = from_arrow(self._arrow)
            self.header = Header(schema=schema, labels=labels)
            self._dtypes = plain_dtypes(self._arrow)
            return self.header
        if self._template is not None:
            columns = self._template.columns(message)
        else:
            batch = _read(lambda pa: _validated(pa, message, self._arrow))
            columns = [_column(column) for column in batch.columns]
            if self._dtypes and info.rows:
                template = Template(message, self._dtypes)
                if template.usable:
                    self._templates.appendleft(template)
        return Rows(block=self._block(columns, info, self.header.schema), end=self.offset)

    def _block(self, columns: list[np.ndarray], info: MessageInfo, schema: Schema) -> Block:
        first = whole(info.pairs.get("midstream.first"), name="midstream.first")
        start = whole(info.pairs.get("midstream.start"), name="midstream.start", low=-(2**63))
        gap = whole(info.pairs.get("midstream.gap"), name="midstream.gap")
        stride = whole(info.pairs.get("midstream.stride", "1"), name="midstream.stride", low=1)
        expected = first - gap if self._expected is None else self._expected
        if expected < 0 or first != expected + gap:
            raise FrameError(f"a batch starts at row {first} with a gap of {gap}; row {max(expected, 0)} was expected")
        if not info.rows and not gap:
            raise FrameError("a batch of 0 rows says how many are missing; its gap is 0")
        ticks = None if schema.time.regular else columns.pop()
        if ticks is not None and len(ticks) and ticks[0] != start:
            raise FrameError(f"a batch starts at tick {start}, its first row at tick {ticks[0]}")
        typed = zip(columns, schema.channels, strict=True)
        block = Block(
            first=first,
            start=start,
            columns=tuple(np.asarray(column, channel.dtype) for column, channel in typed),
            ticks=ticks,
            gap=gap,
            stride=stride,
        )
        last = block.end_tick(schema.time.step) if len(block) else start
        if block.stop >= INT64 or last >= INT64 - 1:
            raise FrameError(f"a batch ends at row {block.stop - 1}, tick {last}; both must be below {INT64 - 1}")
        self._expected = block.stop
        return block

    def _end(self) -> None:
        if self.header is None:
            raise FrameError("the stream ended before its schema")
        self.ended = True
        del self._buffer[:8]
        self.offset = self.needed
        self.needed += 1


def plain_dtypes(schema: pa.Schema) -> list[np.dtype]:
    """Those of the columns if all are 8-byte numbers, else none."""
    known = {"double": np.dtype(np.float64), "int64": np.dtype(np.int64)}
    found = [known[str(field.type)] for field in schema if str(field.type) in known]
    return found if len(found) == len(schema) else []


def row_bytes(schema: Schema) -> int:
    """Bytes that a row takes on the wire, without its texts."""
    return sum(channel.dtype.itemsize for channel in schema.channels) + 8 * (not schema.time.regular)


def pieces(block: Block, *, step: int, most: int = BATCH_BYTES) -> Iterator[Block]:
    """The block in parts whose texts take `most` bytes or less, or that are one row; text is never cut."""
    texts = [column for column in block.columns if column.dtype == object]
    if not texts:
        yield block
        return
    sizes = np.sum([[len(text.encode()) for text in column] for column in texts], axis=0)
    begin, held = 0, 0
    for row, size in enumerate(sizes):
        if held and held + size > most:
            yield block.cut(begin, row, step=step)
            begin, held = row, 0
        held += int(size)
    yield block.cut(begin, len(block), step=step)


def moved(block: Block, *, rows: int, ticks: int) -> Block:
    """The block with its numbers and times counted on."""
    if not rows and not ticks:
        return block
    times = None if block.ticks is None else block.ticks + ticks
    return replace(block, first=block.first + rows, start=block.start + ticks, ticks=times)


def _read(read: Any) -> Any:
    """Call into pyarrow; what it says of bad bytes becomes a `FrameError`."""
    pa = require("pyarrow", extra="stream")
    try:
        return read(pa)
    except (pa.ArrowException, ValueError, TypeError, OSError, MemoryError) as error:
        raise FrameError(f"Arrow cannot read a message: {error}") from error


def _validated(pa: Any, message: bytes, schema: pa.Schema) -> pa.RecordBatch:
    batch = pa.ipc.read_record_batch(pa.ipc.read_message(pa.py_buffer(message)), schema)
    batch.validate(full=True)
    if any(column.null_count for column in batch.columns):
        raise FrameError("a batch with nulls; a missing number is NaN, a missing row is a gap")
    return batch


def _column(column: pa.Array) -> np.ndarray:
    if column.type == "string":
        texts = np.empty(len(column), object)
        texts[:] = column.to_pylist()
        return texts
    return column.to_numpy(zero_copy_only=False)
