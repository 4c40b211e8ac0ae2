"""What is fuzzed: every parser that meets bytes from outside. A target raises nothing but the errors of the lab.

A target takes any bytes; what it raises is a finding. Each also checks a property that must hold for all bytes, so that
not only a wrong exception is found: messages do not depend on how the bytes were cut, and what was accepted is accepted
again after it was written anew.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from fractions import Fraction
from typing import Any

from midstream_lab.errors import FrameError, InputError
from midstream_lab.feed import Channel, Schema
from midstream_lab.stream.card import Card
from midstream_lab.stream.control import Messages, check_reply, check_request, error_from, pack
from midstream_lab.stream.datagrams import Answer, Ask, RowsFrame, frames_of, pack_answer, pack_ask, parse
from midstream_lab.stream.flatbuf import inspect
from midstream_lab.stream.frames import Decoder, Header
from midstream_lab.timebase import TimeBase

__all__ = ["TARGETS"]


def cuts(data: bytes) -> Iterator[bytes]:
    """The bytes in pieces whose sizes follow from the bytes themselves."""
    size = 1 + (data[-1] if data else 0)
    for begin in range(0, len(data), size):
        yield data[begin : begin + size]


def messages(pieces: Iterator[bytes]) -> tuple[list[dict[str, Any]], bool]:
    """The messages in the pieces, and whether all bytes were understood."""
    parser = Messages()
    found: list[dict[str, Any]] = []
    try:
        for piece in pieces:
            found += parser.receive(piece)
    except FrameError:
        return found, False
    return found, True


def control(data: bytes, check: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    """Read a control stream, and the same bytes as one message; return the messages that are of the protocol."""
    return [*stream(data, check), *stream(struct.pack(">I", len(data)) + data, check)]


def stream(data: bytes, check: Callable[[dict[str, Any]], dict[str, Any]]) -> list[dict[str, Any]]:
    once, good = messages(iter([data]))
    cut, also = messages(cuts(data))
    # a bad message takes with it those that came in the same piece, so only good streams are compared whole
    assert good == also
    assert not good or once == cut
    accepted = []
    for message in cut:
        with suppress(FrameError):
            accepted.append(check(message))
            assert Messages().receive(pack(message)) == [message]
    return accepted


def control_requests(data: bytes) -> None:
    """What a server reads."""
    control(data, check_request)


def control_replies(data: bytes) -> None:
    """What a client reads."""
    for message in control(data, check_reply):
        if message.get("error"):
            assert str(error_from(message["error"])) == message["error"]["text"]


def arrow_metadata(data: bytes) -> None:
    """The metadata of an Arrow message, before its body is buffered."""
    with suppress(FrameError):
        info = inspect(data)
        assert info.body >= 0
        assert info.rows >= 0


def arrow_stream(data: bytes) -> None:
    """A data stream."""
    assert decoded(iter([data])) == decoded(cuts(data))


def decoded(pieces: Iterator[bytes]) -> list[tuple[Any, ...]]:
    """What a decoder found, in a form that can be compared."""
    decoder = Decoder()
    found: list[tuple[Any, ...]] = []
    try:
        for piece in pieces:
            for event in decoder.receive(piece):
                if isinstance(event, Header):
                    found.append((event.schema.names, tuple(sorted(event.labels.items()))))
                else:
                    block = event.block
                    assert len({len(column) for column in block.columns}) <= 1
                    texts = tuple(repr(column.tolist()) for column in block.columns)
                    found.append((block.first, block.start, block.gap, block.stride, texts))
        decoder.close()
    except FrameError:
        found.append(("refused",))
    return found


def datagrams(data: bytes) -> None:
    """A datagram, of either end."""
    with suppress(FrameError):
        frame = parse(data)
        if isinstance(frame, Ask):
            assert pack_ask(frame) == data
        elif isinstance(frame, Answer):
            assert pack_answer(frame) == data
        else:
            rows_of(frame)


def rows_of(frame: RowsFrame) -> None:
    """The rows of a datagram under each schema; what was taken for rows is written as the same bytes."""
    for schema in SCHEMAS:
        with suppress(FrameError):
            block = frame.block(schema)
            about = {"subscription": frame.subscription, "index": frame.index, "begin": frame.begin}
            (again,) = frames_of(block, schema, **about, room=8192)
            back = parse(again)
            assert isinstance(back, RowsFrame)
            assert (back.first, back.start, back.rows, back.stride) == (
                block.first,
                block.start,
                len(block),
                block.stride,
            )


def card(data: bytes) -> None:
    """A connection card."""
    with suppress(InputError):
        read = Card._parse(data)
        shown = f"{read!r} {read._repr_html_()}".encode()
        assert read.token.encode() not in shown
        read.authority.encode()


#: What the rows of a datagram may be: regular and irregular time, one column and several.
SCHEMAS = [
    Schema(channels=(Channel(name="x"),)),
    Schema(
        channels=(Channel(name="n", kind="int"), Channel(name="b", kind="bool")),
        time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0),
    ),
]

TARGETS: dict[str, Callable[[bytes], None]] = {
    "control_requests": control_requests,
    "control_replies": control_replies,
    "arrow_metadata": arrow_metadata,
    "arrow_stream": arrow_stream,
    "card": card,
    "datagrams": datagrams,
}
