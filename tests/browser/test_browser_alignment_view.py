"""The alignment view in JupyterLab: slider, keys and a drag move the band; hovering names the pair; narrow pages."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)
from maps import wait_data  # noqa: E402 - after the harness is known to be there

pytestmark = pytest.mark.browser

BEATS = """
from midstream_lab import datasets
from midstream_widgets import AlignmentView
heart = datasets.load("ecg_mitbih_208").values
view = AlignmentView(heart[:300], heart[290:600], window=60)
view
"""


def test_slider_keys_and_drag_move_the_band(ran) -> None:
    with ran(BEATS) as page:
        wait_data(page, "window", "value === '60'")
        page.page.get_by_role("slider").first.focus()
        page.page.keyboard.press("ArrowRight")
        wait_data(page, "window", "value === '61'")
        stage = page.page.locator(".midstream-stage")
        stage.focus()
        page.page.keyboard.press("Home")
        wait_data(page, "window", "value === '10'")
        page.page.get_by_label("step pattern").select_option(label="symmetric2")
        wait_data(page, "pattern", "value === 'symmetric2'")
        box = stage.bounding_box()
        right, bottom = box["x"] + box["width"], box["y"] + box["height"]
        page.page.mouse.move(right - 40, bottom - 60)  # late in y, early in x: far from the diagonal
        page.page.mouse.down()
        page.page.mouse.up()
        wait_data(page, "window", "Number(value) > 150")
        page.page.mouse.move(right - 200, bottom - 200)
        page.wait_for(
            "() => /^x\\[\\d+\\] = .* with y\\[\\d+\\] = /.test(document.querySelector('.midstream-read').innerText)"
        )
        held = "print(view.window > 150, view.step_pattern, view.errors)"
        assert page.execute(held) == "True symmetric2 []\n"
        assert page.problems == []


def test_it_fits_a_page_of_360_pixels(jupyter) -> None:
    folder, address = jupyter
    lab.notebook(folder / "narrow.ipynb", BEATS)
    with lab.chromium(width=360, dark=True) as page:
        page.open(address, "narrow.ipynb")
        page.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }")
        page.run_all()
        try:
            page.wait_cells()
            wait_data(page, "drawn", "true")
            inside = page.page.evaluate(
                """() => [...document.querySelectorAll(".midstream, .midstream-stage")].map((node) =>
                    node.getBoundingClientRect().right
                        <= document.querySelector(".jp-OutputArea").getBoundingClientRect().right + 1)"""
            )
            assert inside == [True] * 2
            assert page.problems == []
        finally:
            page.shut_down()
