"""What a recorder refuses, how a recording goes on, and who may write it."""

import os
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from record_rows import IRREGULAR, SCHEMA, block, recorded, rows

from midstream_lab.errors import InputError, MissingExtra
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.stream.storage import Recording, record, store
from midstream_lab.timebase import TimeBase

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
