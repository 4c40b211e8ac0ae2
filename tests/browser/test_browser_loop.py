"""The loop inspector in JupyterLab: a live loop, its proposals, keys, both themes and a narrow page."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

LOOP = """
import threading
import numpy as np
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.loops import SetMemory, StrangeLoop
from midstream_widgets import LoopInspector
def world(seed, n, jump):
    noise, x = np.random.default_rng(seed).standard_normal(n), np.zeros(n)
    for t in range(2, n):
        a, b = (1.6, -0.8) if t < jump else (-0.9, -0.5)
        x[t] = a * x[t - 1] + b * x[t - 2] + noise[t]
    return x
x = world(0, 2400, 1000)
feed = Feed(Schema(channels=(Channel(name="x", unit="mV"),)), name="world")
loop = StrangeLoop(memories=(2000,))
said = feed.pipe(loop)
view = LoopInspector(said, rows=1600)
def produce(begin, end):
    for i in range(begin, end, 20):
        feed.append_rows([x[i:min(i + 20, end)]])
        stop.wait(0.01)
stop = threading.Event()
threading.Thread(target=produce, args=(0, 1500), name="producer", daemon=True).start()
"""
HARM = """
limit = 0
while loop.counts["rows"] < 1500 and limit < 600: stop.wait(0.1); limit += 1
loop.propose(SetMemory(0, 3.0), proposer="a person")
produce(1500, 2000)
"""
ROOT = "document.querySelector('.midstream')"


@pytest.fixture
def opened(jupyter):
    folder, address = jupyter

    @contextmanager
    def opened(*, width: int = 1200, dark: bool = False):
        lab.notebook(folder / "loop.ipynb", LOOP, "view")
        with lab.chromium(width=width, height=1250) as page:
            page.open(address, "loop.ipynb")
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
                page.wait_cells()
                yield page
            finally:
                page.shut_down()

    return opened


def wait_rows(page, least: int) -> None:
    page.wait_for(f"() => Number({ROOT}?.dataset.total ?? 0) >= {least}")


def wait_text(page, text: str) -> None:
    page.wait_for(f"() => {ROOT}.innerText.includes({text!r})")


def keep(page, name: str) -> None:
    """Leave a picture for people where MIDSTREAM_SCREENSHOTS names a folder."""
    folder = os.environ.get("MIDSTREAM_SCREENSHOTS")
    if folder:
        page.page.locator(".midstream").first.screenshot(path=str(Path(folder) / name))


def test_a_good_change_is_committed_a_bad_one_refused_and_both_can_be_looked_at(opened) -> None:
    with opened() as page:
        wait_rows(page, 200)
        first = page.page.locator(".midstream-sequence").screenshot()
        wait_rows(page, 1500)
        assert page.page.locator(".midstream-sequence").screenshot() != first
        wait_text(page, "level 2 to level 0: Forget(experts=(0,)) → committed")
        page.execute(HARM)
        wait_rows(page, 2000)
        wait_text(page, "a person to level 0: SetMemory(expert=0, memory=3.0) → harmful")
        options = page.page.locator(".midstream-list [role=option]")
        assert options.count() == 2
        assert "1 · row 1,499 · harmful" in options.last.inner_text()
        assert "committed 1 · rolled back 1" in page.page.locator(".midstream-status").inner_text()
        keep(page, "loop.png")
        run = page.page.locator(".midstream-run canvas")
        before = run.screenshot()
        page.page.locator(".midstream-stage").focus()
        page.page.keyboard.press("ArrowUp")
        wait_text(page, "Forget(experts=(0,)) → committed")
        assert run.screenshot() != before
        assert options.first.get_attribute("aria-selected") == "true"
        page.page.keyboard.press("-")
        wait_text(page, "committed 1")
        limit = "import time\nfor _ in range(100):\n    if view.rows == 3200: break\n    time.sleep(0.05)\n"
        assert page.execute(limit + "print(view.rows, list(view.errors))") == "3200 []\n"
        page.page.keyboard.press(" ")
        wait_text(page, "paused (the loop goes on)")
        page.execute("produce(2000, 2400)")
        assert page.execute("print(loop.counts['rows'])") == "2400\n"
        assert page.page.evaluate(f"() => {ROOT}.dataset.total") == "2000"
        page.page.keyboard.press(" ")
        wait_rows(page, 2400)
        page.execute("feed.close()")
        wait_text(page, "ended")
        assert page.problems == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_of_360_pixels_shows_all_without_scrolling_sideways(opened, dark: bool) -> None:
    with opened(width=360, dark=dark) as page:
        wait_rows(page, 1500)
        wait_text(page, "→ committed")
        assert page.page.evaluate("() => document.body.dataset.jpThemeLight") == ("false" if dark else "true")
        keep(page, f"loop-360-{'dark' if dark else 'light'}.png")
        inside = page.page.evaluate(
            f"""() => {{
                const root = {ROOT}, edge = root.getBoundingClientRect().right;
                const parts = root.querySelectorAll(".midstream-level, canvas, .midstream-list, .midstream-reason");
                const fits = (part) => part.getBoundingClientRect().right <= edge + 1 && part.clientWidth > 100;
                return [...parts].every(fits);
            }}"""
        )
        assert inside
        assert page.page.locator(".midstream-stage").evaluate("(stage) => stage.scrollWidth <= stage.clientWidth + 1")
        assert page.problems == []
