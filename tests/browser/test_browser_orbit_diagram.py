"""The orbit diagram in JupyterLab: keys, wheel and rectangle zoom, what is in sight is computed again, narrow pages."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)
from maps import fits, wait_data  # noqa: E402 - after the harness is known to be there

pytestmark = pytest.mark.browser

DIAGRAM = """
from midstream_lab.attractors.systems import Logistic
from midstream_widgets import OrbitDiagram
view = OrbitDiagram(Logistic(), parameter="r", range=(2.8, 4.0))
view
"""
WIDTH = "value.split(' ')[1] - value.split(' ')[0]"


def test_keys_rectangle_and_a_program_zoom_and_the_way_back(ran) -> None:
    with ran(DIAGRAM) as page:
        wait_data(page, "drawn", "true")
        stage = page.page.locator(".midstream-stage")
        stage.focus()
        for _ in range(4):
            page.page.keyboard.press("+")
        wait_data(page, "window", f"{WIDTH} < 0.4")
        wait_data(page, "drawn", f"{WIDTH} < 0.4")
        assert "r from" in page.page.locator(".midstream-read").inner_text()
        page.page.keyboard.press("Backspace")
        wait_data(page, "drawn", f"{WIDTH} > 1.19")
        box = stage.bounding_box()
        page.page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 60)
        page.page.mouse.down()
        page.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 200, steps=4)
        page.page.mouse.up()
        wait_data(page, "drawn", f"{WIDTH} < 0.35")
        page.execute("assert view.wait(timeout=60)")
        page.page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 100, steps=3)
        page.wait_for("() => document.querySelector('.midstream-read').innerText.includes('λ =')")
        page.page.get_by_role("button", name="show all").click()
        wait_data(page, "drawn", f"{WIDTH} > 1.19")
        page.execute("view.zoom((3.8, 3.9), (0.4, 0.6))")
        wait_data(page, "drawn", "value === '3.8 3.9 0.4 0.6'")
        page.execute("assert view.wait(timeout=60)")
        page.wait_for("() => document.querySelector('aside').innerText.includes('values of r')")
        assert page.execute("print(view.errors)") == "[]\n"
        assert page.problems == []


def test_it_fits_a_page_of_360_pixels(jupyter) -> None:
    fits(jupyter, DIAGRAM)


def test_running_again_leaves_one_view(ran) -> None:
    with ran(DIAGRAM, DIAGRAM) as page:
        page.execute("assert view.wait(timeout=60)")
        assert page.execute("from midstream_lab import registry; print(len(list(registry.running())))") == "1\n"
        page.execute("view.close()")
        page.wait_for("() => document.querySelectorAll('.midstream-map').length === 0")
        assert page.problems == []
