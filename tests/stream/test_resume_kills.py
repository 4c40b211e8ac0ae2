"""Servers that are killed and started again, and paths that are dead for longer than the connection lives."""

import hashlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from kit import Rows, Sensor, numbers, until
from relay import Relay

from midstream_lab.stream import Replay, Server, connect, serve

ROWS = 30_000
SERVER = """
import sys
import numpy as np
from midstream_lab.stream import Replay, serve
x = np.random.default_rng(6).normal(size=(30_000, 3))
server = serve({"x": Replay(x, dt="1/5000", speed=float(sys.argv[2]))}, name="victim")
server.card.save(sys.argv[1])
print("ready", flush=True)
sys.stdin.read()
"""


@contextmanager
def victim(card: Path, *, speed: float = 1.0) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, to be killed."""
    command = [sys.executable, "-c", SERVER, str(card), str(speed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_replay_whose_server_is_killed_and_started_again_arrives_whole_and_once(tmp_path: Path) -> None:
    card = tmp_path / "card"
    with victim(card) as process:
        client = connect(card)
        rows = Rows(client.subscribe("x", policy="block"))
        rows.feed.wait(n=2000, timeout=30)
        process.send_signal(signal.SIGKILL)
    for kill in (True, False):
        with victim(card, speed=1.0 if kill else 100.0) as process:
            if kill:
                rows.feed.wait(n=rows.feed.counts.received + 2000, timeout=60)
                process.send_signal(signal.SIGKILL)
                process.wait()
            else:
                got = rows.all()
    assert (rows.feed.counts.received, rows.feed.counts.lost, rows.feed.counts.late) == (ROWS, 0, 0)
    want = np.random.default_rng(6).normal(size=(ROWS, 3))
    assert hashlib.sha256(got).hexdigest() == hashlib.sha256(want).hexdigest()
    assert sum(line.startswith("connected again") for line in client.notes) == 2
    client.close()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGSTOP")
def test_a_server_that_hangs_for_longer_than_a_connection_lives_loses_nothing(tmp_path: Path) -> None:
    with victim(tmp_path / "card", speed=1.0) as process, connect(tmp_path / "card", timeout=5) as client:
        rows = Rows(client.subscribe("x", policy="block"))
        rows.feed.wait(n=2000, timeout=30)
        process.send_signal(signal.SIGSTOP)
        until(lambda: client.state == "reconnecting", 60)
        process.send_signal(signal.SIGCONT)
        want = np.random.default_rng(6).normal(size=(ROWS, 3))
        assert np.array_equal(rows.all(), want)
        assert (rows.feed.counts.lost, rows.feed.counts.late) == (0, 0)


def test_a_path_that_is_dead_for_longer_than_a_connection_lives_loses_nothing_within_the_window() -> None:
    sensor = Sensor()
    sensor.push(numbers(0, 10))
    with serve({"v": sensor}, window=1000) as server, Relay(server.card) as relay, connect(relay.card) as client:
        feed = client.subscribe("v")
        feed.wait(n=10, timeout=10)
        relay.cut()
        sensor.push(*(numbers(first, 10) for first in range(10, 600, 10)))
        until(lambda: client.state == "reconnecting", 60)
        relay.heal()
        feed.wait(n=600, timeout=60)
        assert any("nothing was heard from it for 5 s" in line for line in feed.health)
        assert feed.window().values.tolist() == list(range(600))
        assert (feed.counts.lost, feed.counts.late) == (0, 0)


def test_two_clients_of_a_restarted_replay_lose_nothing_whoever_comes_back_first() -> None:
    """The run begins anew for the one that is ahead; the one behind, who comes later, still gets its rows."""
    x = np.arange(40_000.0)

    def start() -> Server:
        return serve({"x": Replay(x, dt="1/1000", speed=4.0)}, name="both")

    server = start()
    with (
        Relay(server.card) as relay,
        connect(server.card, name="ahead") as one,
        connect(relay.card, name="behind") as two,
    ):
        ahead, behind = one.subscribe("x"), two.subscribe("x")
        behind.wait(n=1000, timeout=30)
        relay.cut()
        ahead.wait(n=behind.counts.received + 8000, timeout=60)
        server.close()
        with start():
            received = ahead.counts.received
            ahead.wait(n=received + 1000, timeout=60)
            relay.heal()
            behind.wait(n=ahead.counts.received, timeout=60)
            for feed in (ahead, behind):
                assert (feed.counts.lost, feed.counts.late) == (0, 0)
                values = feed.window().values
                assert np.array_equal(values, x[: len(values)])
