"""Lines: what they say, what is wrong with some, and that none ends a source."""

import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from blocks import rows
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.feed import Feed, Source
from midstream_lab.stream import Lines
from midstream_lab.stream.sources.rows import Arrival
from midstream_lab.stream.sources.splitter import Splitter


def read(data: bytes, **options) -> tuple[Lines, list[tuple]]:
    lines = Lines(io.BytesIO(data), **options)
    return lines, rows(lines.blocks(threading.Event()))


# -- formats and schemas -------------------------------------------------------------------------


def test_lines_are_a_source_that_can_wait() -> None:
    lines = Lines(io.BytesIO(b"1\n"))
    assert isinstance(lines, Source)
    assert not lines.live
    assert lines.name == "stdin"


@pytest.mark.parametrize(
    ("data", "channels", "want"),
    [
        (b'{"x": 1, "note": "a"}\n{"note": "b", "x": 2.5}\n', ["x float", "note text"], [(1.0, "a"), (2.5, "b")]),
        (b"[1, true]\n[2, false]\n", ["0 float", "1 bool"], [(1.0, True), (2.0, False)]),
        (b"1\n2.5\n-3e2\n", ["0 float"], [(1.0,), (2.5,), (-300.0,)]),
        (b"1,2\n3,4\n", ["0 float", "1 float"], [(1.0, 2.0), (3.0, 4.0)]),
        (b"x;on;who\r\n1;true;me\r\n2;FALSE;you\r\n", ["x float", "on bool", "who text"], None),
        (b'who,x\n"Doe, J.",1\n', ["who text", "x float"], [("Doe, J.", 1.0)]),
        (b"a\tb\n1\t2\n", ["a float", "b float"], [(1.0, 2.0)]),
        (b"hello, world\ngood bye\n", ["line text"], [("hello, world",), ("good bye",)]),
        (b"[12:03:04] started\n[12:03:05] done\n", ["line text"], [("[12:03:04] started",), ("[12:03:05] done",)]),
        (b'\xef\xbb\xbf{"x": 1}\n', ["x float"], [(1.0,)]),
    ],
)
def test_the_format_and_the_channels_are_those_of_the_first_lines(data, channels, want) -> None:
    lines, found = read(data)
    assert [f"{channel.name} {channel.kind}" for channel in lines.schema.channels] == channels
    assert found == (want or [(1.0, True, "me"), (2.0, False, "you")])
    assert lines.counts.rejected == 0


def test_declared_channels_choose_order_and_type_the_fields() -> None:
    data = b'{"n": 1, "b": true, "t": "ok", "other": [1]}\n'
    lines, found = read(data, channels={"t": "text", "n": "int", "b": "bool"})
    assert found == [("ok", 1, True)]
    assert type(found[0][1]) is int
    assert "fields that are no channels are left out: other" in lines.health


def test_a_declared_csv_takes_its_header_or_the_declared_order() -> None:
    assert read(b"b,a\n1,2\n", channels=["a", "b"], format="csv")[1] == [(2.0, 1.0)]
    assert read(b"1,2\n", channels=["a", "b"], format="csv")[1] == [(1.0, 2.0)]
    _, found = read(b"9007199254740993\n", channels={"n": "int"}, format="csv")
    assert found == [(9007199254740993,)]  # whole numbers stay exact beyond 2**53


def test_a_header_that_comes_again_is_no_row() -> None:
    lines, found = read(b"x,y\n1,2\nx,y\n3,4\n")
    assert found == [(1.0, 2.0), (3.0, 4.0)]
    assert lines.counts == type(lines.counts)(lines=4, rows=2, rejected=0)


