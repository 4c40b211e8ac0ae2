"""The live attractor in JupyterLab: it moves, follows its controls, and survives what browsers and kernels do."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

FEED = """
import threading, time
from fractions import Fraction
import numpy as np
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets import LiveAttractor
time_base = TimeBase(tick=Fraction(1, 200), unit="s")
feed = Feed(Schema(channels=(Channel(name="a", unit="mV"), Channel(name="b", unit="mV")), time=time_base), name="test")
stop = threading.Event()
def produce():
    while not stop.wait(0.02):
        t = np.arange(feed.next, feed.next + 10) / 30
        feed.append_rows([np.sin(t) + 0.3 * np.sin(2.7 * t), np.cos(t)])
threading.Thread(target=produce, name="producer", daemon=True).start()
"""
VIEW = "view = LiveAttractor(feed, delay=11, estimate=False)\nview"

#: Compares what stands in the graphics memory with the embedding of the same rows, once all have been sent.
COMPARE = """
stop.set()
from midstream_lab.attractors import embed
def equal():
    drawn = view.drawn(timeout=30)
    expected = embed(feed.window().sel(channel="a"), delay=view.delay, dim=view.dim).values[-len(drawn):]
    return len(drawn) > 100 and drawn.shape == expected.shape and np.allclose(drawn, expected, rtol=0, atol=1e-6)
