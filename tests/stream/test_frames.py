"""Arrow IPC frames without a socket: any pieces give the same rows, bad bytes give FrameError and nothing else."""

import io
import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import FrameError, InputError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.stream.frames import END, Decoder, DecoderLimits, Encoder, Header, Rows
from midstream_lab.timebase import TimeBase

VECTORS = Path(__file__).parent / "vectors"

ECG = Schema(
    channels=(Channel(name="MLII", unit="mV"), Channel(name="V1", unit="mV")),
    time=TimeBase(tick=Fraction(1, 360), unit="s", epoch="2020-01-01T00:00:00"),
    attrs={"title": "an ECG", "rate": 360.0},
)
MIXED = Schema(
    channels=(
        Channel(name="time", unit="ms"),
        Channel(name="count", kind="int"),
        Channel(name="on", kind="bool"),
        Channel(name="state", kind="category"),
        Channel(name="word", kind="text"),
    ),
    time=TimeBase(tick=Fraction(1, 10**9), unit="s", step=0),
)


def ecg_block(first: int, rows: int, *, gap: int = 0) -> Block:
    x = np.arange(first, first + rows, dtype=np.float64)
    return Block(first=first, start=first, columns=(np.sin(x), np.cos(x)), gap=gap)


def mixed_block(first: int, rows: int) -> Block:
    n = np.arange(first, first + rows)
    words = np.array([f"wörter {i}" * (i % 3) for i in n], object)
    states = np.array(["ab"[i % 2] for i in n], object)
    ticks = n**2 * 1000
    return Block(
        first=first, start=int(ticks[0]), columns=(n / 7.0, n * 10**12, n % 3 == 0, states, words), ticks=ticks
    )


def stream(schema: Schema, *blocks: Block) -> bytes:
    encoder = Encoder(schema, labels={"subscription": "3"})
    return encoder.header() + b"".join(map(encoder.block, blocks)) + encoder.end()


MIXED_STREAM = stream(MIXED, mixed_block(0, 5), mixed_block(5, 40))
DECIMATED_STREAM = (VECTORS / "decimated.arrows").read_bytes()
ECG_STREAM = stream(ECG, ecg_block(0, 3), ecg_block(3, 100), ecg_block(110, 7, gap=7))


def decode(data: bytes, sizes: list[int] | None = None, *, limits: DecoderLimits | None = None) -> list[Header | Rows]:
    decoder = Decoder(limits)
    found: list[Header | Rows] = []
    at = 0
    for size in sizes or [len(data)]:
        found += decoder.receive(data[at : at + size])
        at += size
    found += decoder.receive(data[at:])
    decoder.close()
    return found


def same(block: Block, other: Block) -> bool:
    return (
        (block.first, block.start, block.gap, block.stride) == (other.first, other.start, other.gap, other.stride)
        and (block.ticks is None) == (other.ticks is None)
        and (block.ticks is None or other.ticks is None or np.array_equal(block.ticks, other.ticks))
        and all(a.dtype == b.dtype and np.array_equal(a, b) for a, b in zip(block.columns, other.columns, strict=True))
    )


@pytest.mark.parametrize(
    ("schema", "blocks"),
    [(ECG, [ecg_block(5, 4), ecg_block(9, 1)]), (MIXED, [mixed_block(0, 5), mixed_block(5, 40)])],
)
def test_what_goes_in_comes_out(schema: Schema, blocks: list[Block]) -> None:
    header, *rows = decode(stream(schema, *blocks))
    assert isinstance(header, Header)
    assert header.schema == schema
    assert header.labels == {"subscription": "3"}
    assert all(same(r.block, b) for r, b in zip(rows, blocks, strict=True))  # type: ignore[union-attr]


def test_nan_infinities_and_signed_zero_keep_their_bits() -> None:
    values = np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324])
    schema = Schema(channels=(Channel(name="x"),))
    _, rows = decode(stream(schema, Block(first=0, start=0, columns=(values,))))
    assert isinstance(rows, Rows)
    assert rows.block.columns[0].tobytes() == values.tobytes()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 400), max_size=60))
