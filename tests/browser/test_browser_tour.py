"""The tour in JupyterLab: every view is drawn, and the scheduler and the loop answer to keys."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "tour.ipynb"
VIEWS = ("lorenz", "ecg", "scheduler", "loop", "own recording")


def colours(png: bytes) -> int:
    """Distinct colours of a screenshot: a blank stage has a handful."""
    from PIL import Image

    return len(Image.open(io.BytesIO(png)).convert("RGB").getcolors(maxcolors=1 << 24))


def test_every_view_of_the_tour_is_drawn(jupyter, tmp_path):
    folder, address = jupyter
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    lab.notebook(folder / "tour.ipynb", *code)
    with lab.chromium() as page:
        page.open(address, "tour.ipynb")
        page.run_all()
        try:
            page.wait_cells(timeout=300.0)
            stages = page.page.locator(".midstream-stage")
            assert stages.count() == len(VIEWS)
            for i, view in enumerate(VIEWS):
                stages.nth(i).scroll_into_view_if_needed()
                page.page.wait_for_timeout(1000)
                path = tmp_path / f"{view.replace(' ', '-')}.png"
                picture = stages.nth(i).screenshot(path=path)
                assert colours(picture) > 12, f"{view}: {path}"
            stepper = stages.nth(VIEWS.index("scheduler"))
            stepper.focus()
            page.page.keyboard.press("Home")
            page.page.keyboard.press("ArrowRight")
            page.page.keyboard.press("ArrowRight")
            # the keys come by another way than this cell, and perhaps after it has begun
            page.execute(
                "import time\n"
                "patience = time.monotonic() + 20\n"
                "while stepper.position != 2 and time.monotonic() < patience: time.sleep(0.05)"
            )
            assert page.execute("print(stepper.position, stepper.errors, list(inspector.errors))") == "2 [] []\n"
            page.execute("running().close_all()")
            assert page.execute("print(repr(running()))") == "nothing is running\n"
            assert page.problems == []
        finally:
            page.shut_down()
