"""Notebook 00 in JupyterLab: it moves, its slider works, its picture is the embedding, and it cleans up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "00_live_attractor.ipynb"

#: Holds the rows, then compares what stands in the graphics memory with the embedding of the same rows.
COMPARE = """
import time
import numpy as np
from midstream_lab.attractors import embed
{feed}.close()
def equal():
    drawn = {view}.drawn(timeout=30)
    rows = {feed}.window()
    x = rows.sel(channel={feed}.schema.names[0]) if "channel" in rows.dims else rows
    points = embed(x, delay={view}.delay, dim=3).values[-len(drawn):]
    return len(drawn) == {view}.trail and np.abs(drawn - points).max() < 1e-6 * np.ptp(points)
limit = time.monotonic() + 30
while not (same := equal()) and time.monotonic() < limit: time.sleep(0.5)
print(bool(same), {view}.errors)
"""


def cells_of(path: Path) -> list[str]:
    """Sources of the code cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def test_all_cells_run_and_the_attractors_are_live(jupyter):
    folder, address = jupyter
    lab.notebook(folder / "notebook00.ipynb", *cells_of(NOTEBOOK))
    with lab.chromium() as page:
        page.open(address, "notebook00.ipynb")
        page.run_all()
        try:
            watch_the_first_view(page)
            page.wait_cells(timeout=300.0)
            for view, feed in (("view", "lorenz"), ("heart_view", "heart")):
                assert page.execute(COMPARE.format(view=view, feed=feed)) == "True []\n"
            page.execute("running().close_all()")
            assert page.execute("print(repr(running()))") == "nothing is running\n"
            assert page.problems == []
        finally:
            page.shut_down()


def watch_the_first_view(page) -> None:
    """The count grows, the canvas changes, the slider is followed: all while later cells still run."""
    total = "Number(document.querySelector('.midstream')?.dataset.total ?? 0)"
    page.wait_for(f"() => {total} > 200", timeout=180.0)
    stage = page.page.locator(".midstream-stage").first
    stage.scroll_into_view_if_needed()
    before, picture = page.page.evaluate(f"() => {total}"), stage.screenshot()
    page.wait_for(f"() => {total} > {before + 500}")
    assert stage.screenshot() != picture
    page.page.get_by_role("slider").first.focus()
    for _ in range(3):
        page.page.keyboard.press("ArrowRight")
    page.wait_for("() => /τ = \\d+ samples/.test(document.querySelector('.midstream-status').innerText)")
