"""The harness itself: a notebook runs in JupyterLab, its output and its widgets are seen, its errors are heard."""

from __future__ import annotations

import pytest

lab = pytest.importorskip("lab", reason="the harness needs playwright", exc_type=ImportError)

pytestmark = pytest.mark.browser

WIDGET = '''
import anywidget, traitlets
class Counter(anywidget.AnyWidget):
    _esm = """export default { render({ model, el }) {
        const show = () => { el.innerHTML = `<b class="counter">${model.get("count")}</b>`; };
        model.on("change:count", show);
        show();
    } };"""
    count = traitlets.Int(7).tag(sync=True)
counter = Counter()
counter
'''


def test_a_notebook_runs_and_its_output_and_its_widget_are_seen(ran, tmp_path):
    with ran("print(6 * 7)", WIDGET) as page:
        assert page.page.locator(".jp-OutputArea-output pre").first.inner_text().strip() == "42"
        counter = page.page.locator(".counter")
        assert counter.inner_text() == "7"
        page.execute("counter.count = 8")
        assert page.wait_for("() => document.querySelector('.counter').innerText === '8'")
        assert page.page.screenshot(path=tmp_path / "page.png").startswith(b"\x89PNG")
        assert page.page.locator(".Toastify__toast, .jp-Dialog").count() == 0, "nothing asks about news"
        assert page.problems == []


def test_what_never_comes_is_reported_in_time(ran):
    with ran("1") as page, pytest.raises(TimeoutError, match="not within"):
        page.wait_for("() => document.title === 'never'", timeout=0.5)


def test_a_cell_that_raises_is_raised_here(ran):
    with pytest.raises(RuntimeError, match="ZeroDivisionError"), ran("1 / 0"):
        pass


def test_the_consoles_errors_are_heard(ran):
    with ran("1") as page:
        page.page.evaluate("() => { console.error('spoken'); setTimeout(() => { throw new Error('thrown'); }); }")
        page.wait_for("() => new Promise((resolve) => setTimeout(() => resolve(true), 100))")
        assert [text.split(" (")[0] for text in page.problems] == ["console: spoken", "script: thrown"]