@pytest.mark.parametrize(
    ("data", "options", "words"),
    [
        (b"", {}, "no line yet"),
        (b"", {"format": "json"}, "declare them"),
        (b"", {"format": "csv"}, "declare them"),
        (b"1\n", {"format": "xml"}, "json, csv, text"),
        (b'{"a": [1, 2]}\n', {}, "the field 'a' holds a list"),
        (b"{}\n", {}, "declare the channels"),
        (b"a,a\n1,2\n", {}, "names a column twice"),
        (b"a,b\n1,2\n", {"time": "t"}, "no column is named 't'"),
        (b"plain\n", {"time": "t"}, "no field 't'"),
        (b"plain\n", {"format": "text", "channels": ["x"]}, "one channel of texts"),
        (b"1\n", {"channels": "x"}, "list of names"),
        (b"1\n", {"channels": {"x": "complex"}}, "allowed: float"),
        (b"1\n", {"channels": [3]}, "a name or a Channel"),
        (b"1\n", {"begin": "middle"}, "'start' or 'end'"),
        (b"1\n", {"most": 0}, "at least 1"),
        (b"[1, 2]\n", {"time": "t", "unit": "month"}, "fixed length"),
        (b"[1]\n", {"channels": ["x"], "time": "x"}, "no channel"),
    ],
)
def test_what_says_no_schema_is_refused_with_a_way_out(data: bytes, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Lines(io.BytesIO(data), **options)


def test_what_is_no_file_and_no_stream_is_refused(tmp_path: Path) -> None:
    for thing, words in ((3, "no file and no stream"), (tmp_path, "is a folder"), (tmp_path / "x.csv", "there is no")):
        with pytest.raises(InputError, match=words):
            Lines(thing)
    with pytest.raises(InputError, match="binary mode"):
        Lines(io.StringIO("1\n"))


# -- lines that are not right --------------------------------------------------------------------

BAD = [
    (b"{oops", "not JSON"),
    (b'{"x": 1', "not JSON"),
    (b"[" * 50_000, "not JSON"),
    (b'{"x": "1"}', "channel 'x' does not hold a number"),
    (b'{"x": true}', "channel 'x' does not hold a number"),
    (b'{"x": [1]}', "channel 'x' does not hold a number"),
    (b'{"x": Infinity}', "channel 'x' holds an infinite number"),
    (b'{"x": 1e999}', "channel 'x' holds an infinite number"),
    (b'{"x": 1' + b"0" * 400 + b"}", "channel 'x' holds an infinite number"),
    (b'{"y": 1}', "none of the channels is in it"),
    (b"[1, 2]", "2 values where 1 belong"),
    (b'"text"', "channel 'x' does not hold a number"),
    (b'{"x": 1, "s": "\xff\xfe"}', "not UTF-8"),
]


@pytest.mark.parametrize(("line", "reason"), BAD, ids=[reason + str(i) for i, (_, reason) in enumerate(BAD)])
def test_a_bad_line_is_left_out_counted_and_named_and_the_rest_comes(line: bytes, reason: str) -> None:
    lines, found = read(b'{"x": 0}\n' + line + b'\n{"x": 2}\n', channels=["x"], most=100_000)
    assert found == [(0.0,), (2.0,)]
    assert (lines.counts.lines, lines.counts.rows, lines.counts.rejected) == (3, 2, 1)
    sentence = lines.health[0]
    assert sentence.startswith(f"1 line left out: {reason} (first: line 2, ")
    assert len(sentence) < 200


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("int", "1.5", "whole number"),
        ("int", "NaN", "whole number"),
        ("int", "1e300", "beyond 64 bits"),
        ("int", "9223372036854775808", "beyond 64 bits"),
        ("int", "null", "is missing"),
        ("bool", "1", "does not hold a truth"),
        ("bool", "null", "is missing"),
        ("text", "1", "does not hold a text"),
        ("category", '"\\ud800"', "not Unicode"),
    ],
)
def test_a_value_of_another_kind_is_refused(kind: str, value: str, reason: str) -> None:
    lines, found = read(f'{{"x": {value}}}\n'.encode(), channels={"x": kind})
    assert found == []
    assert reason in lines.health[0]


def test_missing_values_are_nan_and_empty_texts() -> None:
    _, found = read(b'{"x": NaN, "s": null}\n{"x": null, "z": 1}\n{"s": "a"}\n', channels={"x": "float", "s": "text"})
    assert [row[1] for row in found] == ["", "", "a"]
    assert np.isnan([row[0] for row in found]).all()
    _, cells = read(b"x,y\n1,\n,NaN\n")
    assert np.isnan([cells[0][1], *cells[1]]).all()


def test_a_line_of_a_megabyte_is_left_out_and_never_held() -> None:
    lines, found = read(b'{"x": 1}\n' + b"9" * 2**20 + b'\n{"x": 2}\n', channels=["x"])
    assert found == [(1.0,), (2.0,)]
    assert lines.health == ["1 line left out: longer than allowed (first: line 2)"]
    splitter = Splitter(100)
    for _ in range(1000):
        assert splitter.feed(b"9" * 1000) == []
    assert len(splitter._held) == 0
    assert splitter.feed(b"\nshort\n") == [None, b"short"]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_lines_are_the_same_however_the_bytes_are_cut(size: int) -> None:
    data = b"ab\r\n\n\r\nlonger than ten\nc\r\rd\n0123456789\r\nend"
    splitter = Splitter(10)
    found = [line for at in range(0, len(data), size) for line in splitter.feed(data[at : at + size])] + splitter.rest()
    assert found == [b"ab", b"", b"", None, b"c\r\rd", b"0123456789", b"end"]


