"""The Poincaré section in JupyterLab: a slider moves the plane, the return map is a button away, narrow pages."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)
from maps import fits, wait_data  # noqa: E402 - after the harness is known to be there

pytestmark = pytest.mark.browser

SECTION = """
from midstream_lab.attractors.systems import Rossler
from midstream_widgets import PoincareSection
view = PoincareSection(Rossler(), plane=("y", 0.0), n=500)
view
"""


def test_a_slider_moves_the_plane_and_exact_crossings_follow(ran) -> None:
    with ran(SECTION) as page:
        wait_data(page, "detail", "value === '500 by the integrator'")
        page.page.get_by_role("slider").first.focus()
        for _ in range(5):
            page.page.keyboard.press("ArrowRight")
        page.execute("import time\nwhile view.offset < 0.2: time.sleep(0.02)\nassert view.wait(timeout=60)")
        wait_data(page, "detail", "value === '500 by the integrator'")
        page.wait_for("() => !document.querySelector('aside h4').innerText.endsWith('= 0')")
        page.page.get_by_role("button", name="return map").click()
        wait_data(page, "token", "value.endsWith('True')")
        page.page.get_by_label("crossings").select_option(label="downward")
        wait_data(page, "token", "value.includes('down')")
        page.execute("view.offset = -1.0\nassert view.wait(timeout=60)")
        page.wait_for("() => document.querySelector('aside h4').innerText.includes('= −1')")
        assert page.execute("print(view.direction, view.return_map, view.errors)") == "down True []\n"
        assert page.problems == []


def test_it_fits_a_page_of_360_pixels(jupyter) -> None:
    fits(jupyter, SECTION)
