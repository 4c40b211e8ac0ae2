"""The notebooks are copied; a changed copy is never overwritten."""

import json
from pathlib import Path

import pytest

from midstream_lab.cli import notebooks
from midstream_lab.errors import InputError


def test_every_shipped_notebook_is_copied(tmp_path: Path) -> None:
    done = notebooks.copy_to(tmp_path / "lab")
    assert [line.split(":")[0] for line in done] == list(notebooks.shipped())
    for name, content in notebooks.shipped().items():
        assert (tmp_path / "lab" / name).read_bytes() == content


def test_a_changed_copy_is_kept_and_an_untouched_old_one_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notebooks, "shipped", lambda: {"a.ipynb": b"one", "b.ipynb": b"one"})
    notebooks.copy_to(tmp_path)
    (tmp_path / "a.ipynb").write_bytes(b"mine")
    monkeypatch.setattr(notebooks, "shipped", lambda: {"a.ipynb": b"two", "b.ipynb": b"two"})
    for _ in range(2):
        done = notebooks.copy_to(tmp_path)
        assert "yours, kept" in done[0]
    assert (tmp_path / "a.ipynb").read_bytes() == b"mine"
    assert (tmp_path / "b.ipynb").read_bytes() == b"two"


def test_a_file_of_ones_own_with_the_same_name_is_kept(tmp_path: Path) -> None:
    (tmp_path / "00_live_attractor.ipynb").write_text("mine")
    notebooks.copy_to(tmp_path)
    assert (tmp_path / "00_live_attractor.ipynb").read_text() == "mine"


def test_a_manifest_of_another_kind_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / notebooks.MANIFEST).write_text("[]")
    assert all(line.endswith("copied") for line in notebooks.copy_to(tmp_path))


def test_a_damaged_manifest_loses_nothing(tmp_path: Path) -> None:
    notebooks.copy_to(tmp_path)
    (tmp_path / notebooks.MANIFEST).write_text("{")
    (tmp_path / "00_live_attractor.ipynb").write_text("mine")
    notebooks.copy_to(tmp_path)
    assert (tmp_path / "00_live_attractor.ipynb").read_text() == "mine"
    assert isinstance(json.loads((tmp_path / notebooks.MANIFEST).read_text()), dict)


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        notebooks.copy_to(tmp_path / "file")
