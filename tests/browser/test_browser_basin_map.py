"""The map of basins in JupyterLab: shares beside it, a slider moves a parameter, keys zoom, narrow pages."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)
from maps import fits, wait_data  # noqa: E402 - after the harness is known to be there

pytestmark = pytest.mark.browser

BASINS = """
from midstream_lab.attractors.systems import Henon
from midstream_widgets import BasinMap
view = BasinMap(Henon(), {"x": (-2, 2), "y": (-2, 2)}, parameters={"a": (1.0, 1.4)})
view
"""


def test_a_parameter_moves_and_a_zoom_is_computed_again(ran) -> None:
    with ran(BASINS) as page:
        wait_data(page, "token", "value === '1.4'")
        page.execute("assert view.wait(timeout=60)")
        share = page.execute("print(f\"{float(view.basins['fraction'].sel(outcome=1)):.3f}\")").strip()
        page.wait_for(f"() => document.querySelector('aside').innerText.includes('attractor 1: {share} ±')")
        stage = page.page.locator(".midstream-stage")
        stage.hover(position={"x": 300, "y": 250})
        page.wait_for("() => /attractor 1|left the box/.test(document.querySelector('.midstream-read').innerText)")
        page.page.get_by_role("slider").first.focus()
        page.page.keyboard.press("ArrowLeft")
        wait_data(page, "token", "Number(value) < 1.4")
        stage.focus()
        for _ in range(3):
            page.page.keyboard.press("+")
        wait_data(page, "drawn", "value.split(' ')[1] - value.split(' ')[0] < 2")
        page.page.keyboard.press("Home")
        wait_data(page, "drawn", "value === '-2 2 -2 2'")
        assert page.execute("print(view.errors)") == "[]\n"
        assert page.problems == []


def test_it_fits_a_page_of_360_pixels(jupyter) -> None:
    fits(jupyter, BASINS)
