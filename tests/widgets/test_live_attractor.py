"""The live attractor without a browser: what it sends, what it says, what it refuses."""

import numpy as np
import pytest
from attractor_kit import Browser, Warming, put

from midstream_lab import registry
from midstream_lab.errors import InputError, LabError, StreamError
from midstream_lab.feed import Block
from midstream_widgets import LiveAttractor, live_attractor


def test_a_program_moves_the_controls(show, feed):
    view = show()
    view.delay, view.dim, view.trail, view.color = 150, 2, 777, "speed"
    view.tick(0.0)
    shown = {name: control.value for name, control in view._controls.by_name.items()}
    assert shown == {"delay": 150, "dim": 2, "trail": 777, "color": "speed", "paused": False}
    assert view._canvas._look["color"] == "speed"


def test_space_bar_and_program_pause_and_go_on(show, feed):
    view = show()
    browser = Browser(view)
    put(feed, 100)
    view.tick(0.0)
    browser.say("pause")
    put(feed, 100, seed=1)
    view.tick(1.0)
    assert sum(browser.sizes) == 90
    assert "paused" in view._canvas._status["state"]
    assert view._controls.by_name["paused"].value is True
    view.resume()
    view.tick(2.0)
    assert sum(browser.sizes) == 190
    assert view._canvas._status["state"] == ""


def test_the_status_line_counts_what_happened(show, feed):
    view = show()
    put(feed, 100)
    view.tick(0.0)
    feed.append(Block(first=150, start=150, columns=(np.ones(50), np.ones(50))))
    view.tick(0.5)
    said = view._canvas._status
    assert said["rate"] == "100 samples/s"
    assert said["counts"] == "received 150 · overwritten 0 · lost 50 · dropped 0"
    assert said["lag"] == "τ = 5 samples = 0.05 s"


def test_closing_the_feed_ends_the_updates_and_is_said(show, feed):
    view = show()
    browser = Browser(view)
    put(feed, 100)
    feed.close()
    view.tick(0.0)
    view.tick(1.0)
    assert sum(browser.sizes) == 90
    assert view._canvas._status["state"] == "ended"
    assert view.points().shape == (90, 3)


def test_closing_the_view_leaves_nothing_behind(show, feed, clock):
    view = show()
    controls = list(view._controls.by_name.values())
    view.close()
    view.close()
    assert clock.members == []
    assert view._canvas.comm is None
    assert all(control.comm is None for control in controls)
    assert "attractor of test" not in registry.running()
    assert not feed.closed


def test_running_the_cell_three_times_leaves_one_view(show, clock):
    views = [show() for _ in range(3)]
    assert clock.members == [views[-1]]
    assert [kind for kind, name in registry.running() if name == "attractor of test"] == ["view"]


def test_a_view_that_fails_says_so_in_its_place(show):
    view, told = show(), []
    view._canvas.send = lambda content, buffers=None: told.append(content)
    view.failed(ValueError("broken"))
    assert view.errors == ["This view stopped: ValueError: broken"]
    assert told == [{"kind": "error", "text": view.errors[0]}]


def test_the_text_of_a_view_is_constant(show, feed):
    view = show()
    before = view._repr_mimebundle_()["text/plain"]
    put(feed, 100)
    view.tick(0.0)
    assert view._repr_mimebundle_()["text/plain"] == before == "LiveAttractor(feed='test')"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dely": 3}, "no keyword 'dely'; did you mean 'delay'"),
        ({"channel": "z"}, "no numeric channel named 'z'; there are x, y"),
        ({"channels": ["x"]}, "channels must name two or three"),
        ({"channels": "xy"}, "channels must name two or three"),
        ({"channel": "x", "channels": ["x", "y"]}, "not both"),
        ({"delay": 0}, "delay must be a whole number, 1 or more, not 0"),
        ({"delay": 2.5}, "delay must be a whole number"),
        ({"delay": 40_000}, "does not fit into the feed's window of 65,536 rows"),
        ({"dim": 4}, "dim must be a whole number, from 2 to 3"),
        ({"trail": 1}, "trail must be a whole number, from 2 to 1,048,576"),
        ({"color": "red"}, "color must be 'time' or 'speed'"),
        ({"style": "dots"}, "style must be 'line' or 'points'"),
        ({"delay": True}, "delay must be a whole number"),
        ({"channels": ["x", "x"]}, "channels must be distinct"),
        ({"estimate": "yes"}, "estimate must be True, False or a mapping"),
        ({"estimate": {"theilr": 3}}, "estimate has no keyword 'theilr'; did you mean 'theiler'"),
        ({"estimate": {"theiler": -3}}, "theiler must be a whole number, 1 or more, not -3"),
        ({"estimate": {"windw": 500}}, "estimate has no keyword 'windw'; did you mean 'window'"),
        ({"estimate": {"window": "a"}}, "window must be a whole number of rows, at least 1, not 'a'"),
        ({"estimate": {"every": 0}}, "every must be a whole number of rows, at least 1, not 0"),
        ({"estimate": {"channel": "x"}}, "estimate has no keyword 'channel'"),
    ],
)
def test_what_cannot_be_shown_is_refused(clock, feed, options, message):
    with pytest.raises(InputError, match=message):
        LiveAttractor(feed, **options)
    assert clock.members == []


