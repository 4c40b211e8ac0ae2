"""A live attractor over a small feed, with a clock moved by hand."""

import pytest
from attractor_kit import TIME, HandClock

from midstream_lab.feed import Channel, Feed, Schema
from midstream_widgets import LiveAttractor, live_attractor


@pytest.fixture
def clock(monkeypatch):
    clock = HandClock()
    monkeypatch.setattr(live_attractor, "CLOCK", clock)
    return clock


@pytest.fixture
def feed():
    with Feed(Schema(channels=tuple(Channel(name=n, unit="mV") for n in "xy"), time=TIME), name="test") as feed:
        yield feed


@pytest.fixture
def show(clock, feed):
    made = []

    def show(**options):
        view = LiveAttractor(feed, **{"delay": 5, "estimate": False, **options})
        made.append(view)
        return view

    yield show
    for view in made:
        view.close()
