"""The room without its extra, and its place in the house."""

import subprocess
import sys

import pytest

import midstream_lab.stream as room


@pytest.mark.parametrize(("missing", "name"), [("aioquic", "serve"), ("pyarrow", "connect"), ("aioquic", "Server")])
def test_a_missing_extra_names_the_install_line(missing: str, name: str) -> None:
    script = f"""
import sys
sys.modules[{missing!r}] = None
from midstream_lab.errors import MissingExtra
from midstream_lab.stream import Card, Replay, Simulation
try:
    from midstream_lab.stream import {name}
except MissingExtra as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert 'pip install "midstream-lab[stream]"' in done.stdout


def test_importing_the_room_does_not_load_the_network() -> None:
    script = "import sys, midstream_lab.stream; print([m for m in ('aioquic', 'cryptography') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_public_name_is_there_and_no_other() -> None:
    assert all(getattr(room, name) for name in room.__all__)
    assert set(room.__all__) <= set(dir(room))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        room.nothing  # noqa: B018