def test_any_pieces_give_the_same_rows(sizes: list[int]) -> None:
    whole, pieces = decode(MIXED_STREAM), decode(MIXED_STREAM, sizes)
    assert len(whole) == len(pieces) == 3
    for a, b in zip(whole[1:], pieces[1:], strict=True):
        assert isinstance(a, Rows)
        assert isinstance(b, Rows)
        assert a.end == b.end
        assert same(a.block, b.block)


def test_byte_by_byte_gives_the_same_rows() -> None:
    assert len(decode(ECG_STREAM, [1] * len(ECG_STREAM))) == len(decode(ECG_STREAM)) == 4


def test_any_arrow_library_reads_the_stream() -> None:
    """The raw bytes, read by pyarrow alone."""
    with pa.ipc.open_stream(io.BytesIO(MIXED_STREAM)) as reader:
        metadata = {key.decode(): value.decode() for key, value in reader.schema.metadata.items()}
        assert metadata["midstream.tick"] == "1/1000000000"
        assert metadata["midstream.tick_unit"] == "s"
        assert metadata["midstream.step"] == "0"
        assert reader.schema.field("time").metadata[b"midstream.unit"] == b"ms"
        first, second = reader.read_next_batch_with_custom_metadata(), reader.read_next_batch_with_custom_metadata()
        with pytest.raises(StopIteration):
            reader.read_next_batch()
    assert first.batch.column("word").to_pylist()[2] == "wörter 2wörter 2"
    assert first.batch.column("midstream.tick").to_pylist() == [0, 1000, 4000, 9000, 16000]
    assert dict(second.custom_metadata) == {
        b"midstream.first": b"5",
        b"midstream.start": b"25000",
        b"midstream.gap": b"0",
    }


def test_a_regular_stream_has_no_time_column() -> None:
    with pa.ipc.open_stream(io.BytesIO(ECG_STREAM)) as reader:
        assert reader.schema.names == ["MLII", "V1"]
        assert reader.schema.metadata[b"midstream.tick"] == b"1/360"
        assert reader.schema.metadata[b"midstream.epoch"] == b"2020-01-01T00:00:00"
        assert json.loads(reader.schema.metadata[b"midstream.attrs"]) == ECG.attrs


@pytest.mark.parametrize("name", ["regular", "irregular", "decimated"])
def test_the_vectors_fix_the_format(name: str) -> None:
    """Bytes that were written once must always be understood the same way."""
    data = (VECTORS / f"{name}.arrows").read_bytes()
    want = json.loads((VECTORS / f"{name}.json").read_text())
    header, *rows = decode(data)
    assert isinstance(header, Header)
    time = header.schema.time
    assert [str(time.tick), time.unit, time.step, time.epoch] == want["time"]
    assert [[c.name, c.unit, c.kind] for c in header.schema.channels] == want["channels"]
    assert header.labels == want["labels"]
    assert header.schema.attrs == want["attrs"]
    assert [plain(r.block) for r in rows if isinstance(r, Rows)] == want["blocks"]


def plain(block: Block) -> dict[str, Any]:
    return {
        "first": block.first,
        "start": block.start,
        "gap": block.gap,
        **({} if block.stride == 1 else {"stride": block.stride}),
        "columns": [column.tolist() for column in block.columns],
        "ticks": None if block.ticks is None else block.ticks.tolist(),
    }


@settings(deadline=None, max_examples=400)
@given(st.data())
def test_bytes_that_were_changed_give_rows_or_a_frame_error(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([MIXED_STREAM, ECG_STREAM, DECIMATED_STREAM])))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        change = data.draw(st.sampled_from(["set", "cut", "insert", "truncate"]))
        if change == "set":
            raw[at] = data.draw(st.integers(0, 255))
        elif change == "cut":
            del raw[at : at + data.draw(st.integers(1, 16))]
        elif change == "insert":
            raw[at:at] = data.draw(st.binary(min_size=1, max_size=16))
        else:
            del raw[max(at, 1) :]
        if not raw:
            return
    try:
        found = decode(bytes(raw))
    except FrameError:
        return
    for rows in found:
        if isinstance(rows, Rows):
            assert all(len(column) == len(rows.block) for column in rows.block.columns)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300))
