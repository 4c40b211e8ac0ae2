"""The command line: help that reads well, errors without tracebacks, exit codes."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from midstream_lab.cli import COMMANDS, main
from midstream_lab.errors import LabError, StreamError
from midstream_lab.stream import Card

COMMAND_NAMES = [command.__name__.rsplit(".", 1)[1] for command in COMMANDS]


def run(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "midstream_lab", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.parametrize("command", COMMAND_NAMES)
def test_each_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert f"midstream-lab {command}" in text
    assert len(text.splitlines()) > 4


def test_the_top_help_names_every_command_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    for command in COMMAND_NAMES:
        assert re.search(rf"^    {command} ", text, re.M), command
    assert "exit codes" in text


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["serve"],
        ["serve", "elnino_sst", "--speed", "fast"],
        ["serve", "elnino_sst", "--speed", "-1"],
        ["serve", "elnino_sst", "--rate", "max"],
    ],
)
def test_wrong_usage_exits_with_two(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    assert "usage:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["serve", "ecg_mitbih_20"], "Did you mean 'ecg_mitbih_208'"),
        (["serve", "no-such-file.csv"], "neither a file nor a name"),
        (["serve", "elnino_sst", "--card", "nowhere/x.card"], "not a folder"),
        (["watch", "no.card"], "no.card"),
        (["serve", "lorenz", "--channel", "w"], "'w'"),
        (["serve", "two.csv", "--channel", "c"], "no channel named 'c'; there are a, b"),
        (["serve", "text.csv", "--channel", "c"], "no channel named 'c'; there are a, note"),
        (["demo", "--out", "nowhere/x.png"], "not a folder"),
        (["demo", "--out", "folder"], "name a file in it"),
        (["demo", "--rows", "0"], "at least one row"),
        (["lab", "a-file"], "a-file"),
        (["lab", "notebooks", "--port", "65536"], "port must be 0 to 65535"),
        (["lab", "taken"], "Is a directory"),
    ],
)
def test_an_error_is_one_sentence_and_exit_code_one(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "a-file").write_text("")
    (tmp_path / "two.csv").write_text("t,a,b\n0,1,2\n1,2,3\n")
    (tmp_path / "text.csv").write_text("t,a,note\n0,1,x\n1,2,y\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "taken" / "00_live_attractor.ipynb").mkdir(parents=True)
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert words in err
    assert "Traceback" not in err
    assert err.startswith(f"midstream-lab {arguments[0]}: ")


def test_a_card_that_is_not_a_card_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.card").write_text("hello")
    assert main(["watch", "bad.card"]) == 1
    assert "card" in capsys.readouterr().err


@pytest.fixture
def server(tmp_path: Path):
    """A server of one's own CSV file, in a process of its own."""
    t = np.arange(4000) / 100
    rows = "\n".join(f"{a:.2f},{b:.6f}" for a, b in zip(t, np.sin(t), strict=True))
    (tmp_path / "mine.csv").write_text("time_s,level\n" + rows + "\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "midstream_lab", "serve", "mine.csv", "--speed", "20"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
        # Under a runner in the background SIGINT is ignored, and a child would inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    end = time.monotonic() + 60
    while not (tmp_path / "mine.card").exists() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.05)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_ones_own_file_is_served_and_watched_to_its_end(server, tmp_path: Path) -> None:
    watched = run("watch", "mine.card", "--no-estimate", cwd=tmp_path)
    assert watched.returncode == 0, watched.stderr
    assert "4,000 rows" in watched.stdout
    assert "lost 0" in watched.stdout


def test_the_card_is_readable_by_its_owner_only_and_its_token_is_never_printed(server, tmp_path: Path) -> None:
    card = tmp_path / "mine.card"
    assert card.stat().st_mode & 0o077 == 0
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert Card.load(card).token not in out + err


def test_ctrl_c_ends_a_server_cleanly(server) -> None:
    server.send_signal(signal.SIGINT)
    out, err = server.communicate(timeout=30)
    assert server.returncode == 130
    assert "Traceback" not in err
    assert "rows sent" in out


def test_watching_a_server_that_is_killed_ends_with_a_sentence(server, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "midstream_lab", "watch", "mine.card", "--no-estimate", "--reconnect", "0"]
    watcher = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    end = time.monotonic() + 60
    while not psutil.Process(watcher.pid).net_connections("udp") and time.monotonic() < end:
        time.sleep(0.05)
    server.kill()
    _, err = watcher.communicate(timeout=60)
    assert watcher.returncode == 1
    assert "Traceback" not in err
    assert err.startswith("midstream-lab watch: ")


