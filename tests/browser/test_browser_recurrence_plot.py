"""The recurrence plot in JupyterLab: thresholds live, zoom by keys and wheel, numbers beside it, narrow pages."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

PLOT = """
from midstream_lab.attractors.systems import Lorenz
from midstream_widgets import RecurrencePlot
view = RecurrencePlot(Lorenz().trajectory(1500, dt=0.03), channel="x", radius=2.0, delay=5, embedding_dim=3, theiler=20)
view
"""


def wait_data(page, name: str, test: str) -> None:
    page.wait_for(
        f"() => ((value) => value !== undefined && ({test}))(document.querySelector('.midstream')?.dataset.{name})"
    )


def ink(page) -> float:
    """Share of the middle of the plot that differs from its paper."""
    return page.page.evaluate(
        """() => {
            const canvas = document.querySelector(".midstream-stage canvas"), side = Math.floor(canvas.width / 4);
            const at = [Math.floor(canvas.width / 2), Math.floor(canvas.height / 8)];
            const { data } = canvas.getContext("2d").getImageData(...at, side, side);
            let count = 0;
            for (let i = 0; i < data.length; i += 4) count += data[i] < 250;
            return count / (side * side);
        }"""
    )


def test_the_threshold_is_live_and_the_numbers_follow(ran) -> None:
    with ran(PLOT) as page:
        wait_data(page, "radius", "value === '2'")
        page.execute("assert view.wait(timeout=60)")
        page.wait_for("() => document.querySelector('aside table').innerText.includes('DET')")
        before = ink(page)
        page.page.get_by_role("slider").first.focus()
        for _ in range(40):
            page.page.keyboard.press("ArrowRight")
        wait_data(page, "radius", "Number(value) > 2.5")
        page.execute("assert view.wait(timeout=60)")
        assert ink(page) > before
        rate = float(page.execute("print(float(view.quantification['recurrence_rate']))"))
        page.wait_for(f"() => document.querySelector('aside table').innerText.includes('{rate:.4g}')")
        assert (
            page.execute("print(abs(view.rate / view._controls.controls['rate'].value - 1) < 0.02, view.errors)")
            == "True []\n"
        )
        page.page.get_by_role("combobox").last.select_option(label="Euclidean")
        page.wait_for("() => document.querySelector('.midstream-status').innerText.includes('radius')")
        page.execute("import time\nwhile view.norm != 'euclidean': time.sleep(0.02)\nassert view.wait(timeout=60)")
        assert page.problems == []


def test_keys_wheel_and_a_program_zoom_and_all_comes_back(ran) -> None:
    with ran(PLOT) as page:
        wait_data(page, "rows", "value === '0 1490'")
        stage = page.page.locator(".midstream-stage")
        stage.focus()
        for _ in range(4):
            page.page.keyboard.press("+")
        wait_data(page, "rows", "value.split(' ')[1] - value.split(' ')[0] < 400")
        wait_data(page, "exact", "value === '1'")
        assert "t from" in page.page.locator("aside .midstream-read").inner_text()
        stage.hover(position={"x": 200, "y": 200})
        page.page.mouse.wheel(0, -400)
        wait_data(page, "rows", "value.split(' ')[1] - value.split(' ')[0] < 200")
        page.page.mouse.move(*[edge + 150 for edge in (stage.bounding_box()["x"], stage.bounding_box()["y"])])
        page.wait_for("() => document.querySelector('aside .midstream-read').innerText.includes('recur')")
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("Home")
        wait_data(page, "rows", "value === '0 1490'")
        page.execute("view.zoom((100, 200), (300, 400))")
        wait_data(page, "rows", "value === '100 200'")
        assert page.execute("print(view.errors)") == "[]\n"
        assert page.problems == []


def test_it_fits_a_dark_page_of_360_pixels(jupyter) -> None:
    folder, address = jupyter
    lab.notebook(folder / "narrow.ipynb", PLOT)
    with lab.chromium(width=360, dark=True) as page:
        page.open(address, "narrow.ipynb")
        page.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }")
        page.run_all()
        try:
            page.wait_cells()
            wait_data(page, "tiles", "Number(value) > 0")
            inside = page.page.evaluate(
                """() => [...document.querySelectorAll(".midstream, .midstream-stage, aside table")].map((node) =>
                    node.getBoundingClientRect().right
                        <= document.querySelector(".jp-OutputArea").getBoundingClientRect().right + 1)"""
            )
            assert inside == [True, True, True]
            assert page.problems == []
        finally:
            page.shut_down()


def test_running_again_leaves_one_view(ran) -> None:
    with ran(PLOT, PLOT) as page:
        page.execute("assert view.wait(timeout=60)")
        assert page.execute("from midstream_lab import registry; print(len(list(registry.running())))") == "1\n"
        page.execute("view.close()")
        page.wait_for("() => document.querySelectorAll('.midstream-recurrence').length === 0")
        assert page.problems == []