limit = time.monotonic() + 30
while not (same := equal()) and time.monotonic() < limit: time.sleep(0.5)
print(same, view.errors)
"""
EQUAL = "True []\n"


@pytest.fixture
def opened(jupyter):
    folder, address = jupyter

    @contextmanager
    def opened(*cells: str, script: str = "", width: int = 1200, dark: bool = False):
        lab.notebook(folder / "test.ipynb", *cells)
        with lab.chromium(width=width, dark=dark) as page:
            if script:
                page.page.add_init_script(script)
            page.open(address, "test.ipynb")
            if width < 700:
                page.page.evaluate(
                    "() => { window.jupyterapp.shell.collapseLeft(); window.jupyterapp.shell.collapseRight(); }"
                )
            page.run_all()
            try:
                page.wait_cells()
                yield page
            finally:
                page.shut_down()

    return opened


def count(page, view: int = 0) -> int:
    return int(page.page.evaluate(f"() => document.querySelectorAll('.midstream')[{view}]?.dataset.total ?? 0"))


def wait_count(page, least: int, view: int = 0) -> None:
    page.wait_for(f"() => Number(document.querySelectorAll('.midstream')[{view}]?.dataset.total ?? 0) >= {least}")


def picture(page) -> bytes:
    return page.page.locator(".midstream-stage").first.screenshot()


def still_picture(page) -> bytes:
    """The picture once nothing moves any more."""
    limit, last = time.monotonic() + 60, b""
    while (now := picture(page)) != last:
        assert time.monotonic() < limit, "the picture does not come to rest"
        last = now
        time.sleep(0.5)
    return now


def wait_status(page, text: str) -> None:
    page.wait_for(f"() => document.querySelector('.midstream-status').innerText.includes({text!r})")


def test_it_moves_follows_the_slider_and_draws_what_embed_gives(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 100)
        before, first = count(page), picture(page)
        wait_count(page, before + 200)
        assert picture(page) != first
        handle = page.page.get_by_role("slider").first
        handle.focus()
        for _ in range(4):
            page.page.keyboard.press("ArrowRight")
        wait_status(page, "τ = 15 samples = 0.075 s")
        wait_count(page, 300)
        assert page.execute("print(view.delay)") == "15\n"
        assert page.execute(COMPARE) == EQUAL
        assert page.problems == []


def test_two_channels_are_drawn_directly_and_a_flat_picture_can_be_moved(opened):
    with opened(FEED, "view = LiveAttractor(feed, channels=['a', 'b'], estimate=False)\nview") as page:
        wait_count(page, 300)
        page.execute("stop.set()")
        page.page.locator(".midstream-stage").focus()
        first = still_picture(page)
        page.page.keyboard.press("ArrowRight")
        assert still_picture(page) != first
        said = page.execute("d = view.drawn(); print(np.allclose(d, feed.window().values[-len(d):], atol=1e-6))")
        assert said == "True\n"
        assert page.problems == []


def test_keys_turn_pause_and_reset(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 200)
        stage = page.page.locator(".midstream-stage")
        stage.focus()
        page.page.keyboard.press("Space")
        wait_status(page, "paused")
        home, held = still_picture(page), count(page)
        for key in ("ArrowLeft", "ArrowUp", "+", "-", "ArrowRight", "ArrowDown"):
            page.page.keyboard.press(key)
        page.page.keyboard.press("ArrowLeft")
        assert still_picture(page) != home
        page.page.keyboard.press("r")
        assert still_picture(page) == home
        assert count(page) == held
        page.page.keyboard.press("Space")
        wait_count(page, held + 100)
        assert page.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets[1].model.type") == "code"
        assert page.problems == []


def test_mouse_turns_the_picture(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 200)
        page.execute("view.pause()")
        page.page.locator(".midstream-stage").focus()
        first = still_picture(page)
        box = page.page.locator(".midstream-stage").bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.page.mouse.move(x, y)
        page.page.mouse.down()
        page.page.mouse.move(x + 80, y + 30, steps=5)
        page.page.mouse.up()
        turned = still_picture(page)
        page.page.mouse.wheel(0, -200)
        assert first != turned != still_picture(page)
        assert page.problems == []


@pytest.mark.parametrize(
    ("work", "at_least"),
    [
        ("from numba import njit\n@njit(nogil=True)\ndef spin(n):\n    s = 0.0\n    for i in range(n):\n"
         "        s += (i % 7) ** 0.5\n    return s\nspin(10)\nspin_until = lambda: spin(20_000_000)", 20),
        ("def spin_until():\n    for i in range(200_000):\n        i * i", 3),
    ],
    ids=["nogil", "pure Python"],
)  # fmt: skip
def test_it_goes_on_and_answers_while_a_cell_is_busy_for_ten_seconds(opened, work, at_least):
    with opened(FEED, VIEW, work) as page:
        wait_count(page, 100)
        page.page.evaluate(
            """() => {
                const kernel = window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel;
                const code = "end = time.monotonic() + 10\\nwhile time.monotonic() < end: spin_until()";
                window.busy = true;
                kernel.requestExecute({ code }).done.then(() => { window.busy = false; });
            }"""
        )
        time.sleep(1.0)
        updates = "() => Number(document.querySelector('.midstream').dataset.updates)"
        first, before = page.page.evaluate(updates), count(page)
        page.page.get_by_role("slider").first.focus()
        page.page.keyboard.press("ArrowRight")
        wait_status(page, "τ = 12 samples")
        page.wait_for(f"() => ({updates})() >= {first + at_least}", timeout=15.0)
        assert page.page.evaluate("() => window.busy"), "the picture moved only when the cell had ended"
        assert count(page) != before
        page.wait_for("() => !window.busy")
        assert page.execute(COMPARE) == EQUAL
        assert page.problems == []


def test_two_views_of_one_widget_show_the_same(opened):
    with opened(FEED, VIEW, "view") as page:
        wait_count(page, 200, view=1)
        page.execute("view.pause(); time.sleep(0.5)")
        time.sleep(0.5)
        assert count(page, 0) == count(page, 1) > 0
        assert page.problems == []


def test_a_page_that_is_reloaded_gets_the_trail_again(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 200)
        page.execute("view.pause(); time.sleep(0.5)")
        page.page.evaluate("() => window.jupyterapp.shell.currentWidget.context.save().then(() => null)")
        page.page.reload()
        page.wait_for("() => window.jupyterapp?.shell?.currentWidget?.context?.sessionContext?.session?.kernel != null")
        page.execute("view.resume()")
        wait_count(page, 400)
        assert page.execute(COMPARE) == EQUAL


def test_a_lost_graphics_context_comes_back_with_its_points(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 200)
        page.page.evaluate(
            """() => {
                const gl = document.querySelector(".midstream-points").getContext("webgl2");
                window.context = gl.getExtension("WEBGL_lose_context");
                window.context.loseContext();
            }"""
        )
        message = page.page.locator(".midstream-message")
        message.wait_for(state="visible")
        assert "graphics context was lost" in message.inner_text()
        page.page.evaluate("() => window.context.restoreContext()")
        message.wait_for(state="hidden")
        assert page.execute(COMPARE) == EQUAL
        assert page.problems == []


def test_without_webgl_it_says_so_and_shows_a_static_picture(opened):
    blind = """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
            return kind === "webgl2" ? null : get.call(this, kind, ...rest);
        };"""
    with opened(FEED, VIEW, script=blind) as page:
        assert "no WebGL2" in page.page.locator(".midstream-message").inner_text()
        page.wait_for("() => document.querySelector('.midstream-stage img')?.naturalWidth > 100")
        assert page.problems == []


def test_an_error_in_the_browser_is_shown_and_reported(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 100)
        page.execute("view._canvas.send({'kind': 'points', 'generation': -5, 'span': -1}, [memoryview(b'123')])")
        page.page.locator(".midstream-wrong").wait_for(state="visible")
        assert "receiving" in page.page.locator(".midstream-message").inner_text()
        assert "receiving" in page.execute("time.sleep(0.5); print(view.errors)")


def test_it_fits_a_narrow_dark_page(opened):
    with opened(FEED, VIEW, width=360, dark=True) as page:
        wait_count(page, 200)
        wide = page.page.evaluate(
            """() => [".midstream", ".midstream-stage", ".midstream-status", ".jp-OutputArea-output .widget-box"]
                .flatMap((name) => [...document.querySelectorAll(name)])
                .filter((node) => node.scrollWidth > node.clientWidth + 2).map((node) => node.className)"""
        )
        assert wide == []
        assert page.page.evaluate("() => document.querySelector('.midstream-stage').clientWidth") > 150
        assert page.problems == []


def test_what_runs_can_be_closed_by_a_button(opened):
    with opened(
        FEED, VIEW, "from midstream_lab import registry\nfrom midstream_widgets import running_panel\nrunning_panel()"
    ) as page:
        button = page.page.get_by_role("button", name="close", exact=True).first
        button.wait_for()
        assert page.execute("print(feed.closed)") == "False\n"
        button.click()
        wait_status(page, "ended")
        assert page.execute("print(feed.closed)") == "True\n"
        assert page.problems == []


def test_closing_the_view_removes_it_and_ends_the_clock(opened):
    with opened(FEED, VIEW) as page:
        wait_count(page, 100)
        page.execute("view.close(); time.sleep(0.5)")
        page.wait_for("() => !document.querySelector('.midstream')")
        names = page.execute("import json; print(json.dumps([t.name for t in threading.enumerate()]))")
        assert "midstream-widgets-clock" not in json.loads(names)