def test_serving_on_a_port_in_use_names_the_port(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        assert main(["serve", "elnino_sst", "--speed", "max", "--port", str(port)]) == 1
    assert f"UDP port {port} of 127.0.0.1 is in use" in capsys.readouterr().err


class NotConnected:
    """A client whose connection is gone, so that nothing is known of delays."""

    def delays(self, name: str) -> None:
        raise StreamError(f"{name}: there is no connection")


def test_watching_shows_the_running_estimate(tmp_path: Path) -> None:
    from argparse import Namespace

    from midstream_lab.attractors.systems import Henon
    from midstream_lab.cli.watch import Watched
    from midstream_lab.feed import Feed, SequenceSource

    source = SequenceSource(Henon().trajectory(2500, transient=100).sel(channel="x"))
    with Feed(source.schema, window=4096) as feed:
        watched = Watched(name="henon", feed=feed, client=NotConnected())
        watched.prepare(Namespace(channel=None, window=2000, every=2000))
        watched.estimate()
        assert "no estimate yet" in watched.status()
        for block in source.blocks(threading.Event()):
            feed.append(block)
        watched.estimates.wait(n=1, timeout=60)
        line = watched.status()
    assert "2,500 rows" in line
    assert "exponent" in line or "inconclusive" in line


def test_watching_says_that_the_connection_is_being_made_again() -> None:
    from midstream_lab.cli.watch import Watched
    from midstream_lab.feed import Channel, Feed, Schema

    with Feed(Schema(channels=(Channel(name="x"),)), window=10) as feed:
        feed.interrupted = lambda: "reconnecting, attempt 3, next in 2 s"
        assert (
            Watched(name="x", feed=feed, client=NotConnected())
            .status()
            .endswith(", reconnecting, attempt 3, next in 2 s")
        )


def test_watching_says_that_the_estimate_ended() -> None:
    from argparse import Namespace

    from midstream_lab.cli.watch import Watched
    from midstream_lab.feed import Channel, Feed, Schema
    from midstream_lab.timebase import TimeBase

    with Feed(Schema(channels=(Channel(name="x"),), time=TimeBase.from_dt("1/100")), window=4096) as feed:
        watched = Watched(name="x", feed=feed, client=NotConnected())
        watched.prepare(Namespace(channel=None, window=600, every=600))
        watched.estimate()
        feed.append_rows([np.full(1300, np.nan)])
        with pytest.raises(LabError, match="missing"):
            watched.estimates.wait(n=1, timeout=60)
        assert "the estimate ended" in watched.status()


@pytest.mark.parametrize("name", ["two.csv", "text.csv", "one.csv", "lorenz"])
def test_one_channel_is_served_of_whatever_there_is(name: str, tmp_path: Path) -> None:
    from midstream_lab.cli.resolve import source

    (tmp_path / "one.csv").write_text("t,a\n0,1\n1,2\n")
    (tmp_path / "two.csv").write_text("t,a,b\n0,1,2\n1,2,3\n")
    (tmp_path / "text.csv").write_text("t,a,note\n0,1,x\n1,2,y\n")
    channel = "y" if name == "lorenz" else "a"
    assert source(name, channel=channel).schema.names == (channel,)


def test_doctor_tries_the_parts_and_exits_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    for part in ("datasets: ", "stream: ", "kernels: ", "plot: "):
        assert f"ok  {part}" in text


def test_doctor_names_what_is_missing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert main(["doctor"]) == 0
    assert 'pip install "midstream-lab[plot]"' in capsys.readouterr().out


def test_demo_reports_on_real_data_and_writes_a_picture(tmp_path: Path) -> None:
    done = run("demo", "--out", "picture.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "recording: 7,200 rows over QUIC" in done.stdout
    assert "lost 0" in done.stdout
    assert "lorenz: largest Lyapunov exponent" in done.stdout
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


def test_warm_compiles_in_another_process_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["warm"]) == 0
    assert "kernels ready" in capsys.readouterr().out


def test_lab_serves_the_notebooks_with_a_token_on_loopback(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "midstream_lab", "lab", "mine", "--no-browser"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "HOME": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")},
    )
    watchdog = threading.Timer(90, process.kill)  # else a silent server would keep the loop below waiting
    watchdog.start()
    try:
        seen = []
        assert process.stdout is not None
        for line in process.stdout:
            seen.append(line)
            if "/lab/tree/00_live_attractor.ipynb?token=" in line:
                break
        text = "".join(seen)
        assert "?token=" in text, text
        assert re.search(r"http://(127\.0\.0\.1|localhost):\d+/lab", text)
        assert (tmp_path / "mine" / "00_live_attractor.ipynb").is_file()
    finally:
        watchdog.cancel()
        process.terminate()
        process.communicate(timeout=30)
