"""A recording that was changed, cut off or mixed up: a prefix after a crash, a clear error else."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from record_rows import SCHEMA, block, recorded, rows

from midstream_lab.errors import InputError
from midstream_lab.feed import Feed
from midstream_lab.stream.storage import Recording, record, store


@pytest.fixture
def unfinished(tmp_path: Path) -> Path:
    """A recording of 100 rows as a killed process leaves it: 80 in chunks, 20 in the journal, in 7 records."""
    path = tmp_path / "run.zarr"
    left = store.Store(path, SCHEMA, name="run", chunk=40)
    for first in range(0, 100, 3):
        left.append(block(first, min(3, 100 - first)))
    left.abandon()
    return path


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