def test_random_bytes_give_a_frame_error_or_wait_for_more(data: bytes) -> None:
    for prefix in (b"", ECG_STREAM[: len(ECG_STREAM) // 2], b"\xff\xff\xff\xff"):
        decoder = Decoder()
        try:
            list(decoder.receive(prefix + data))
        except FrameError:
            continue
        assert decoder.needed - decoder.offset <= 8 + decoder.limits.metadata + decoder.limits.body


@pytest.mark.parametrize("cut", [1, 7, 8, 100, 700, len(MIXED_STREAM) - 20])
def test_a_truncated_stream_is_a_frame_error(cut: int) -> None:
    with pytest.raises(FrameError, match="cut off"):
        decode(MIXED_STREAM[:cut])


def test_lengths_are_refused_before_anything_is_buffered() -> None:
    decoder = Decoder(DecoderLimits(metadata=4096))
    with pytest.raises(FrameError, match="up to 4096"):
        list(decoder.receive(struct.pack("<II", 0xFFFFFFFF, 1 << 30)))
    encoder = Encoder(ECG)
    big = encoder.block(ecg_block(0, 3000))
    metadata = 8 + struct.unpack_from("<I", big, 4)[0]
    decoder = Decoder(DecoderLimits(body=40_000))
    list(decoder.receive(encoder.header()))
    with pytest.raises(FrameError, match="at most 40000"):
        list(decoder.receive(big[:metadata]))
    decoder = Decoder(DecoderLimits(rows=100))
    list(decoder.receive(encoder.header()))
    with pytest.raises(FrameError, match="at most 100"):
        list(decoder.receive(big[:metadata]))


def foreign(schema: pa.Schema, batch: Any = None, *, options: Any = None, about: Any = None) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema, options=options) as writer:
        if batch is not None:
            writer.write_batch(batch, custom_metadata=about)
    return sink.getvalue()


METADATA = {"midstream.format": "1", "midstream.tick": "1", "midstream.tick_unit": "s", "midstream.step": "1"}
ABOUT = {"midstream.first": "0", "midstream.start": "0", "midstream.gap": "0"}


def floats(*values: Any) -> tuple[pa.Schema, Any]:
    schema = pa.schema([("x", pa.float64())], metadata=METADATA)
    return schema, pa.record_batch([pa.array(values, pa.float64())], schema=schema)


def test_a_stream_of_another_arrow_writer_is_read() -> None:
    schema = pa.schema([("x", pa.float32()), ("n", pa.int16()), ("s", pa.string())], metadata=METADATA)
    batch = pa.record_batch(
        [pa.array([0.5, 1.5], pa.float32()), pa.array([1, 2], pa.int16()), ["a", "b"]], schema=schema
    )
    header, rows = decode(foreign(schema, batch, about=ABOUT))
    assert isinstance(header, Header)
    assert isinstance(rows, Rows)
    assert [c.kind for c in header.schema.channels] == ["float", "int", "text"]
    assert [c.tolist() for c in rows.block.columns] == [[0.5, 1.5], [1, 2], ["a", "b"]]


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.float64()),
        pa.binary(),
        pa.decimal128(9, 2),
        pa.timestamp("ns"),
        pa.dictionary(pa.int8(), pa.string()),
    ],
    ids=str,
)
def test_only_fixed_width_and_text_columns_are_allowed(kind: pa.DataType) -> None:
    with pytest.raises(FrameError, match="allowed: float, int, bool and text"):
        decode(foreign(pa.schema([("x", kind)], metadata=METADATA)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"midstream.format": "2"}, "format 1"),
        ({"midstream.tick": "1/0"}, "positive fraction"),
        ({"midstream.tick": "0/3"}, "positive fraction"),
        ({"midstream.tick": "1/000"}, "denominator"),
        ({"midstream.tick": "1e999999999"}, "positive fraction"),
        ({"midstream.step": "-1"}, "step"),
        ({"midstream.step": "9" * 30}, "step"),
        ({"midstream.step": "0"}, "midstream.tick"),
        ({"midstream.attrs": "[1"}, "makes no sense"),
        ({"midstream.attrs": '{"a": [1]}'}, "texts and numbers"),
        ({"midstream.attrs": '{"a": NaN}'}, "NaN"),
    ],
)
def test_a_schema_without_sense_is_a_frame_error(change: dict[str, str], message: str) -> None:
    with pytest.raises(FrameError, match=message):
        decode(foreign(pa.schema([("x", pa.float64())], metadata=METADATA | change)))


