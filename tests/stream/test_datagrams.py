"""Datagram frames without a socket: what goes in comes out, and other bytes give FrameError and nothing else."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import FrameError, InputError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream.datagrams import (
    ROWS_BYTES,
    Answer,
    Ask,
    RowsFrame,
    check_fits,
    frames_of,
    pack_answer,
    pack_ask,
    parse,
)
from midstream_lab.timebase import TimeBase

VECTORS = json.loads((Path(__file__).parent / "vectors" / "datagrams.json").read_text())

PLAIN = Schema(channels=(Channel(name="x"), Channel(name="y")))
MIXED = Schema(
    channels=(Channel(name="v"), Channel(name="n", kind="int"), Channel(name="on", kind="bool")),
    time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0),
)


def plain(first: int, rows: int, *, stride: int = 1) -> Block:
    x = first + np.arange(rows, dtype=np.float64) * stride
    return Block(first=first, start=first, columns=(x, -x), stride=stride)


def mixed(first: int, rows: int) -> Block:
    n = np.arange(first, first + rows)
    ticks = n**2 * 1000
    return Block(first=first, start=int(ticks[0]), columns=(n / 7.0, n * 10**12, n % 3 == 0), ticks=ticks)


def there_and_back(block: Block, schema: Schema, *, room: int) -> list[Block]:
    found: list[Block] = []
    for data in frames_of(block, schema, subscription=3, index=10, begin=block.first, room=room):
        assert len(data) <= room
        frame = parse(data)
        assert isinstance(frame, RowsFrame)
        assert (frame.subscription, frame.index, frame.begin) == (3, 10 + len(found), block.first)
        found.append(frame.block(schema))
    return found


@pytest.mark.parametrize("room", [100, 1136, 60_000])
@pytest.mark.parametrize(("schema", "block"), [(PLAIN, plain(5, 1000)), (MIXED, mixed(5, 1000))])
def test_rows_come_out_as_they_went_in_however_many_fit(schema: Schema, block: Block, room: int) -> None:
    parts = there_and_back(block, schema, room=room)
    assert [part.first for part in parts[1:]] == [part.stop for part in parts[:-1]]
    for whole, *pieces in zip(block.columns, *(part.columns for part in parts), strict=True):
        assert np.concatenate(pieces).tobytes() == whole.tobytes()
    if block.ticks is not None:
        assert np.array_equal(np.concatenate([part.ticks for part in parts]), block.ticks)


def test_a_stride_and_odd_numbers_keep_their_bits() -> None:
    values = np.array([np.nan, np.inf, -0.0, 5e-324])
    block = Block(first=8, start=8, columns=(values, values), stride=4)
    (back,) = there_and_back(block, PLAIN, room=1136)
    assert (back.stride, back.stop) == (4, 21)
    assert back.columns[0].tobytes() == values.tobytes()


def test_a_datagram_takes_as_many_rows_as_fit_and_bounds_what_one_loss_costs() -> None:
    assert len(there_and_back(plain(0, 68), PLAIN, room=48 + 68 * 16)) == 1
    assert len(there_and_back(plain(0, 69), PLAIN, room=48 + 68 * 16)) == 2
    assert len(there_and_back(plain(0, 1000), PLAIN, room=60_000)) > 16_000 // ROWS_BYTES


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (Ask(number=7, t1=-5), pack_ask(Ask(number=7, t1=-5))),
        (Answer(number=7, t1=1, t2=2, t3=3), pack_answer(Answer(number=7, t1=1, t2=2, t3=3))),
    ],
)
def test_clock_readings_come_out_as_they_went_in(frame: Ask | Answer, data: bytes) -> None:
    assert parse(data) == frame


def test_the_vectors_fix_the_bytes() -> None:
    assert pack_ask(Ask(**VECTORS["ask"]["fields"])).hex() == VECTORS["ask"]["bytes"]
    assert pack_answer(Answer(**VECTORS["answer"]["fields"])).hex() == VECTORS["answer"]["bytes"]
    rows = VECTORS["rows"]
    block = Block(
        first=rows["first"],
        start=rows["ticks"][0],
        columns=(np.array(rows["v"]), np.array(rows["n"]), np.array(rows["on"])),
        ticks=np.array(rows["ticks"]),
    )
    about = {name: rows[name] for name in ("subscription", "index", "begin")}
    (data,) = frames_of(block, MIXED, **about, room=1136)
    assert data.hex() == rows["bytes"]


def test_texts_are_refused_with_a_way_out() -> None:
    schema = Schema(channels=(Channel(name="word", kind="text"),))
    with pytest.raises(InputError, match=r"'word' holds texts.*delivery='stream'"):
        check_fits(schema, room=1136)


def test_a_row_that_does_not_fit_is_refused_with_its_size() -> None:
    schema = Schema(channels=tuple(Channel(name=f"c{i}") for i in range(200)))
    check_fits(schema, room=60_000)
    with pytest.raises(InputError, match="a row of 1600 bytes does not fit into a datagram, which takes 1088"):
        check_fits(schema, room=1136)


def test_a_connection_without_datagrams_is_refused() -> None:
    with pytest.raises(InputError, match="takes no datagrams"):
        check_fits(PLAIN, room=0)


GOOD = [
    *frames_of(mixed(5, 9), MIXED, subscription=3, index=0, begin=5, room=1136),
    *frames_of(plain(5, 9), PLAIN, subscription=3, index=0, begin=5, room=1136),
    pack_ask(Ask(number=7, t1=5)),
    pack_answer(Answer(number=7, t1=1, t2=2, t3=3)),
]


def read(data: bytes) -> None:
    """Any bytes give a frame whose rows fit a schema, or a FrameError."""
    try:
        frame = parse(data)
        if isinstance(frame, RowsFrame):
            frame.block(MIXED if frame.subscription % 2 else PLAIN)
    except FrameError:
        pass


@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_give_a_frame_or_a_frame_error(data: bytes) -> None:
    read(data)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(GOOD), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6), st.integers())
def test_spoiled_frames_give_a_frame_or_a_frame_error(good: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    spoiled = bytearray(good)
    for place, value in changes:
        spoiled[place % len(spoiled)] = value
    read(bytes(spoiled[: 1 + cut % (len(spoiled))]))


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [(0, 9, "version 9"), (1, 7, "kind 7"), (2, 3, "bytes of them"), (40, 0, "out of range"), (15, 0x7F, "range")],
)
def test_what_is_wrong_is_said(place: int, value: int, match: str) -> None:
    spoiled = bytearray(GOOD[1])
    spoiled[place] = value
    with pytest.raises(FrameError, match=match):
        parse(bytes(spoiled)).block(PLAIN)  # type: ignore[union-attr]


def test_times_that_go_back_are_refused() -> None:
    block = mixed(5, 3)
    assert block.ticks is not None
    (data,) = frames_of(block, MIXED, subscription=3, index=0, begin=5, room=1136)
    spoiled = data[:-8] + (0).to_bytes(8, "little")
    with pytest.raises(FrameError, match="go back"):
        parse(spoiled).block(MIXED)  # type: ignore[union-attr]
