"""The embedding explorer in JupyterLab: sliders move everything, charts can be read, and it fits a narrow page."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

EXPLORER = """
from midstream_lab.attractors.systems import Lorenz
from midstream_widgets import EmbeddingExplorer
view = EmbeddingExplorer(Lorenz().trajectory(2000, dt=0.03), channel="x", delay=5, embedding_dim=3, theiler=40)
view
"""
CHARTS = "document.querySelector('.midstream-grid').parentElement"


def wait_drawn(page, given: str) -> None:
    page.wait_for(f"() => document.querySelector('.midstream-grid') && {CHARTS}.dataset.drawn === '{given}'")


def wait_said(page, text: str) -> None:
    page.wait_for(f"() => document.querySelector('.midstream-said').innerText.includes({text!r})")


def test_the_sliders_move_attractor_curves_and_words(ran) -> None:
    with ran(EXPLORER) as page:
        wait_drawn(page, "5 3 40")
        page.wait_for("() => Number(document.querySelector('.midstream[data-points]')?.dataset.points) === 1990")
        page.page.get_by_role("slider").first.focus()
        for _ in range(3):
            page.page.keyboard.press("ArrowRight")
        wait_drawn(page, "8 3 40")
        page.wait_for("() => Number(document.querySelector('.midstream[data-points]').dataset.points) === 1984")
        page.page.get_by_role("slider").nth(1).focus()
        page.page.keyboard.press("ArrowRight")
        wait_drawn(page, "8 4 40")
        wait_said(page, "τ = 8 samples = 0.24 system time · m = 4, the first 3 drawn")
        page.page.get_by_role("slider").nth(2).focus()
        page.page.keyboard.press("ArrowLeft")
        wait_drawn(page, "8 4 39")
        page.wait_for("() => document.querySelector('.midstream-estimate').dataset.computing === 'false'")
        said = page.page.locator(".midstream-said").inner_text()
        assert said.startswith("λ")
        curve = page.page.locator(".midstream-chart").nth(2).inner_text()
        assert "time (system time)" in curve
        assert "slope" in curve
        assert page.execute("print(view.delay, view.embedding_dim, view.theiler, view.errors)") == "8 4 39 []\n"
        page.execute("view.delay = 11")
        wait_drawn(page, "11 4 39")
        assert page.problems == []


def test_a_chart_tells_its_values_to_the_keys_and_to_the_pointer(ran) -> None:
    with ran(EXPLORER) as page:
        wait_drawn(page, "5 3 40")
        page.wait_for("() => document.querySelectorAll('.midstream-chart')[1].innerText.includes('E1')")
        cao = page.page.locator(".midstream-chart").nth(1)
        cao.locator("svg[tabindex]").focus()
        page.page.keyboard.press("ArrowRight")
        page.page.keyboard.press("ArrowRight")
        said = cao.locator(".midstream-read").inner_text()
        assert said.startswith("dimension 2: E1 0.")
        page.page.keyboard.press("End")
        assert cao.locator(".midstream-read").inner_text().startswith("dimension 8: E1")
        cao.locator("svg[tabindex]").hover(position={"x": 60, "y": 60})
        assert cao.locator(".midstream-read").inner_text().startswith("dimension 1: E1")
        assert page.problems == []


def test_it_fits_a_dark_page_of_360_pixels(jupyter) -> None:
    folder, address = jupyter
    lab.notebook(folder / "narrow.ipynb", EXPLORER)
    with lab.chromium(width=360, dark=True) as page:
        page.open(address, "narrow.ipynb")
        page.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }")
        page.page.evaluate(
            "() => window.jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })"
        )
        page.run_all()
        try:
            page.wait_cells()
            wait_drawn(page, "5 3 40")
            page.wait_for(f"() => {CHARTS}.dataset.light === 'false'")
            inside = page.page.evaluate(
                """() => [...document.querySelectorAll(".midstream, .midstream-stage, .midstream-chart svg")].map(
                    (node) => node.getBoundingClientRect().right
                        <= document.querySelector(".jp-OutputArea").getBoundingClientRect().right + 1)"""
            )
            assert all(inside)
            assert page.problems == []
        finally:
            page.shut_down()


def test_closing_and_running_again_leave_one_view(ran) -> None:
    with ran(EXPLORER, "view.close()", EXPLORER) as page:
        wait_drawn(page, "5 3 40")
        assert page.execute("from midstream_lab import registry; print(len(list(registry.running())))") == "1\n"
        page.execute("assert view.wait(timeout=100)")
        page.execute("import threading; view.close()")
        page.wait_for("() => document.querySelectorAll('.midstream-grid').length === 0")
        assert page.problems == []
