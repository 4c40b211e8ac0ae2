"""Recording a feed: everything comes back bit for bit, as arrays, as a source, and to any reader of Zarr."""

import threading
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from midstream_lab import registry
from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.read import read
from midstream_lab.sequence import timebase
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.stream.storage import Recording, Run, disk, record, store
from midstream_lab.timebase import TimeBase

CHANNELS = (
    Channel(name="volt", unit="mV"),
    Channel(name="count", kind="int"),
    Channel(name="on", kind="bool"),
    Channel(name="state", kind="category"),
    Channel(name="what was said", unit="", kind="text"),
)
TIMES = {
    "seconds": TimeBase.from_dt("1/360"),
    "dated": TimeBase.from_dt("1/360", epoch="2024-02-29T12:00:00"),
    "months": TimeBase(unit="month", epoch="1871-01-01"),
    "bare": TimeBase(),
    "three ticks a row": TimeBase(tick=Fraction(1, 7), unit="system time", step=3),
    "irregular": TimeBase(tick=Fraction(1, 10**9), unit="s", step=0),
    "irregular, dated": TimeBase(tick=Fraction(1, 10**9), unit="s", step=0, epoch="1970-01-01"),
}
#: Bits of floats that a conversion would change.
ODD = np.array([0x7FF8000000000001, 0x8000000000000000, 0x0000000000000001, 0xFFF0000000000000], np.uint64).view(float)


def schema(time: str = "seconds") -> Schema:
    return Schema(channels=CHANNELS, time=TIMES[time], attrs={"title": "Test — ü", "licence": "CC0", "beats": 3})


def block(first: int, rows: int, base: TimeBase, *, stride: int = 1) -> Block:
    """Rows of `CHANNELS` that depend on their numbers only."""
    numbers = first + np.arange(rows) * stride
    floats = np.where(numbers % 5 == 0, ODD[numbers % 4], np.cos(numbers))
    texts = np.array([f"{number} \N{SNOWMAN}" * (number % 3) for number in numbers], object)
    columns = (floats, numbers * 2**40 - 2**62, numbers % 2 == 0, np.array(list("abc"), object)[numbers % 3], texts)
    ticks = None if base.step else 1_700_000_000_000_000_000 + numbers * 999_999_937
    start = int(ticks[0]) if ticks is not None else (first - 10) * base.step
    return Block(first=first, start=start, columns=columns, ticks=ticks, stride=stride)


def sent(base: TimeBase) -> list[Block]:
    """Rows 3 to 1,000 with two gaps, in blocks of several sizes."""
    cuts = [(3, 1), (4, 30), (34, 200), (240, 7), (247, 300), (547, 3), (700, 300)]
    return [block(first, rows, base) for first, rows in cuts]


def bits(blocks: list[Block], base: TimeBase) -> list[list[Any]]:
    """Numbers, ticks and values of all rows, so that they compare bit for bit."""
    numbers = np.concatenate([np.arange(b.first, b.stop, b.stride) for b in blocks])
    times = [
        b.start + np.arange(len(b)) * b.stride * base.step if b.ticks is None else np.asarray(b.ticks) for b in blocks
    ]
    columns = [np.concatenate(parts) for parts in zip(*(b.columns for b in blocks), strict=True)]
    whole = [column.view(np.int64) if column.dtype == float else column for column in columns]
    return [part.tolist() for part in (numbers, np.concatenate(times), *whole)]


def recorded(path: Path, blocks: list[Block], about: Schema, **options: Any) -> Recording:
    with Feed(about, name="heart") as feed, record(feed, path, **options):
        for part in blocks:
            feed.append(part)
    return Recording(path)


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize("chunk", [7, 64, 997, None])
def test_a_recording_is_what_was_sent_bit_for_bit(quick_folder: Path, time: str, chunk: int | None) -> None:
    base = TIMES[time]
    recording = recorded(quick_folder / "run.zarr", sent(base), schema(time), chunk=chunk)
    blocks = list(recording.blocks())
    assert bits(blocks, base) == bits(sent(base), base)
    assert [column.dtype for column in blocks[0].columns] == [channel.dtype for channel in CHANNELS]
    assert recording.schema == schema(time)
    assert (len(recording), recording.next, recording.lost, recording.restarts) == (841, 1000, 156, 0)
    assert recording.name == "heart"
    assert [(run.first, run.gap) for run in recording.runs] == [(3, 0), (240, 6), (700, 150)]
    gaps = [b.gap for b in blocks if b.gap]
    assert gaps == [6, 150]


