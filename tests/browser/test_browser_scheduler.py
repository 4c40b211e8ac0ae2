"""The scheduler stepper in JupyterLab: keys, buttons, slider and policies move it, and it fits a narrow page."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

STEPPER = """
from midstream_lab.scheduling import Task, TaskSet
from midstream_widgets import SchedulerStepper
tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
view = SchedulerStepper(tasks, policy="rm")
view
"""
STATE = "print(view.position, view.policy, view.errors)"


def wait_position(page, position: int) -> None:
    page.wait_for(f"() => document.querySelector('.midstream')?.dataset.position === '{position}'")


def text(page, part: str) -> str:
    return page.page.locator(f".midstream-schedule-{part}").inner_text()


def inked(page) -> int:
    """Pixels of the chart that are not background."""
    return page.page.evaluate(
        """() => {
            const canvas = document.querySelector(".midstream-stage canvas");
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let count = 0;
            for (let i = 3; i < data.length; i += 4) if (data[i]) count += 1;
            return count;
        }"""
    )


def test_keys_buttons_and_policies_step_it_and_the_miss_is_explained(ran) -> None:
    with ran(STEPPER) as page:
        wait_position(page, 0)
        empty = inked(page)
        stage = page.page.locator(".midstream-stage")
        stage.focus()
        for position in (1, 2, 3):
            page.page.keyboard.press("ArrowRight")
            wait_position(page, position)
        page.wait_for("() => document.querySelector('.midstream-schedule-why').innerText.includes('a has period 5')")
        assert "b has period 7" in text(page, "why")
        assert "runs on core 0" in text(page, "queue")
        page.page.keyboard.press("ArrowLeft")
        wait_position(page, 2)
        page.page.get_by_role("button", name="step ▶").click()
        wait_position(page, 3)
        page.page.get_by_role("button", name="next miss").click()
        wait_position(page, 10)
        assert "t = 7: miss b job 0" in text(page, "why")
        assert inked(page) > empty + 2000
        page.page.locator(".midstream-stage").focus()
        page.page.keyboard.press("End")
        wait_position(page, 51)
        assert text(page, "miss").startswith("1 missed; the last: t = 7")
        assert page.execute(STATE) == "51 rm []\n"
        page.page.get_by_role("combobox").last.select_option(label="earliest deadline first")
        wait_position(page, 0)
        page.page.locator(".midstream-stage").focus()
        page.page.keyboard.press("m")
        page.wait_for("() => Number(document.querySelector('.midstream').dataset.position) > 10")
        assert text(page, "miss") == ""
        assert page.execute("print(view.policy, view.position == view.total, view.errors)") == "edf True []\n"
        assert page.problems == []


def test_scrubbing_and_a_program_move_the_same_view(ran) -> None:
    with ran(STEPPER) as page:
        wait_position(page, 0)
        page.page.get_by_role("slider").first.focus()
        for position in (1, 2, 3, 4):
            page.page.keyboard.press("ArrowRight")
            wait_position(page, position)
        page.execute("view.go_to(30)")
        wait_position(page, 30)
        page.execute("view.taskset = TaskSet([Task(n, wcet=2, period=3) for n in 'xyz'])")
        wait_position(page, 0)
        page.wait_for("() => document.querySelector('.midstream-schedule-legend').innerText.includes('z')")
        page.wait_for("() => document.querySelector('.midstream-status').innerText.includes('more than one core')")
        assert page.problems == []


def test_it_fits_a_page_of_360_pixels(jupyter) -> None:
    folder, address = jupyter
    lab.notebook(folder / "narrow.ipynb", STEPPER)
    with lab.chromium(width=360) as page:
        page.open(address, "narrow.ipynb")
        page.page.evaluate("() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }")
        page.run_all()
        try:
            page.wait_cells()
            wait_position(page, 0)
            page.execute("view.next_miss()")
            wait_position(page, 10)
            wide = page.page.evaluate(
                """() => [".midstream", ".midstream-stage", ".midstream-schedule-queue"].map((name) => {
                    const box = document.querySelector(name).getBoundingClientRect();
                    return box.right <= document.querySelector(".jp-OutputArea").getBoundingClientRect().right + 1;
                })"""
            )
            assert wide == [True, True, True]
            assert inked(page) > 2000
            assert page.problems == []
        finally:
            page.shut_down()