def test_many_reasons_stay_a_short_list() -> None:
    bad = b"".join(json.dumps([0] * n).encode() + b"\n" for n in range(2, 60))
    lines, _ = read(bad, channels=["x"])
    assert lines.counts.rejected == 58
    assert len(lines.health) == 21
    assert lines.health[-1].startswith("38 lines left out: other reasons")


# -- time ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "unit", "tick"),
    [
        ("1.5", "s", 1_500_000_000),
        ("1700000000.123456", "s", 1_700_000_000_123_456_000),
        ("1700000000123456789", "ns", 1_700_000_000_123_456_789),
        ("1700000000123", "ms", 1_700_000_000_123_000_000),
        ('"2024-01-01T00:00:00Z"', "s", 1_704_067_200_000_000_000),
        ('"2024-01-01T01:00:00.5+01:00"', "s", 1_704_067_200_500_000_000),
        ('"2024-01-01"', "s", 1_704_067_200_000_000_000),
    ],
)
def test_a_row_may_bring_its_time(value: str, unit: str, tick: int) -> None:
    lines = Lines(io.BytesIO(f'{{"t": {value}, "x": 1}}\n'.encode()), time="t", unit=unit)
    assert lines.schema.names == ("x",)
    assert (lines.schema.time.step, str(lines.schema.time.tick), lines.schema.time.unit) == (0, "1/1000000000", "s")
    assert lines.schema.time.epoch == "1970-01-01T00:00:00"
    (block,) = lines.blocks(threading.Event())
    assert block.ticks.tolist() == [tick]


def test_the_time_of_csv_and_of_arrays_is_a_column() -> None:
    for data in (
        b"x,t\n7,1.5\n8,2\n",
        b'{"t": 1.5, "x": 7}\n{"t": 2, "x": 8}\n',
        b"[1.5, 7]\n[2, 8]\n",
        b"1.5,7\n2,8\n",
    ):
        lines = Lines(io.BytesIO(data), time="t")
        (block,) = lines.blocks(threading.Event())
        assert block.ticks.tolist() == [1_500_000_000, 2_000_000_000]
        assert block.columns[0].tolist() == [7, 8]


@pytest.mark.parametrize("value", ["null", "true", '"noon"', "1e300", "NaN", "[1]", '"9999-01-01"'])
def test_a_time_that_is_none_costs_its_row(value: str) -> None:
    lines, found = read(f'{{"t": {value}, "x": 1}}\n{{"t": 5, "x": 2}}\n'.encode(), channels=["x"], time="t")
    assert found == [(2.0,)]
    assert "the time 't' is no moment" in lines.health[0]


def test_a_row_that_goes_back_in_time_is_left_out() -> None:
    lines, found = read(b"[5, 1]\n[4, 2]\n[5, 3]\n", channels=["x"], time="t")
    assert found == [(1.0,), (3.0,)]
    assert "before that of the row before" in lines.health[0]


def test_rows_without_a_time_have_that_of_their_arrival_which_never_goes_back(monkeypatch) -> None:
    wall = iter([10**18, 10**18 + 5, 10**18 - 3_600 * 10**9, 10**18 - 3_600 * 10**9 + 7, 10**18 + 100])
    steady = iter([0, 5, 8, 15, 20])
    monkeypatch.setattr("time.time_ns", lambda: next(wall))
    monkeypatch.setattr("time.monotonic_ns", lambda: next(steady))
    arrival = Arrival()
    assert [arrival.now() - 10**18 for _ in range(4)] == [5, 8, 15, 100]


# -- whatever comes ------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("tnbsxy"), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()), max_size=20),
    st.sampled_from(["json", "csv", "text"]),
)
def test_no_line_ends_a_source_and_each_is_a_row_or_is_counted(lines: list[bytes], format: str) -> None:
    kinds = {"n": "float", "b": "bool", "s": "text"} if format != "text" else {"line": "text"}
    time = "t" if format != "text" else None
    source = Lines(io.BytesIO(b"\n".join(lines)), channels=kinds, format=format, time=time, most=30)
    found = 0
    with Feed(source.schema) as feed:
        for block in source.blocks(threading.Event()):
            feed.append(block)  # which checks that it is of the schema and in the order of time
            found += len(block)
        assert feed.counts.received == found == source.counts.rows
    assert source.counts.rows + source.counts.rejected <= source.counts.lines
    assert all(len(line) < 400 for line in source.health)