@pytest.mark.parametrize("time", ["dated", "irregular"])
def test_a_recording_is_served_with_its_numbers_times_and_gaps(quick_folder: Path, time: str) -> None:
    base = TIMES[time]
    recording = recorded(quick_folder / "run.zarr", sent(base), schema(time), chunk=100)
    with serve(recording) as server, connect(server.card) as client:
        feed = client.subscribe("heart", policy="block")
        got: list[Block] = []
        assert feed.sink(got.append).wait(30)
        assert bits(got, base) == bits(sent(base), base)
        assert feed.schema == recording.schema
        assert feed.counts.lost == 156


@pytest.mark.parametrize("time", ["seconds", "irregular"])
def test_a_recording_is_replayed_bit_for_bit_at_any_speed(quick_folder: Path, time: str) -> None:
    base = TIMES[time]
    recording = recorded(quick_folder / "run.zarr", sent(base), schema(time), chunk=100)
    replay = Replay(recording, speed="max" if time == "seconds" else 10**10)
    for _ in range(2):
        assert bits(list(replay.blocks(threading.Event())), base) == bits(sent(base), base)
    replay.seek(547)
    assert next(replay.blocks(threading.Event())).first == 547


@pytest.mark.parametrize(("row", "first"), [(0, 3), (3, 3), (33, 33), (235, 240), (699, 700), (999, 999), (5000, None)])
def test_a_recording_begins_at_any_row_and_then_at_the_first_again(
    quick_folder: Path, row: int, first: int | None
) -> None:
    recording = recorded(quick_folder / "run.zarr", sent(TIMES["seconds"]), schema(), chunk=64)
    recording.seek(row)
    found = list(recording.blocks())
    assert (found[0].first if found else None) == first
    assert not found or found[0].gap == 0
    assert not found or found[-1].stop == 1000
    assert next(recording.blocks()).first == 3
    with pytest.raises(InputError, match="0 or more"):
        recording.seek(-1)


def test_a_recording_stops_when_it_is_told(quick_folder: Path) -> None:
    recording = recorded(quick_folder / "run.zarr", sent(TIMES["seconds"]), schema(), chunk=64)
    stop = threading.Event()
    blocks = recording.blocks(stop)
    next(blocks)
    stop.set()
    assert list(blocks) == []


@pytest.mark.parametrize("time", TIMES)
def test_as_arrays_a_recording_is_what_the_feed_is(quick_folder: Path, time: str) -> None:
    with Feed(schema(time)) as feed, record(feed, quick_folder / "run.zarr", chunk=100):
        for part in sent(TIMES[time]):
            feed.append(part)
    recording = Recording(quick_folder / "run.zarr")
    xr.testing.assert_identical(recording.to_xarray(), feed.rows())
    xr.testing.assert_identical(recording.window(), feed.window())
    for n in (1, 299, 300, 301, 500, 760, 10**6):
        xr.testing.assert_identical(recording.window(n), feed.window(n))
        xr.testing.assert_identical(recording.window(n, unbroken=True), feed.window(n, unbroken=True))
        xr.testing.assert_identical(recording.to_xarray(n), feed.rows(n))
    with pytest.raises(InputError, match="at least one row"):
        recording.window(0)


