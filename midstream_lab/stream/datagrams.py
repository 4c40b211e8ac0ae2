"""Datagrams: rows that are worthless when late, and exchanges of clock readings, as compact little-endian frames.

Sans-IO. A frame is one datagram; whatever the bytes are, `parse` gives a frame or a `FrameError`. See FORMAT.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FrameError, InputError
from ..feed.schema import Block, Schema
from .frames import row_bytes

__all__ = [
    "ROWS_BYTES",
    "Answer",
    "Ask",
    "RowsFrame",
    "check_fits",
    "frames_of",
    "pack_answer",
    "pack_ask",
    "parse",
    "rows_each",
]

VERSION = 1
ROWS, ASK, ANSWER = 0, 1, 2
#: Most bytes of a frame of rows, also where the path would take more: a lost one should not cost many rows.
ROWS_BYTES = 8192
#: Sequence numbers and ticks are below this, so that sums of them stay int64.
TOP = 2**62

_HEAD = struct.Struct("<BBHI")
_ROWS = struct.Struct("<QqQQQ")
_ASK = struct.Struct("<q")
_ANSWER = struct.Struct("<qqq")
#: What each kind of channel is on the wire.
_WIRE: dict[str, np.dtype[Any]] = {"float": np.dtype("<f8"), "int": np.dtype("<i8"), "bool": np.dtype("u1")}
_TICK = np.dtype("<i8")


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A client asks for the server's clock; `t1` is its own clock, in ns, as it sends."""

    number: int
    t1: int


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The server's clock as the question came (`t2`) and as the answer left (`t3`), in ns."""

    number: int
    t1: int
    t2: int
    t3: int


@dataclass(frozen=True, kw_only=True)
class RowsFrame:
    """Rows of a subscription.

    Parameters
    ----------
    subscription : int
        Its number.
    index : int
        Which datagram of the subscription this is, counted from 0.
    begin : int
        Sequence number with which the subscription began.
    first, start, stride, rows : int
        See `Block`.
    body : bytes
        The columns, one after another.
    """

    subscription: int
    index: int
    begin: int
    first: int
    start: int
    stride: int
    rows: int
    body: bytes

    def block(self, schema: Schema) -> Block:
        """The rows, or a `FrameError` if the body is not `rows` rows of that schema."""
        step = schema.time.step
        if len(self.body) != self.rows * row_bytes(schema):
            raise FrameError(
                f"a datagram of {self.rows} rows has {len(self.body)} bytes of them; {row_bytes(schema)} each are due"
            )
        columns, at = [], 0
        for channel in schema.channels:
            if channel.kind not in _WIRE:
                raise FrameError(f"channel {channel.name!r} holds texts, which no datagram carries")
            column = np.frombuffer(self.body, _WIRE[channel.kind], self.rows, at)
            at += column.nbytes
            if channel.kind == "bool" and np.any(column > 1):
                raise FrameError(f"channel {channel.name!r} of a datagram holds truths that are neither 0 nor 1")
            columns.append(column.astype(channel.dtype))
        ticks = None
        if not schema.time.regular:
            ticks = np.frombuffer(self.body, _TICK, self.rows, at).astype(np.int64)
            if ticks[0] != self.start or np.any(ticks[1:] < ticks[:-1]):
                raise FrameError("the times of a datagram's rows go back, or do not begin with its start")
        block = Block(first=self.first, start=self.start, columns=tuple(columns), ticks=ticks, stride=self.stride)
        if block.stop > TOP or not -TOP < block.end_tick(step) < TOP:
            raise FrameError(f"a datagram ends at row {block.stop - 1}; row numbers and ticks must be below 2**62")
        return block


def check_fits(schema: Schema, *, room: int) -> None:
    """Refuse rows that cannot travel in datagrams of `room` bytes.

    Raises
    ------
    InputError
        If a channel holds texts, or one row is too long.
    """
    texts = [channel.name for channel in schema.channels if channel.kind not in _WIRE]
    if texts:
        raise InputError(
            f"datagrams carry numbers and truths; channel {texts[0]!r} holds texts. Use delivery='stream', or a "
            "source without it"
        )
    if not room:
        raise InputError("this connection takes no datagrams; use delivery='stream'")
    size, free = row_bytes(schema), min(room, ROWS_BYTES) - _HEAD.size - _ROWS.size
    if size > free:
        raise InputError(
            f"a row of {size} bytes does not fit into a datagram, which takes {max(0, free)}; use "
            "delivery='stream', or fewer channels"
        )


