"""record and replay: what a server sends is kept, also through Ctrl-C, and comes again bit for bit."""

import re
from pathlib import Path

import numpy as np
import pytest
from processes import WAIT, Start

from midstream_lab.cli import main
from midstream_lab.cli.record import _paths
from midstream_lab.errors import InputError
from midstream_lab.stream import Replay, connect, serve
from midstream_lab.stream.storage import Recording


def two_files(folder: Path) -> None:
    rng = np.random.default_rng(3)
    for name, rows in (("a", 3000), ("b", 500)):
        cells = "\n".join(f"{n / 1000},{x!r},w{n % 7}" for n, x in enumerate(rng.random(rows).tolist()))
        (folder / f"{name}.csv").write_text(f"t,x,word\n{cells}\n")


def test_every_source_is_recorded_to_its_end_and_replayed_bit_for_bit(start: Start, tmp_path: Path) -> None:
    two_files(tmp_path)
    start("serve", "a.csv", "b.csv", "--speed", "max").wait_line("watch it with")
    recorder = start("record", "a+b.card", "runs")
    out, err = recorder.process.communicate(timeout=WAIT)
    assert recorder.process.returncode == 0, err
    assert re.search(r"^a: 3,000 rows in runs/a.zarr, [\d,]+ rows/s, [\d.]+ MB/s, lost 0, dropped 0$", out, re.M)
    assert re.search(r"^b: 500 rows in runs/b.zarr", out, re.M)
    recording = Recording("runs/a.zarr")
    assert len(recording) == 3000
    server = start("replay", "runs/a.zarr", "second=runs/b.zarr", "--speed", "max", "--card", "again.card")
    server.wait_line("watch it with")
    with connect("again.card") as client:
        feed = client.subscribe("a", policy="block")
        other = client.subscribe("second", policy="block")
        feed.wait(timeout=WAIT)
        other.wait(timeout=WAIT)
        want, got = recording.to_xarray(), feed.rows()
        assert feed.schema == recording.schema
        assert got["x"].values.tobytes() == want["x"].values.tobytes()
        assert got["word"].values.tolist() == want["word"].values.tolist()
        assert got["row"].values.tolist() == list(range(3000))
        assert other.counts.received == 500
    code, out, err = server.interrupt()
    assert (code, err) == (130, "stopped\n")
    assert "3,500 rows sent" in out


def test_ctrl_c_ends_a_recording_cleanly_and_the_same_command_goes_on(start: Start) -> None:
    start("serve", "lorenz", "--speed", "20").wait_line("watch it with")
    seen = 0
    for _ in range(2):
        recorder = start("record", "lorenz.card", "run.zarr", "--source", "lorenz")
        recorder.wait_line("recording lorenz")
        with connect("lorenz.card") as client:  # so many rows have gone out meanwhile
            client.subscribe(since="newest").wait(n=2000, timeout=WAIT)
        code, out, err = recorder.interrupt()
        assert (code, err) == (130, "stopped\n")
        (rows,) = re.findall(r"^lorenz: ([\d,]+) rows in run.zarr", out, re.M)
        recording = Recording("run.zarr")
        assert len(recording) == int(rows.replace(",", "")) > seen
        seen = len(recording)


def test_a_replay_has_the_rate_of_the_recording() -> None:
    from midstream_lab.cli import replay, serve

    made: dict[str, Replay] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replay, "serve_until_stopped", lambda sources, args: made.update(sources) or 0)
        record_three("one.zarr")
        assert main(["replay", "one.zarr", "--speed", "2.5", "--loop", "--rate", "10"]) == 0
    assert made["one"].speed == 2.5
    assert made["one"].loop
    assert serve.speed("max") == "max"


def record_three(path: str) -> None:
    from midstream_lab.feed import Channel, Feed, Schema
    from midstream_lab.stream.storage import record

    feed = Feed(Schema(channels=(Channel(name="x"),)))
    with record(feed, path):
        feed.append_rows([[0.5, 1.0, 1.5]])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["replay", "no.zarr"], "no.zarr"),
        (["replay", "one.zarr", "x/one.zarr"], "no"),
        (["replay", "one.zarr", "one.zarr", "--speed", "max"], "two recordings are named one"),
        (["replay", "one.zarr", "--card", "nowhere/x.card"], "not a folder"),
        (["serve", "one.zarr"], "midstream-lab replay one.zarr"),
        (["record", "no.card", "x.zarr"], "no.card"),
    ],
)
def test_what_cannot_be_recorded_or_replayed_is_one_sentence(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    record_three("one.zarr")
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert words in err
    assert err.startswith(f"midstream-lab {arguments[0]}: ")


def test_a_recording_of_another_schema_is_not_written_on(capsys: pytest.CaptureFixture[str]) -> None:
    record_three("one.zarr")
    with serve({"y": Replay([1.0, 2.0], dt=1, speed="max", name="y")}, name="y") as server:
        server.card.save("y.card")
        assert main(["record", "y.card", "one.zarr"]) == 1
    assert "the recording has other" in capsys.readouterr().err
    assert len(Recording("one.zarr")) == 3


def test_several_sources_go_into_a_folder_and_never_over_each_other() -> None:
    assert _paths(["a"], Path("run.zarr")) == {"a": Path("run.zarr")}
    assert _paths(["a", "b/c"], Path("runs")) == {"a": Path("runs/a.zarr"), "b/c": Path("runs/b-c.zarr")}
    with pytest.raises(InputError, match="one with --source"):
        _paths(["b/c", "b-c"], Path("runs"))
