"""Every notebook is stored executed, and its check is one that can fail."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).parents[2]
NOTEBOOKS = sorted((REPO / "notebooks").glob("*.ipynb"))
#: Those that receive a stream.
LIVE = [path for path in NOTEBOOKS if "subscribe(" in path.read_text()]

#: Runs in the kernel before the notebook does, and spoils one thing.
DROP_A_ROW = """
from midstream_lab.feed import Feed
offer, done = Feed.offer, set()
def spoiled(self, block):
    if id(self) in done or len(block) < 3:
        return offer(self, block)
    done.add(id(self))
    step = self.schema.time.step
    return offer(self, block.cut(0, 1, step=step)) and offer(self, block.cut(2, len(block), step=step))
Feed.offer = spoiled
"""
SWAP_THE_DATA = """
from midstream_lab import datasets
from midstream_lab.attractors import systems
load = datasets.load
datasets.load = lambda name, **options: load(name, **options)[::-1].assign_coords(time=load(name, **options)["time"])
systems.Lorenz.defaults = {**systems.Lorenz.defaults, "rho": 20.0}
"""


def check(notebook: Path, folder: Path, spoil: str = "") -> subprocess.CompletedProcess[str]:
    """nbval's check of one notebook, as `make test` runs it, with the kernel spoiled."""
    (folder / "sitecustomize.py").write_text(spoil)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    sanitize = str(REPO / "notebooks" / "sanitize.cfg")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-sanitize-with", sanitize, str(notebook)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, "MIDSTREAM_LAB_DATA": str(folder / "data")},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


def reddened(notebook: Path, folder: Path, spoil: str) -> list[str]:
    """The cells whose check fails when the kernel is spoiled."""
    done = check(notebook, folder, spoil)
    assert done.returncode == 1, done.stdout[-2000:]
    return [line for line in done.stdout.splitlines() if line.startswith("FAILED")]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_notebook_is_stored_with_its_outputs_and_without_secrets(notebook: Path) -> None:
    text = notebook.read_text()
    cells = json.loads(text)["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in code)
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell["outputs"])
    assert not any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    # A card in an output would show "token="; its repr masks the token with an ellipsis.
    assert "token='" not in text.replace("token='…'", "")
    assert "BEGIN CERTIFICATE" not in text


@pytest.mark.slow
@pytest.mark.parametrize("notebook", LIVE, ids=lambda path: path.stem)
def test_a_dropped_row_turns_a_notebook_red(notebook: Path, tmp_path: Path) -> None:
    assert len(reddened(notebook, tmp_path, DROP_A_ROW)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_swapped_data_turn_a_notebook_red(notebook: Path, tmp_path: Path) -> None:
    assert len(reddened(notebook, tmp_path, SWAP_THE_DATA)) >= 2  # two sections at least


COUNT = """
import gc, json, os, sys, threading, time
def census():
    time.sleep(3)
    gc.collect()
    from midstream_lab.errors import OperatorStalled
    from midstream_lab.feed import Feed
    sockets = sum(1 for fd in os.listdir("/proc/self/fd") if _link(fd).startswith("socket:"))
    # an estimate that stalls, as it may on a busy machine, closes its feed
    found = [thing for thing in gc.get_objects() if type(thing) is Feed]
    feeds = sum(1 for feed in found if not feed.closed or isinstance(feed.error, OperatorStalled))
    # the slow lane begins when an operator first takes long, and one that stalls keeps its thread until it is done
    threads = sum(1 for each in threading.enumerate() if each.name != "midstream-slow")
    return {"threads": threads, "sockets": sockets, "open feeds": feeds}
def _link(fd):
    try:
        return os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return ""
cells = json.load(open(sys.argv[1]))["cells"]
code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
space, found = {}, []
for _ in range(3):
    for text in code:
        exec(text, space)
    if hasattr(space.get("heart"), "wait"):
        space["heart"].wait(timeout=120)  # what ends by itself has ended before it is counted
    found.append(census())
print(json.dumps(found))
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open sockets in /proc, which only Linux has")
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_running_the_cells_three_times_leaves_as_much_as_once(notebook: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(notebook)],
        cwd=tmp_path,
        env={**os.environ, "MIDSTREAM_LAB_DATA": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    once, twice, thrice = json.loads(done.stdout.splitlines()[-1])
    if notebook in LIVE:
        assert once["threads"] > 3
        assert once["sockets"] > 1
    assert [twice, thrice] == [once, once]
