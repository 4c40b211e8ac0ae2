"""Connecting compiles the kernels ahead."""

from pathlib import Path

import pytest

from midstream_lab import warm as warming
from midstream_lab.stream import Replay, connect, serve


def test_connecting_warms_the_kernels_in_another_process_and_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(warming, "_current", None)
    monkeypatch.setattr(warming, "_marker", lambda: tmp_path / "not-yet-warm")
    with serve(Replay([0.0, 1.0], dt=1, speed="max")) as server, connect(server.card) as client:
        assert "compiling kernels" in repr(client)
        assert "compiling kernels" in client._repr_html_()
        assert client.warming.wait(120)
        assert client.warming.error is None
        assert "kernels" not in repr(client)