@pytest.mark.parametrize("time", TIMES)
def test_xarray_and_read_open_the_store_as_they_open_any(quick_folder: Path, time: str) -> None:
    path = quick_folder / "run.zarr"
    recording = recorded(path, sent(TIMES[time]), schema(time), chunk=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zarr: text types and consolidated metadata are not in its specification yet
        plain = xr.open_zarr(path, chunks=None).load()
    held = recording.to_xarray()
    assert np.array_equal(plain["time"].values, held["time"].values)
    assert plain["time"].attrs == held["time"].attrs
    assert plain.attrs == recording.schema.attrs
    for name, shown in zip(recording.schema.names, ["volt", "count", "on", "state", "channel_4"], strict=True):
        left, right = plain[shown].values, held[name].values
        assert np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
    assert plain["volt"].attrs["units"] == "mV"
    assert plain["channel_4"].attrs["long_name"] == "what was said"
    again = read(path, columns="count")
    assert timebase(again) == timebase(held)
    assert np.array_equal(again["time"].values, held["time"].values)


def test_what_is_published_can_be_read_while_the_recorder_goes_on(quick_folder: Path) -> None:
    path, base = quick_folder / "run.zarr", TIMES["seconds"]
    with Feed(schema()) as feed, record(feed, path, chunk=64) as recorder:
        for part in sent(base):
            feed.append(part)
        while recorder.rows < 841:
            recorder._ended.wait(0.01)
        running = Recording(path)
        assert (len(running), running.published) == (841, 832)
        assert bits(list(running.blocks()), base) == bits(sent(base), base)
        for consolidated in (None, False):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                plain = xr.open_zarr(path, chunks=None, consolidated=consolidated).load()
            assert np.array_equal(plain["count"].values, running.to_xarray()["count"].values[:832])
        size = (path / "journal").stat().st_size
        assert 9 * 30 < size < 64 * 100 + 500  # no more than a chunk
    assert Recording(path).published == 841
    assert (path / "journal").stat().st_size < 64


def test_a_reader_sees_a_prefix_at_any_moment(quick_folder: Path) -> None:
    path, base = quick_folder / "run.zarr", TIMES["bare"]
    last = 0
    with Feed(schema("bare"), window=4096, hold=True) as feed, record(feed, path, chunk=50) as recorder:

        def write() -> None:
            for first in range(10, 3_010, 25):
                feed.wait_room(25)
                feed.append(block(first, 25, base))

        thread = threading.Thread(target=write)
        thread.start()
        while last < 3_000:
            running = Recording(path)
            assert len(running) >= last
            last = len(running)
            if last:
                numbers = running.to_xarray()["row"].values
                assert np.array_equal(numbers, np.arange(10, 10 + last))
                assert np.array_equal(running.to_xarray()["count"].values, numbers * 2**40 - 2**62)
        thread.join()
        assert recorder.rows == last


def test_a_window_of_a_feed_is_whole_while_the_writer_runs() -> None:
    feed = Feed(Schema(channels=(Channel(name="a"), Channel(name="b"))), window=500)
    stop = threading.Event()

    def write() -> None:
        first = 0
        while not stop.is_set():
            numbers = np.arange(first, first + 37, dtype=float)
            feed.append(Block(first=first, start=first, columns=(numbers, -numbers)))
            first += 37

    thread = threading.Thread(target=write)
    thread.start()
    try:
        feed.wait(n=1000, timeout=30)
        for _ in range(300):
            window, rows = feed.window(200), feed.rows(200)
            first = window.values[0, 0]
            assert np.array_equal(window.values[:, 0], np.arange(first, first + 200))
            assert np.array_equal(window.values[:, 1], -window.values[:, 0])
            assert np.array_equal(rows["row"].values, rows["a"].values)
    finally:
        stop.set()
        thread.join()
        feed.close()


def test_rows_are_synced_also_when_no_more_come(quick_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    done = threading.Event()

    class Watched(disk.Disk):
        def sync(self, handle: int) -> None:
            super().sync(handle)
            synced.append(handle)
            if recording:
                done.set()

    recording: list[Any] = []
    monkeypatch.setattr(store, "Disk", Watched)
    with Feed(schema()) as feed, record(feed, quick_folder / "run.zarr", sync_seconds=0.05) as recorder:
        recording.append(recorder)
        before = len(synced)
        feed.append(block(10, 5, TIMES["seconds"]))
        assert done.wait(30)
        assert len(synced) == before + 1
        assert recorder.counts.published == 0


def test_many_gaps_fill_many_chunks_of_the_run_table(quick_folder: Path) -> None:
    base = TIMES["bare"]
    blocks = [block(first, 1, base) for first in range(10, 9010, 3)]
    path = quick_folder / "run.zarr"
    assert len(recorded(path, blocks[:1500], schema("bare"), chunk=700).runs) == 1500
    recording = recorded(path, blocks[1500:], schema("bare"))
    assert len(recording.runs) == 3000
    assert recording.lost == 2999 * 2
    assert bits(list(recording.blocks()), base) == bits(blocks, base)
    assert sorted(file.name for file in (path / "runs").iterdir()) == ["0.0", "1.0", "2.0", "zarr.json"]


@pytest.mark.parametrize("time", ["bare", "irregular"])
def test_rows_of_a_reader_that_took_every_so_many_keep_their_numbers(quick_folder: Path, time: str) -> None:
    base = TIMES[time]
    blocks = [block(10, 20, base), block(32, 50, base, stride=4), block(232, 30, base, stride=4), block(360, 5, base)]
    recording = recorded(quick_folder / "run.zarr", blocks, schema(time), chunk=16)
    assert bits(list(recording.blocks()), base) == bits(blocks, base)
    assert [(run.begin, run.first, run.stride) for run in recording.runs] == [(0, 10, 1), (20, 32, 4), (100, 360, 1)]
    assert recording.to_xarray()["time"].attrs["regularity"] == ("gapped" if time == "bare" else "irregular")
    recording.seek(33)
    assert next(recording.blocks()).first == 36


@pytest.mark.parametrize("names", [("a/b", "..", "time", "zarr.json", "x" * 300), ("A", "a", "x.", "ü", "runs")])
def test_any_name_of_a_channel_is_kept_and_none_leaves_the_folder(quick_folder: Path, names: tuple[str, ...]) -> None:
    about = Schema(channels=tuple(Channel(name=name) for name in names))
    with Feed(about) as feed, record(feed, quick_folder / "run.zarr", chunk=2):
        feed.append_rows(np.arange(15.0).reshape(3, 5))
    assert [file.name for file in quick_folder.iterdir()] == ["run.zarr"]
    recording = Recording(quick_folder / "run.zarr")
    assert recording.schema.names == names
    assert np.array_equal(recording.window().values, np.arange(15.0).reshape(3, 5))


def test_an_empty_recording_has_no_rows_and_says_so(quick_folder: Path) -> None:
    recording = recorded(quick_folder / "run.zarr", [], schema())
    assert len(recording) == 0
    assert list(recording.blocks()) == []
    assert recording.runs == ()
    with pytest.raises(InputError, match="no rows yet"):
        recording.window()


def test_a_recording_and_a_recorder_show_themselves(quick_folder: Path) -> None:
    path = quick_folder / "<run>.zarr"
    with Feed(schema(), name="heart") as feed, record(feed, path) as recorder:
        assert "running" in recorder._repr_html_()
        assert "&lt;run&gt;" in recorder._repr_html_()
        assert str(path) in registry.running()
        feed.append(block(10, 5, TIMES["seconds"]))
    assert recorder.closed
    assert "5 rows, closed" in repr(recorder)
    assert str(path) not in registry.running()
    recording = Recording(path)
    assert "5 rows" in repr(recording)
    assert "mV" in recording._repr_html_()
    assert recording.runs == (Run(begin=0, first=10, start=0),)


def test_a_recorder_ends_with_its_feed_and_says_why(quick_folder: Path) -> None:
    feed = Feed(schema())
    recorder = record(feed, quick_folder / "run.zarr")
    with pytest.raises(LabError, match=r"waited 0\.01 s for the recorder"):
        recorder.wait(0.01)
    feed.append(block(10, 5, TIMES["seconds"]))
    feed.close(LabError("the cable was pulled"))
    with pytest.raises(LabError, match="cable"):
        recorder.wait(30)
    assert len(Recording(quick_folder / "run.zarr")) == Recording(quick_folder / "run.zarr").published == 5


def test_closing_a_recorder_writes_what_the_feed_has(quick_folder: Path) -> None:
    feed = Feed(schema())
    recorder = record(feed, quick_folder / "run.zarr", chunk=10)
    for part in sent(TIMES["seconds"]):
        feed.append(part)
    recorder.close()
    recorder.close()
    assert recorder.wait()
    assert len(Recording(quick_folder / "run.zarr")) == 841
    assert recorder.counts.recorded == recorder.counts.published == 841
    assert not feed.closed
    assert feed.readers == ()
    feed.append(block(1000, 5, TIMES["seconds"]))
    feed.close()


def test_a_cell_that_is_run_again_goes_on_with_one_recorder(quick_folder: Path) -> None:
    base = TIMES["seconds"]
    before = threading.active_count()
    for round in range(3):
        feed = Feed(schema(), name="again")
        recorder = record(feed, quick_folder / "run.zarr")
        feed.append(block(10 + 100 * round, 100, base))
    assert recorder.health == [] or "closed the older" in recorder.health[0]
    assert threading.active_count() <= before + 1
    feed.close()
    recorder.wait(30)
    recording = Recording(quick_folder / "run.zarr")
    assert bits(list(recording.blocks()), base) == bits([block(10, 300, base)], base)
