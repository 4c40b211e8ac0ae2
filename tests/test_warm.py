"""Kernels are compiled ahead, in another process, and that is remembered."""

import sys
from pathlib import Path

import pytest

from midstream_lab import warm as module
from midstream_lab.errors import LabError


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No warm-up of this process yet, and a marker of the test's own."""
    monkeypatch.setattr(module, "_current", None)
    marker = tmp_path / "cache" / "warm-test"
    monkeypatch.setattr(module, "_marker", lambda: marker)
    return marker


def test_it_returns_at_once_and_says_when_it_is_done(fresh: Path) -> None:
    warming = module.warm()
    assert warming.wait(120)
    assert warming.error is None
    assert warming.progress == "kernels ready"
    assert fresh.exists()


def test_one_child_serves_all_who_ask() -> None:
    assert module.warm() is module.warm()
    assert module.warm().wait(120)


def test_what_was_compiled_before_is_ready_without_a_child(fresh: Path) -> None:
    fresh.parent.mkdir()
    fresh.touch()
    assert module.warm().done
    assert module.warm().progress == "kernels ready"


def test_a_child_that_fails_is_reported_with_its_reason(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(LabError, match="exit code 1"):
        module.warm(block=True)
    assert not fresh.exists()


def test_the_marker_changes_with_the_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = module._marker()
    monkeypatch.setattr(module.platform, "machine", lambda: "another")
    assert module._marker() != before
    assert module._marker().parent == before.parent
