"""Folders of their own, and commands in processes that end with the test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Process, Start

from midstream_lab import registry


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The data folder and the working folder; whatever still runs after the test is closed."""
    monkeypatch.setenv("MIDSTREAM_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    yield
    registry.close_all()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a command in the test's folder."""
    running: list[Process] = []

    def started(*arguments: str) -> Process:
        running.append(Process(*arguments, cwd=tmp_path))
        return running[-1]

    yield started
    for each in running:
        each.close()