def test_only_feeds_can_be_watched(clock):
    with pytest.raises(InputError, match="shows a feed, not a ndarray"):
        LiveAttractor(np.zeros(5))


def test_a_wrong_value_set_later_is_refused_and_changes_nothing(show):
    view = show()
    with pytest.raises(InputError, match="delay must be"):
        view.delay = -1
    with pytest.raises(InputError, match="does not fit"):
        view.delay = 40_000
    assert view.delay == 5


def test_kernels_are_compiled_elsewhere_before_anything_is_estimated(show, feed, monkeypatch):
    from midstream_lab import warm

    warming = Warming()
    monkeypatch.setattr(warm, "warm", lambda: warming)
    view = show(estimate=True)
    view.tick(0.0)
    assert view._canvas._status["estimate"] == "λ: compiling kernels: 3 of 9 (embed)"
    warming.done = True
    view.tick(1.0)
    assert view._canvas._status["estimate"] == "λ: gathering 0 of 5,000 samples"
    view.close()
    assert list(registry.running()) == [("feed", "test")]


def test_a_delay_is_chosen_by_itself_and_a_person_overrules_it(show, feed, monkeypatch):
    from midstream_lab import warm

    warming = Warming()
    warming.done = True
    monkeypatch.setattr(warm, "warm", lambda: warming)
    view, other = show(delay=None, name="chosen"), show(delay=None, name="overruled")
    assert view.delay == 1
    other.delay = 3
    view.tick(0.0)
    assert "chosen from the first samples" in view._canvas._status["lag"]
    t = np.arange(3000) / 40
    feed.append_rows(np.column_stack((np.sin(t) + 0.2 * np.sin(3.1 * t), t)))
    for each in (view, other):
        each.tick(1.0)
        each.tick(2.0)
    assert 20 < view.delay < 90
    assert view._controls.by_name["delay"].value == view.delay
    assert other.delay == 3


def test_an_estimate_that_cannot_be_made_is_told_and_the_picture_goes_on(show, feed, monkeypatch):
    from midstream_lab import warm

    warming = Warming()
    warming.done = True
    monkeypatch.setattr(warm, "warm", lambda: warming)

    def refuse(*args, **options):
        raise LabError("no thread is left")

    monkeypatch.setattr(live_attractor, "RunningEstimate", refuse)
    view = show(estimate=True)
    browser = Browser(view)
    put(feed, 100)
    view.tick(0.0)
    assert view._canvas._status["estimate"] == "λ: not estimated: no thread is left"
    assert sum(browser.sizes) == 90


def test_a_delay_may_be_a_whole_number_of_numpy(show):
    view = show(delay=np.int64(7), dim=np.int32(2), trail=np.int64(500))
    assert (view.delay, view.dim, view.trail) == (7, 2, 500)
    assert type(view.delay) is int


def test_a_feed_that_ended_with_an_error_says_which(show, feed):
    view = show()
    put(feed, 100)
    feed.close(StreamError("the server is gone"))
    view.tick(0.0)
    assert view._canvas._status["state"] == "ended: the server is gone"
    assert len(view.snapshot().data) > 0


def test_a_feed_whose_connection_is_being_made_again_says_so(show, feed):
    view = show()
    put(feed, 100)
    feed.interrupted = lambda: "reconnecting, attempt 3, next in 2 s"
    view.tick(0.0)
    assert view._canvas._status["state"] == "reconnecting, attempt 3, next in 2 s"
    feed.interrupted = str
    view.tick(10.0)
    assert "reconnecting" not in view._canvas._status["state"]


@pytest.mark.parametrize("values", [[], [1.0], np.full(2000, np.nan), np.ones(2000)])
def test_one_row_no_number_or_a_constant_is_no_reason_to_stop(show, feed, values):
    view = show()
    browser = Browser(view)
    feed.append_rows(np.column_stack((values, values)))
    view.tick(0.0)
    view.tick(1.0)
    assert sum(browser.sizes) == (1990 if len(values) == 2000 and values[0] == 1.0 else 0)
    assert view._canvas._status["state"] == ""
