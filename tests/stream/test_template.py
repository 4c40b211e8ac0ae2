"""Batches whose layout is known: written and read as by Arrow itself, byte for byte."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midstream_lab.errors import FrameError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream.frames import Decoder, Encoder, Rows
from midstream_lab.timebase import TimeBase

REGULAR = Schema(channels=(Channel(name="x"), Channel(name="n", kind="int")))
IRREGULAR = Schema(channels=(Channel(name="x"),), time=TimeBase(step=0))
TEXT = Schema(channels=(Channel(name="x"), Channel(name="t", kind="text")))


def block(schema: Schema, first: int, rows: int, seed: int = 0, **more: int) -> Block:
    rng = np.random.default_rng([seed, first])
    columns = []
    for channel in schema.channels:
        if channel.kind == "text":
            columns.append(np.array(["é" * int(k) for k in rng.integers(0, 4, rows)], object))
        else:
            columns.append((rng.standard_normal(rows) * 1000).astype(channel.dtype))
    ticks = None if schema.time.regular else np.arange(first, first + rows)
    return Block(first=first, start=first, columns=tuple(columns), ticks=ticks, **more)


def same(one: Block, other: Block) -> bool:
    numbers = (one.first, one.start, one.gap, one.stride) == (other.first, other.start, other.gap, other.stride)
    ticks = (one.ticks is None) == (other.ticks is None) and (one.ticks is None or (one.ticks == other.ticks).all())
    return bool(numbers and ticks and all((a == b).all() for a, b in zip(one.columns, other.columns, strict=True)))


@pytest.mark.parametrize("schema", [REGULAR, IRREGULAR, TEXT], ids=["regular", "irregular", "text"])
@given(sizes=st.lists(st.integers(1, 5), min_size=2, max_size=12), jump=st.integers(0, 10**6))
def test_every_message_is_the_one_that_arrow_writes(schema: Schema, sizes: list[int], jump: int) -> None:
    encoder = Encoder(schema)
    first = 0
    for size in sizes:
        gap = jump if first % 3 == 1 else 0
        given_block = block(schema, first + gap, size, gap=gap)
        assert encoder.block(given_block) == Encoder(schema).block(given_block)
        first = given_block.stop


@pytest.mark.parametrize("schema", [REGULAR, IRREGULAR], ids=["regular", "irregular"])
def test_arrow_alone_reads_messages_of_a_known_layout(schema: Schema) -> None:
    encoder = Encoder(schema)
    blocks = [block(schema, 3 * i, 3) for i in range(40)]
    data = encoder.header() + b"".join(encoder.block(each) for each in blocks) + encoder.end()
    table = pa.ipc.open_stream(pa.py_buffer(data)).read_all()
    assert np.array_equal(table["x"].to_numpy(), np.concatenate([each.columns[0] for each in blocks]))


@pytest.mark.parametrize("schema", [REGULAR, IRREGULAR, TEXT], ids=["regular", "irregular", "text"])
def test_a_known_layout_reads_the_same_rows(schema: Schema) -> None:
    encoder, decoder = Encoder(schema), Decoder()
    list(decoder.receive(encoder.header()))
    at = 0
    for i in range(60):
        sent = block(schema, at, 1 + i % 3)
        (found,) = decoder.receive(encoder.block(sent))
        assert isinstance(found, Rows)
        assert same(found.block, sent)
        at = sent.stop


def answers(decoder: Decoder, data: bytes) -> list[object]:
    """What a decoder makes of bytes: its blocks, then the error if there is one."""
    found: list[object] = []
    try:
        found.extend(decoder.receive(data))
    except FrameError:
        found.append(FrameError)
    return found


@given(at=st.integers(0, 700), value=st.integers(0, 255))
def test_a_damaged_message_is_judged_as_if_no_layout_were_known(at: int, value: int) -> None:
    encoder = Encoder(REGULAR)
    head, known = encoder.header(), bytes(encoder.block(block(REGULAR, 10, 2)))
    following = block(REGULAR, 12, 2)
    message = bytearray(encoder.block(following))
    message[at % len(message)] = value
    experienced, fresh = Decoder(), Decoder()
    list(experienced.receive(head + known))
    list(fresh.receive(head))
    fresh._expected = 12
    for got, wanted in zip(answers(experienced, bytes(message)), answers(fresh, bytes(message)), strict=True):
        if isinstance(wanted, Rows):
            assert isinstance(got, Rows)
            assert all(
                np.array_equal(a, b, equal_nan=True)
                for a, b in zip(got.block.columns, wanted.block.columns, strict=True)
            )
            assert (got.block.first, got.block.start) == (wanted.block.first, wanted.block.start)
        else:
            assert got is wanted


def test_columns_of_another_length_are_refused() -> None:
    encoder = Encoder(REGULAR)
    encoder.block(block(REGULAR, 0, 3))
    wrong = Block(first=3, start=3, columns=(np.zeros(3), np.zeros(2, np.int64)))
    with pytest.raises(ValueError, match=r"size|length|structure"):
        encoder.block(wrong)
