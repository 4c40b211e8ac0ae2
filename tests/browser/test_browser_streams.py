"""Notebook 06 in JupyterLab: the monitor draws, a priority chosen by keyboard takes effect, a narrow page shows all."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_quic_streams.ipynb"
#: The monitor of the first section; others come and go, as JupyterLab keeps only cells near the view in the page.
ROOT = "[...document.querySelectorAll('.midstream')].find((root) => root.querySelector('[aria-label$=\"sensor\"]'))"
SHOW = "() => { window.jupyterapp.shell.currentWidget.content.scrollToItem(3); }"
#: Pixels of a strip chart that have the colour of its first line.
INKED = """() => {
    const canvas = document.querySelector('.midstream-strip');
    if (!canvas || !canvas.width) return 0;
    const { backgroundColor } = getComputedStyle(document.querySelector('.midstream-swatch'));
    const swatch = backgroundColor.match(/\\d+/g).map(Number);
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] > 200 && swatch.every((part, k) => Math.abs(data[i + k] - part) < 12)) found += 1;
    }
    return found;
}"""
#: Until the change of priority that was asked for has come to the server.
WAIT = """
import time
limit = time.monotonic() + 30
while all(each.priority.name != "high" for each in client.subscriptions) and time.monotonic() < limit:
    time.sleep(0.1)
"""


def cells_of(path: Path) -> list[str]:
    """Sources of the code cells."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def keep(page, name: str) -> None:
    """Leave a picture for people where MIDSTREAM_SCREENSHOTS names a folder."""
    folder = os.environ.get("MIDSTREAM_SCREENSHOTS")
    if folder:
        page.page.locator(".midstream", has_text="sensor").screenshot(path=str(Path(folder) / name))


@pytest.fixture
def opened(jupyter):
    folder, address = jupyter

    @contextmanager
    def opened(cells: list[str], *, width: int = 1200, dark: bool = False):
        lab.notebook(folder / "streams.ipynb", *cells)
        with lab.chromium(width=width, height=1200) as page:
            page.open(address, "streams.ipynb")
            if width < 700:
                page.page.evaluate(
                    "() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }"
                )
            if dark:
                page.page.evaluate(
                    "() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
                )
            page.run_all()
            try:
                yield page
            finally:
                page.shut_down()

    return opened


def test_all_cells_run_the_chart_moves_and_a_priority_is_chosen_by_keyboard(opened) -> None:
    with opened(cells_of(NOTEBOOK)) as page:
        page.wait_for(f"() => ({INKED})() > 200", timeout=120.0)
        chart = page.page.locator(".midstream", has_text="sensor").locator(".midstream-strip").first
        before, frames = chart.screenshot(), page.wait_for(f"() => {ROOT}?.dataset.frames")
        page.wait_for(f"() => Number({ROOT}?.dataset.frames ?? 0) > {int(frames) + 8}")
        assert chart.screenshot() != before
        page.wait_cells(timeout=300.0)
        page.page.evaluate(SHOW)
        said = "print(*sorted(f'{each.source} {each.priority.name}' for each in client.subscriptions))"
        assert page.execute(said) == "bulk background sensor critical\n"
        select = page.page.get_by_label("priority of sensor").first
        page.wait_for(f"() => {ROOT}?.querySelector('select').value === 'critical'")
        select.focus()
        page.page.keyboard.press("ArrowDown")
        assert page.execute(WAIT + said) == "bulk background sensor high\n"
        page.wait_for(f"() => {ROOT}?.querySelector('select').value === 'high'")
        text = page.page.locator(".midstream", has_text="sensor").inner_text()
        assert all(part in text for part in ("connected", "server's clock", "block", "drop_oldest"))
        assert "one-way delay of sensor" in chart.get_attribute("aria-label")
        keep(page, "streams.png")
        assert page.execute("print(list(monitor.errors), list(mortal_view.errors))") == "[] []\n"
        page.execute("running().close_all()\nfor link in links.values(): link.close()")
        assert page.execute("print(repr(running()))") == "nothing is running\n"
        assert page.problems == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_of_480_pixels_shows_all_without_scrolling_sideways(opened, dark: bool) -> None:
    with opened(cells_of(NOTEBOOK)[:4], width=480, dark=dark) as page:
        page.wait_cells(timeout=120.0)
        page.wait_for(f"() => ({INKED})() > 200", timeout=60.0)
        keep(page, f"streams-480-{'dark' if dark else 'light'}.png")
        inside = page.page.evaluate(
            f"""() => {{
                const root = {ROOT}, edge = root.getBoundingClientRect().right;
                const parts = root.querySelectorAll("canvas, select, td, .midstream-link");
                return [...parts].every((part) => part.getBoundingClientRect().right <= edge + 1);
            }}"""
        )
        assert inside
        assert page.page.locator(".midstream-stage").first.evaluate(
            "(stage) => stage.scrollWidth <= stage.clientWidth + 1"
        )
        page.execute("running().close_all()\nfor link in links.values(): link.close()")
        assert page.problems == []
