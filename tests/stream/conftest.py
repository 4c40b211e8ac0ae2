"""A data folder of their own for the tests of the stream room."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from midstream_lab import registry


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where authorities and tokens go; whatever still runs after the test is closed."""
    folder = tmp_path / "data"
    monkeypatch.setenv("MIDSTREAM_LAB_DATA", str(folder))
    yield folder
    registry.close_all()


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where that can be, for tests that sync very often; else an ordinary one."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory) as name:
        yield Path(name)