def rows_each(schema: Schema, *, room: int) -> int:
    """Rows that fit into a datagram of `room` bytes."""
    return (min(room, ROWS_BYTES) - _HEAD.size - _ROWS.size) // row_bytes(schema)


def frames_of(block: Block, schema: Schema, *, subscription: int, index: int, begin: int, room: int) -> Iterator[bytes]:
    """The rows of a block as datagrams of at most `room` bytes, numbered from `index`.

    Examples
    --------
    >>> from midstream_lab.feed import Channel
    >>> schema = Schema(channels=(Channel(name="x"),))
    >>> block = Block(first=7, start=7, columns=(np.array([0.5, 1.0]),))
    >>> [data] = frames_of(block, schema, subscription=3, index=0, begin=7, room=1100)
    >>> len(data), parse(data).block(schema).columns[0].tolist()
    (64, [0.5, 1.0])
    """
    each = rows_each(schema, room=room)
    for number, at in enumerate(range(0, len(block), each), index):
        part = block.cut(at, min(at + each, len(block)), step=schema.time.step)
        columns = [
            column.astype(_WIRE[channel.kind]).tobytes()
            for channel, column in zip(schema.channels, part.columns, strict=True)
        ]
        if part.ticks is not None:
            columns.append(part.ticks.astype(_TICK).tobytes())
        head = _HEAD.pack(VERSION, ROWS, len(part), subscription)
        yield head + _ROWS.pack(part.first, part.start, begin, number, part.stride) + b"".join(columns)


def pack_ask(ask: Ask) -> bytes:
    """The bytes of a question.

    Examples
    --------
    >>> pack_ask(Ask(number=1, t1=2)).hex(" ", 4)
    '01010000 01000000 02000000 00000000'
    """
    return _HEAD.pack(VERSION, ASK, 0, ask.number) + _ASK.pack(ask.t1)


def pack_answer(answer: Answer) -> bytes:
    """The bytes of an answer."""
    return _HEAD.pack(VERSION, ANSWER, 0, answer.number) + _ANSWER.pack(answer.t1, answer.t2, answer.t3)


def parse(data: bytes) -> RowsFrame | Ask | Answer:
    """The frame that a datagram holds.

    Raises
    ------
    FrameError
        If it holds none.
    """
    if len(data) < _HEAD.size:
        raise FrameError(f"a datagram of {len(data)} bytes; the shortest has {_HEAD.size + _ASK.size}")
    version, kind, rows, number = _HEAD.unpack_from(data)
    if version != VERSION:
        raise FrameError(f"a datagram of version {version}; known: {VERSION}")
    if kind == ROWS:
        return _rows(data, rows, number)
    known = {ASK: _ASK, ANSWER: _ANSWER}.get(kind)
    if known is None or rows or len(data) != _HEAD.size + known.size:
        raise FrameError(f"a datagram of kind {kind} with {len(data)} bytes is none of the format")
    times = known.unpack_from(data, _HEAD.size)
    if not all(-TOP < t < TOP for t in times):
        raise FrameError("a datagram with a clock reading beyond 2**62 ns")
    if kind == ASK:
        return Ask(number=number, t1=times[0])
    return Answer(number=number, t1=times[0], t2=times[1], t3=times[2])


def _rows(data: bytes, rows: int, subscription: int) -> RowsFrame:
    if not _HEAD.size + _ROWS.size <= len(data) <= ROWS_BYTES or not rows:
        raise FrameError(f"a datagram of {rows} rows with {len(data)} bytes; at most {ROWS_BYTES:,} are accepted")
    first, start, begin, index, stride = _ROWS.unpack_from(data, _HEAD.size)
    if not (begin <= first < TOP and -TOP < start < TOP and index < TOP and 1 <= stride <= 2**32):
        raise FrameError(f"a datagram of rows from {first} by {stride}, of a subscription from {begin}: out of range")
    return RowsFrame(
        subscription=subscription,
        index=index,
        begin=begin,
        first=first,
        start=start,
        stride=stride,
        rows=rows,
        body=data[_HEAD.size + _ROWS.size :],
    )
