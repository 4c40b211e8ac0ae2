"""A client on another QUIC library, written from FORMAT.md alone, reads our streams; Arrow bytes by pyarrow alone."""

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from midstream_lab.sequence import sequence
from midstream_lab.stream import Card, Limits, Replay, serve
from midstream_lab.stream.certificates import Authority

pytest.importorskip("qh3")
READER = Path(__file__).parent / "qh3_reader.py"
ROWS = 30_000


def run(card: Card, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the foreign client."""
    command = [sys.executable, "-I", str(READER), str(card.save(folder / "lab.json")), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=90)


def read(card: Card, folder: Path, *words: str) -> dict[str, Any]:
    done = run(card, folder, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def values() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(ROWS, 3))


@pytest.mark.parametrize("limits", [Limits(), Limits(unproved=0, newcomers=1)], ids=["plain", "tight"])
def test_a_client_on_another_quic_library_reads_every_row(values: np.ndarray, tmp_path: Path, limits: Limits) -> None:
    x = sequence(values, dt="1/250", channels=["a", "b", "c"], name="eeg")
    with serve(Replay(x, speed="max"), limits=limits) as server:
        result = read(server.card, tmp_path, "eeg")
    arrow = result["arrow"]
    assert result["hello"] == {"name": "eeg", "server": server.card.server}
    assert result["subscribe"]["run"] == arrow["metadata"]["midstream.run"]
    assert arrow["metadata"]["midstream.tick"] == "1/250"
    assert arrow["names"] == ["a", "b", "c"]
    assert arrow["end"] == "ffffffff00000000"
    due = 0
    for first, count, gap in arrow["batches"]:
        assert (first, gap) == (due, 0)
        due += count
    assert due == ROWS
    for index, name in enumerate(arrow["names"]):
        assert arrow["digests"][name] == hashlib.sha256(values[:, index].tobytes()).hexdigest()


def test_a_client_on_another_quic_library_proves_its_address(values: np.ndarray, tmp_path: Path) -> None:
    with serve({"eeg": Replay(values, dt="1/250", speed="max")}, host="0.0.0.0") as server:
        card = replace(server.card, addresses=server.card.addresses[-1:])
        assert sum(count for _, count, _ in read(card, tmp_path, "eeg")["arrow"]["batches"]) == ROWS


def test_a_client_on_another_quic_library_is_refused_with_the_kind_of_error(tmp_path: Path) -> None:
    with serve({"eeg": Replay(np.arange(9.0), dt=1)}) as server:
        assert read(server.card, tmp_path, "eeg", "w" * 43)["error"]["kind"] == "auth"
        error = read(server.card, tmp_path, "ecg")["error"]
        assert error["kind"] == "input"
        assert "it has: eeg" in error["text"]


def test_a_client_on_another_quic_library_does_not_trust_another_authority(tmp_path: Path) -> None:
    with serve({"eeg": Replay(np.arange(9.0), dt=1)}) as server:
        done = run(replace(server.card, authority=Authority(tmp_path).pem), tmp_path, "eeg")
    assert done.returncode != 0
    assert "ConnectionError" in done.stderr
