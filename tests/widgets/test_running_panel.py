"""The panel of what runs: a line and a close button each, kept up to date."""

import pytest

from midstream_lab import registry
from midstream_lab.feed import Channel, Feed, Schema
from midstream_widgets import running, running_panel
from midstream_widgets.clock import Clock

SCHEMA = Schema(channels=(Channel(name="x"),))


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(running, "CLOCK", Clock(period=3600.0))
    panel = running_panel()
    yield panel
    panel.close()


def texts(panel):
    panel._due = 0.0
    panel.tick(1.0)
    return [line.children[1].value if hasattr(line, "children") else line.value for line in panel.children]


def test_it_lists_what_runs_and_follows(panel):
    assert texts(panel) == ["nothing is running"]
    with Feed(SCHEMA, name="panel test") as feed:
        assert texts(panel) == ["feed  ·  panel test  ·  running"]
        feed.append_rows([[1.0]])
        assert texts(panel) == ["feed  ·  panel test  ·  running  ·  received 1"]
    assert texts(panel) == ["nothing is running"]


def test_a_button_closes_one(panel):
    first, second = Feed(SCHEMA, name="first"), Feed(SCHEMA, name="second")
    texts(panel)
    button = panel.children[0].children[0]
    assert button.tooltip == "Close the feed first"
    button.click()
    assert (first.closed, second.closed) == (True, False)
    button.click()
    second.close()


def test_there_is_one_panel(panel):
    other = running_panel()
    assert panel.comm is None
    other.close()


def test_running_shows_the_panel_and_its_text_is_the_table(panel):
    shown = registry.running()._repr_mimebundle_()
    data = shown[0] if isinstance(shown, tuple) else shown
    assert data["text/plain"] == "nothing is running"
    assert "application/vnd.jupyter.widget-view+json" in data
    running_panel().close()
