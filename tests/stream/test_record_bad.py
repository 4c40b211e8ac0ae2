"""What a recorder and a recording refuse: damage, strangers, a second recorder; and who notices a full disk."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midstream_lab.errors import InputError, LabError, MissingExtra, StorageError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.stream.record import Recording, disk, lock, record, store
from midstream_lab.timebase import TimeBase

SCHEMA = Schema(channels=(Channel(name="x", unit="mV"), Channel(name="word", kind="text")), attrs={"title": "t"})
IRREGULAR = Schema(channels=SCHEMA.channels, time=TimeBase(step=0))


def block(first: int, rows: int, schema: Schema = SCHEMA, *, start: int | None = None) -> Block:
    numbers = np.arange(first, first + rows)
    start = first if start is None else start
    ticks = None if schema.time.regular else start + numbers - first
    return Block(first=first, start=start, columns=(np.sqrt(numbers), numbers.astype(str).astype(object)), ticks=ticks)


def recorded(path: Path, *blocks: Block, schema: Schema = SCHEMA, **options: Any) -> Recording:
    with Feed(schema) as feed, record(feed, path, **options):
        for part in blocks:
            feed.append(part)
    return Recording(path)


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    """A recording of 100 rows as a killed process leaves it: 80 in chunks, 20 in the journal, in 7 records."""
    path = tmp_path / "run.zarr"
    left = store.Store(path, SCHEMA, name="run", chunk=40)
    for first in range(0, 100, 3):
        left.append(block(first, min(3, 100 - first)))
    left.abandon()
    return path


def rows(path: Path) -> list[int]:
    recording = Recording(path)
    if not len(recording):
        return []
    held = recording.to_xarray()
    numbers = held["row"].values
    assert np.array_equal(held["x"].values, np.sqrt(numbers))
    assert held["word"].values.tolist() == [str(n) for n in numbers]
    return [int(n) for n in numbers]


# -- damage ----------------------------------------------------------------------------------------


def test_a_journal_that_is_cut_off_anywhere_is_a_prefix(unfinished: Path) -> None:
    journal = unfinished / "journal"
    data = journal.read_bytes()
    found = set()
    for size in range(36, len(data) + 1):
        journal.write_bytes(data[:size])
        held = rows(unfinished)
        assert held == list(range(len(held)))
        found.add(len(held))
    assert found == {80, 81, 84, 87, 90, 93, 96, 99, 100}


def test_a_journal_that_ends_in_zeros_is_a_prefix(unfinished: Path) -> None:
    journal = unfinished / "journal"
    data = journal.read_bytes()
    for size in range(36, len(data), 5):
        journal.write_bytes(data[:size] + bytes(len(data) - size))
        held = rows(unfinished)
        assert held == list(range(len(held)))
        assert len(held) >= 80


def test_every_byte_of_a_journal_that_was_changed_is_noticed(unfinished: Path) -> None:
    journal = unfinished / "journal"
    data = journal.read_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 0x55
        journal.write_bytes(changed)
        with pytest.raises(InputError, match=r"the journal is damaged: .* or delete it"):
            Recording(unfinished)
        with Feed(SCHEMA) as feed, pytest.raises(InputError, match="the journal is damaged"):
            record(feed, unfinished)
    journal.unlink()
    assert rows(unfinished) == list(range(80))
    recorded(unfinished, block(80, 20))
    assert rows(unfinished) == list(range(100))


def test_a_record_that_was_taken_out_of_the_journal_is_noticed(unfinished: Path) -> None:
    journal = unfinished / "journal"
    whole = journal.read_bytes()
    length = int.from_bytes(whole[36:40], "little") + 48
    journal.write_bytes(whole[:36] + whole[36 + length :])
    with pytest.raises(InputError, match="row 80 is missing at byte 36"):
        Recording(unfinished)


def test_the_journal_of_another_recording_is_refused(unfinished: Path, tmp_path: Path) -> None:
    recorded(tmp_path / "other.zarr", block(0, 5))
    shutil.copy(tmp_path / "other.zarr" / "journal", unfinished / "journal")
    with pytest.raises(InputError, match="belongs to another recording"):
        Recording(unfinished)


def test_an_older_length_beside_a_newer_journal_is_noticed(unfinished: Path) -> None:
    older = (unfinished / "zarr.json").read_bytes()
    recorded(unfinished, block(100, 30))
    (unfinished / "zarr.json").write_bytes(older)
    with pytest.raises(InputError, match="its journal begins at row 130, but 80 rows are published"):
        Recording(unfinished)


@pytest.mark.parametrize("array", ["x", "word", "time", "runs"])
def test_a_chunk_that_was_changed_or_is_missing_is_noticed(unfinished: Path, array: str) -> None:
    chunk = unfinished / array / ("0.0" if array == "runs" else "c/1")
    data = bytearray(chunk.read_bytes())
    opened = Recording(unfinished)
    data[-6] ^= 1
    chunk.write_bytes(data)
    if array == "time":  # made from the ticks, for other readers
        assert rows(unfinished) == list(range(100))
        return
    match = rf"the recording is damaged: .*{array}.*take it from a copy"
    with pytest.raises(InputError, match=match):
        list(Recording(unfinished).blocks())
    chunk.unlink()
    with pytest.raises(InputError, match=r"is missing"):
        list(Recording(unfinished).blocks())
    if array != "runs":
        with pytest.raises(InputError, match=r"is missing"):
            list(opened.blocks())


def test_a_changed_zarr_json_is_refused_or_makes_sense(unfinished: Path) -> None:
    root = unfinished / "zarr.json"
    data = root.read_bytes()
    rng = random.Random(5)
    refused = 0
    for _ in range(300):
        changed = bytearray(data)
        at = rng.randrange(len(data))
        changed[at : at + rng.randrange(3)] = bytes(rng.choices(b'0123456789"{}[],:eNa\xff\x00-', k=rng.randrange(3)))
        root.write_bytes(changed)
        try:
            assert len(rows(unfinished)) == 100
        except InputError:
            refused += 1
    assert refused > 150


def edited(change: Callable[[dict[str, Any]], object]) -> Callable[[str], str]:
    """Change what only a recording knows."""

    def edit(text: str) -> str:
        document = json.loads(text)
        about = document["consolidated_metadata"]["metadata"]["runs"]["attributes"]
        stated = json.loads(about["midstream_recording"])
        change(stated)
        about["midstream_recording"] = json.dumps(stated)
        return json.dumps(document)

    return edit


@pytest.mark.parametrize(
    ("edit", "match"),
    [
        (lambda text: "[]", "holds no object"),
        (lambda text: text.replace('"zarr_format": 3', '"zarr_format": 3, "zarr_format": 3', 1), "comes twice"),
        (lambda text: text.replace('"shape": [\n', '"shape": [NaN, \n', 1), "NaN is not JSON"),
        (lambda text: text[: len(text) // 2], "damaged"),
        (lambda text: '{"zarr_format": 3, "node_type": "group", "attributes": {}}', "not a recording"),
        (lambda text: "[" * 100_000, "damaged"),
        (edited(lambda stated: stated.update(format=2)), "of format 2; this version"),
        (edited(lambda stated: stated.update(rows=40)), "not those of the recording"),
        (edited(lambda stated: stated.update(rows=-1)), r"rows is '-1'"),
        (edited(lambda stated: stated.update(rows=True)), r"rows is 'True'"),
        (edited(lambda stated: stated.update(chunk=2**40)), r"chunk is"),
        (edited(lambda stated: stated.update(more=1)), r"expected \["),
        (edited(lambda stated: stated["time"].update(tick="1/0")), r"time.tick is '1/0'"),
        (edited(lambda stated: stated["channels"][0].update(kind="object")), r"channels.kind is 'object'"),
        (edited(lambda stated: stated["channels"].append(stated["channels"][0])), "distinct"),
        (edited(lambda stated: stated["attrs"].update(a=[1])), r"attrs is"),
    ],
)
def test_zarr_json_is_read_strictly(unfinished: Path, edit: Callable[[str], str], match: str) -> None:
    root = unfinished / "zarr.json"
    root.write_text(edit(root.read_text()))
    with pytest.raises(InputError, match=match):
        Recording(unfinished)


# -- what is not a recording -------------------------------------------------------------------------


def test_other_folders_and_files_are_left_alone(tmp_path: Path) -> None:
    zarr = pytest.importorskip("zarr")
    zarr.create_group(str(tmp_path / "plain.zarr"))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter.txt").write_text("dear")
    (tmp_path / "file").write_text("")
    with Feed(SCHEMA) as feed:
        for name, match in (("plain.zarr", "not a recording"), ("folder", "something else"), ("file", "is a file")):
            before = sorted(file.name for file in tmp_path.rglob("*"))
            with pytest.raises(InputError, match=match):
                record(feed, tmp_path / name)
            assert sorted(file.name for file in tmp_path.rglob("*")) == before
    for name in ("plain.zarr", "folder", "file", "none"):
        with pytest.raises(InputError, match="recording"):
            Recording(tmp_path / name)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"chunk": 0}, "chunk must be"),
        ({"chunk": 2**21}, "chunk must be"),
        ({"chunk": True}, "chunk must be"),
        ({"sync_seconds": -1}, "sync_seconds must be"),
        ({"policy": "wait"}, "policy must be"),
        ({"name": ""}, "needs a name"),
    ],
)
def test_arguments_that_are_none_are_refused(tmp_path: Path, options: dict[str, Any], match: str) -> None:
    with Feed(SCHEMA) as feed:
        with pytest.raises(InputError, match=match):
            record(feed, tmp_path / "run.zarr", **options)
        record(feed, tmp_path / "run.zarr").close()  # and nothing is locked
    for wrong in ("", 3, None):
        with pytest.raises(InputError, match="path names a folder"):
            record(feed, wrong)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="takes a feed, not list"):
        record([1.0], tmp_path / "run.zarr")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "about",
    [
        Schema(channels=SCHEMA.channels[:1], attrs=SCHEMA.attrs),
        Schema(channels=(Channel(name="x", unit="V"), SCHEMA.channels[1]), attrs=SCHEMA.attrs),
        Schema(channels=SCHEMA.channels, attrs=SCHEMA.attrs, time=TimeBase.from_dt("1/360")),
        Schema(channels=SCHEMA.channels, attrs=SCHEMA.attrs, time=TimeBase(epoch="2026-01-01")),
        Schema(channels=SCHEMA.channels, attrs={"title": "another"}),
    ],
)
def test_a_recording_of_another_schema_is_not_gone_on_with(tmp_path: Path, about: Schema) -> None:
    recorded(tmp_path / "run.zarr", block(0, 5))
    with Feed(about) as feed, pytest.raises(InputError, match=r"the recording has other .* record to another path"):
        record(feed, tmp_path / "run.zarr")
    with Feed(SCHEMA) as feed, pytest.raises(InputError, match="has chunks of 1024 rows, not 5"):
        record(feed, tmp_path / "run.zarr", chunk=5)
    assert rows(tmp_path / "run.zarr") == list(range(5))


def test_without_the_extra_its_name_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numcodecs", None)
    with Feed(SCHEMA) as feed, pytest.raises(MissingExtra, match=r"midstream-lab\[record\]"):
        record(feed, tmp_path / "run.zarr")
    with pytest.raises(MissingExtra, match=r"midstream-lab\[record\]"):
        Recording(tmp_path / "run.zarr")


def test_attributes_that_json_does_not_know_are_refused(tmp_path: Path) -> None:
    about = Schema(channels=SCHEMA.channels, attrs={"gain": float("nan")})
    with Feed(about) as feed, pytest.raises(InputError, match="the attribute 'gain' is nan"):
        record(feed, tmp_path / "run.zarr")
    given = Schema(channels=SCHEMA.channels, attrs={"gain": np.float32(0.5), "n": np.int64(3)})  # type: ignore[dict-item]
    assert recorded(tmp_path / "run.zarr", schema=given).schema.attrs == {"gain": 0.5, "n": 3}


def test_texts_without_end_are_refused_before_memory_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_BYTES", 10_000)
    texts = np.array(["x" * 5000], object)
    with Feed(SCHEMA) as feed:
        recorder = record(feed, tmp_path / "run.zarr")
        for row in range(3):
            feed.append(Block(first=row, start=row, columns=(np.zeros(1), texts)))
            while recorder.rows <= row and not recorder.closed:
                recorder._ended.wait(0.01)
        with pytest.raises(InputError, match="with chunk=64"):
            recorder.wait(30)
    assert len(Recording(tmp_path / "run.zarr")) == 1


def test_a_text_that_is_no_unicode_ends_the_recorder_and_says_so(tmp_path: Path) -> None:
    with Feed(SCHEMA) as feed:
        recorder = record(feed, tmp_path / "run.zarr")
        feed.append(Block(first=0, start=0, columns=(np.zeros(1), np.array(["\ud800"], object))))
        with pytest.raises(InputError, match="cannot be written as UTF-8"):
            recorder.wait(30)


# -- going on ------------------------------------------------------------------------------------------


def test_a_feed_that_counts_on_continues_the_recording_with_a_known_gap(tmp_path: Path) -> None:
    recorded(tmp_path / "run.zarr", block(0, 50), chunk=40)
    recording = recorded(tmp_path / "run.zarr", block(57, 50))
    assert rows(tmp_path / "run.zarr") == [*range(50), *range(57, 107)]
    assert (recording.lost, recording.restarts) == (7, 0)


def test_a_replay_from_its_beginning_continues_when_it_is_said(tmp_path: Path) -> None:
    recorded(tmp_path / "run.zarr", block(0, 50), chunk=40)
    with Feed(SCHEMA) as feed, record(feed, tmp_path / "run.zarr", continues=True) as recorder:
        for first in range(0, 120, 8):
            feed.append(block(first, 8))
    assert rows(tmp_path / "run.zarr") == list(range(120))
    assert recorder.counts.skipped == 50
    with Feed(SCHEMA) as feed:
        recorder = record(feed, tmp_path / "run.zarr", continues=True)
        feed.append(block(500, 8, start=3))
        with pytest.raises(InputError, match="row 500 of the feed is at tick 3"):
            recorder.wait(30)


@pytest.mark.parametrize("schema", [SCHEMA, IRREGULAR])
@pytest.mark.parametrize("continues", [None, False])
def test_a_source_that_began_anew_is_a_gap_of_unknown_size(
    tmp_path: Path, schema: Schema, continues: bool | None
) -> None:
    path = tmp_path / "run.zarr"
    recorded(path, block(0, 50, schema), chunk=40, schema=schema)
    recording = recorded(path, block(0, 30, schema), block(33, 7, schema), schema=schema, continues=continues)
    assert [(run.first, run.gap) for run in recording.runs] == [(0, 0), (51, -1), (84, 3)]
    assert (recording.restarts, recording.lost, len(recording)) == (1, 3, 87)
    assert [b.gap for b in recording.blocks() if b.gap] == [1, 3]
    values = recording.to_xarray()["x"].values
    assert np.array_equal(values[50:80], np.sqrt(np.arange(30)))
    times = [b.start for b in recording.blocks() if b.first == 51]
    assert times == [51 if schema.time.regular else 49]


# -- locks ---------------------------------------------------------------------------------------------


def test_a_second_recorder_of_a_folder_is_refused_and_a_dead_one_is_not_asked(tmp_path: Path) -> None:
    path = tmp_path / "run.zarr"
    with Feed(SCHEMA) as feed, record(feed, path):
        with pytest.raises(InputError, match=f"is being recorded by process {os.getpid()}; close that recorder"):
            record(feed, path, name="another")
        # another process, too
        script = (
            "from pathlib import Path\n"
            "from test_record_bad import SCHEMA, store\n"
            f"held = store.Store(Path({str(path)!r}), SCHEMA, name='run')\n"
            "print('held', flush=True)\n"
            "input()\n"
        )
        command = [sys.executable, "-c", script]
        here = Path(__file__).parent
        refused = subprocess.run(command, cwd=here, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert f"is being recorded by process {os.getpid()}" in refused.stderr
    with subprocess.Popen(command, cwd=here, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with Feed(SCHEMA) as feed, pytest.raises(InputError, match=f"by process {other.pid}"):
            record(feed, path)
        other.kill()
    assert recorded(path, block(0, 5)).published == 5


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_does_not_keep_a_folder_locked(tmp_path: Path) -> None:
    held = store.Store(tmp_path / "run.zarr", SCHEMA, name="run")
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from Python 3.12 on a fork beside threads is warned of; this child only waits
        child = os.fork()
    if not child:
        os.close(writing)
        os.read(reading, 1)
        os._exit(0)
    try:
        held.close()
        assert recorded(tmp_path / "run.zarr", block(0, 5)).published == 5
    finally:
        os.close(writing)
        os.close(reading)
        os.waitpid(child, 0)


# -- a full disk -----------------------------------------------------------------------------------------


class FullLater:
    """The module `os`, until the disk is full."""

    full = False

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def write(self, handle: int, data: bytes) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(handle, data)


def test_a_full_disk_ends_the_recorder_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FullLater()
    monkeypatch.setattr(disk, "os", fake)
    path = tmp_path / "run.zarr"
    x = np.random.default_rng(1).normal(size=60_000)
    with (
        serve({"wave": Replay(x, dt="1/1000", speed="max")}) as server,
        connect(server.card, name="a") as recording,
        connect(server.card, name="b") as other,
    ):
        feed = recording.subscribe("wave", policy="block", window=4096)
        half = threading.Event()
        seen: dict[str, list[Block]] = {"same client": [], "other client": []}

        def same(block: Block) -> None:
            if block.stop >= 20_000 and not half.is_set():
                while recorder.rows < 10_000:
                    recorder._ended.wait(0.01)
                fake.full = True
                half.set()
            seen["same client"].append(block)

        recorder = record(feed, path, chunk=1000)
        first = other.subscribe("wave", policy="block").sink(seen["other client"].append)
        second = feed.sink(same)
        with pytest.raises(StorageError, match="No space left on device"):
            recorder.wait(60)
        assert first.wait(60)
        assert second.wait(60)
        assert half.is_set()
        assert any("the recorder" in line and "No space left" in line for line in feed.health)
        assert "failed" in repr(recorder)
        assert not server.closed
    for blocks in seen.values():
        assert np.array_equal(np.concatenate([b.columns[0] for b in blocks]), x)
    held = Recording(path)
    assert 10_000 <= len(held) < 60_000
    assert np.array_equal(held.window().values, x[: len(held)])
    fake.full = False
    with serve({"wave": Replay(x, dt="1/1000", speed="max")}) as server, connect(server.card) as client:
        feed = client.subscribe("wave", policy="block")
        assert record(feed, path, continues=True).wait(60)
    assert np.array_equal(Recording(path).window().values, x)


def test_a_disk_that_is_full_from_the_start_is_an_error_and_locks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FullLater()
    fake.full = True
    for module in (lock, disk):
        monkeypatch.setattr(module, "os", fake)
        with Feed(SCHEMA) as feed, pytest.raises(StorageError, match="cannot be written: No space left"):
            record(feed, tmp_path / "run.zarr")
        monkeypatch.undo()
    assert recorded(tmp_path / "run.zarr", block(0, 5)).published == 5


def test_a_disk_that_is_full_when_the_recorder_closes_is_not_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = FullLater()
    monkeypatch.setattr(disk, "os", fake)
    feed = Feed(SCHEMA)
    recorder = record(feed, tmp_path / "run.zarr")
    feed.append(block(0, 50))
    while recorder.rows < 50:
        recorder._ended.wait(0.01)
    fake.full = True
    with pytest.raises(StorageError, match="cannot be written: No space left"):
        recorder.__exit__(None, None, None)
    assert recorder.counts.published == 0
    feed.close()
    assert rows(tmp_path / "run.zarr") == list(range(50))


def test_a_live_source_that_outruns_a_blocked_recorder_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = threading.Event()

    class Slow(disk.Disk):
        def write(self, handle: int, data: bytes) -> None:
            assert free.wait(30)
            super().write(handle, data)

    for policy, fails in (("block", True), ("drop_oldest", False)):
        free.set()
        feed = Feed(SCHEMA, window=100)
        monkeypatch.setattr(store, "Disk", Slow)
        recorder = record(feed, tmp_path / f"{policy}.zarr", policy=policy, chunk=50)  # type: ignore[arg-type]
        free.clear()
        for first in range(0, 1000, 50):
            feed.append(block(first, 50))
        free.set()
        feed.close()
        if fails:
            with pytest.raises(LabError, match="policy='block' lost"):
                recorder.wait(30)
            assert any("the recorder" in line for line in feed.health)
            held = rows(tmp_path / f"{policy}.zarr")
            assert held == list(range(len(held)))
        else:
            assert recorder.wait(30)
            recording = Recording(tmp_path / f"{policy}.zarr")
            assert len(recording) + recorder.counts.dropped == 1000
            assert recording.next == 1000
            assert recorder.counts.dropped > 0