def test_duplicate_and_reserved_column_names_are_refused() -> None:
    with pytest.raises(FrameError, match="distinct"):
        decode(foreign(pa.schema([("x", pa.float64()), ("x", pa.float64())], metadata=METADATA)))
    with pytest.raises(FrameError, match="belong to the format"):
        decode(foreign(pa.schema([("midstream.x", pa.float64())], metadata=METADATA)))
    with pytest.raises(InputError, match="belong to the format"):
        Encoder(Schema(channels=(Channel(name="midstream.tick"),)))


def test_nulls_compression_and_missing_numbers_are_refused() -> None:
    with pytest.raises(FrameError, match="nulls"):
        decode(foreign(*floats(1.0, None), about=ABOUT))
    with pytest.raises(FrameError, match="compressed"):
        decode(foreign(*floats(*range(999)), about=ABOUT, options=pa.ipc.IpcWriteOptions(compression="lz4")))
    with pytest.raises(FrameError, match=r"midstream\.first"):
        decode(foreign(*floats(1.0)))
    with pytest.raises(FrameError, match="0 rows"):
        decode(foreign(*floats(), about=ABOUT))


def test_a_gap_that_does_not_fit_the_numbers_is_refused() -> None:
    with pytest.raises(FrameError, match="row 3 was expected"):
        decode(stream(ECG, ecg_block(0, 3), ecg_block(5, 1)))
    assert len(decode(stream(ECG, ecg_block(0, 3), ecg_block(5, 1, gap=2)))) == 3


def about(**changes: int) -> dict[str, str]:
    return {**ABOUT, **{f"midstream.{key}": str(value) for key, value in changes.items()}}


def test_evenly_spaced_rows_travel_as_one_batch_and_a_gap_as_one_without_rows() -> None:
    spaced = Block(first=8, start=8, columns=(np.arange(3.0), np.arange(3.0)), gap=5, stride=4)
    rest = Block(first=20, start=20, columns=(np.empty(0), np.empty(0)), gap=3, stride=4)
    _, *rows = decode(stream(ECG, ecg_block(0, 3), spaced, rest))
    assert [r.block.stop for r in rows if isinstance(r, Rows)] == [3, 17, 20]
    assert all(same(r.block, b) for r, b in zip(rows[1:], (spaced, rest), strict=True))  # type: ignore[union-attr]
    ticks = np.array([3, 9, 10])
    words = np.array(["a", "", "ü"], object)
    mixed = Block(first=0, start=3, columns=(ticks / 2, ticks, ticks > 3, words, words), ticks=ticks, stride=16)
    end = Block(first=40, start=0, columns=tuple(c[:0] for c in mixed.columns), ticks=ticks[:0], gap=7)
    _, only, last = decode(stream(MIXED, mixed, end))
    assert same(only.block, mixed)  # type: ignore[union-attr]
    assert (len(last.block), last.block.gap) == (0, 7)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"stride": 0}, r"midstream\.stride is 0"),
        ({"stride": -4}, r"midstream\.stride is -4"),
        ({"stride": 2**62}, "ends at row 9223372036854775808"),
        ({"first": 2**63 - 3}, "ends at row"),
        ({"start": 2**63 - 2}, "tick 9223372036854775808"),
        ({"stride": 2**40, "start": 2**63 - 2**41}, "tick 9223372036854775808"),
        ({"first": 3, "gap": 4}, "starts at row 3 with a gap of 4"),
    ],
)
def test_numbers_that_lead_beyond_all_rows_are_refused(changes: dict[str, int], text: str) -> None:
    with pytest.raises(FrameError, match=text):
        decode(foreign(*floats(1.0, 2.0, 3.0), about=about(**changes)))


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(FrameError, match="after the end"):
        decode(ECG_STREAM + END)
    with pytest.raises(FrameError, match="before its schema"):
        decode(END)


def test_what_came_whole_before_the_bad_bytes_is_not_lost() -> None:
    events = Decoder().receive(ECG_STREAM[: -len(END)] + b"garbage!")
    assert isinstance(next(events), Header)
    assert [len(rows.block) for rows in (next(events), next(events), next(events)) if isinstance(rows, Rows)] == [
        3,
        100,
        7,
    ]
    with pytest.raises(FrameError, match="not an Arrow IPC message"):
        next(events)
