"""A data folder of their own for the tests of the stream room."""

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
