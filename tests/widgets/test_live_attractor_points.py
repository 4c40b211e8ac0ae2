"""What a live attractor sends to its browsers, and what they answer."""

from fractions import Fraction

import numpy as np
import pytest
from attractor_kit import TIME, Browser, embedded, put

from midstream_lab.errors import LabError
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets import LiveAttractor, live_attractor


def test_only_new_points_are_sent(show, feed):
    view = show()
    browser = Browser(view)
    x = put(feed, 200)[:, 0]
    view.tick(0.0)
    before = list(browser.sizes)
    view.tick(0.02)
    x = np.concatenate((x, put(feed, 30, seed=1)[:, 0]))
    view.tick(0.04)
    assert before == [190]
    assert browser.sizes == [190, 30]
    np.testing.assert_allclose(browser.drawn(), embedded(x, 5, 3), rtol=1e-5, atol=1e-5)


def test_small_motion_on_a_large_offset_keeps_its_detail(show, feed):
    view = show()
    browser = Browser(view)
    x = 1e7 + np.sin(np.arange(300) / 20) * 1e-3
    feed.append_rows(np.column_stack((x, x)))
    view.tick(0.0)
    np.testing.assert_allclose(browser.drawn() - 1e7, embedded(x, 5, 3) - 1e7, atol=2e-9)


def test_a_new_delay_or_dimension_sends_the_trail_anew(show, feed):
    view = show()
    browser = Browser(view)
    x = put(feed, 200)[:, 0]
    view.tick(0.0)
    view._controls.by_name["delay"].value = 9
    view._controls.by_name["dim"].value = 2
    view.tick(0.02)
    assert (view.delay, view.dim) == (9, 2)
    np.testing.assert_allclose(browser.drawn(2), embedded(x, 9, 2), rtol=1e-5, atol=1e-5)


def test_a_browser_that_comes_later_or_again_gets_the_whole_trail(show, feed):
    view = show(trail=100)
    put(feed, 500)
    view.tick(0.0)
    first = Browser(view, "a")
    view.tick(0.02)
    assert sum(first.sizes) == 100
    again = Browser(view, "a")
    view.tick(0.04)
    assert sum(again.sizes) == 100


def test_a_browser_that_is_behind_gets_what_is_new_merged_and_skips_are_counted(show, feed):
    view = show(trail=1000)
    browser = Browser(view)
    browser.auto = False
    for step in range(40):
        put(feed, 100, seed=step)
        view.tick(0.01 * step)
    assert len(browser.sizes) == view._outbox.messages
    browser.auto = True
    browser.say("ack", seq=len(browser.sizes))
    view.tick(0.5)
    assert browser.sizes[-1] == 1000
    assert sum(browser.sizes) + view._skipped == feed.next - 10
    view.tick(1.0)
    assert f"not drawn {view._skipped:,}" in view._canvas._status["counts"]


def test_a_view_whose_browser_is_stuck_takes_no_room_from_the_source(show, feed):
    """A source that can wait asks `room`; a reader that loses nothing gets all of it, whatever the view does."""
    seen = []
    sink = feed.sink(lambda block: seen.append(len(block)), policy="block")
    view = show(trail=1000)
    browser = Browser(view)
    browser.auto = False
    for step in range(200):
        assert feed.wait_room(1000, timeout=30)
        put(feed, 1000, seed=step)
        view.tick(0.01 * step)
    assert len(browser.sizes) <= view._outbox.messages
    feed.close()
    assert sink.wait(timeout=30)
    assert sum(seen) == feed.counts.received
    assert feed.counts.received >= 200_000


def test_nothing_is_sent_while_nobody_looks(show, feed):
    view = show()
    browser = Browser(view)
    browser.say("goodbye")
    put(feed, 100)
    view.tick(0.0)
    assert browser.sizes == []


def test_a_long_trail_comes_in_parts(clock):
    with Feed(Schema(channels=(Channel(name="x"),), time=TIME), window=100_000) as long:
        view = LiveAttractor(long, delay=1, dim=2, trail=100_000, estimate=False)
        browser = Browser(view)
        long.append_rows([np.arange(100_000.0)])
        view.tick(0.0)
        assert max(browser.sizes) == live_attractor.CHUNK
        assert sum(browser.sizes) == 99_999
        view.close()


def test_drawn_asks_the_browser(show, feed):
    view = show()
    browser = Browser(view)
    x = put(feed, 50)[:, 0]
    view.tick(0.0)

    def answer(content, buffers=None):
        held = np.concatenate(browser.points)
        browser.say("readback", [held.tobytes()], id=content["id"], drawn=True, generation=view._generation)

    view._canvas.send = answer
    np.testing.assert_allclose(view.drawn(), embedded(x, 5, 3), rtol=1e-5, atol=1e-5)


def test_drawn_without_a_browser_says_so(show):
    with pytest.raises(LabError, match=r"no browser answered within 0\.01 s"):
        show().drawn(timeout=0.01)


def test_errors_of_the_browser_are_kept(show):
    view = show()
    Browser(view).say("error", text="drawing: it broke", stack="")
    assert view.errors == ["drawing: it broke"]


def test_values_beyond_float32_are_left_out_and_counted(show, feed):
    view = show(delay=1, dim=2)
    browser = Browser(view)
    x = np.sin(np.arange(100) / 5)
    x[50], x[60], x[70] = 1e300, -1e300, np.inf
    feed.append_rows(np.column_stack((x, x)))
    view.tick(0.0)
    view.tick(1.0)
    assert sum(browser.sizes) == 99 - 6
    assert "left out (gaps, NaN) 6" in view._canvas._status["counts"]
    assert np.isfinite(np.concatenate(browser.points)).all()
    assert view.snapshot().data[:4] == b"\x89PNG"


def test_large_values_are_sent_without_overflow(show, feed):
    view = show(delay=1, dim=2, color="speed")
    browser = Browser(view)
    x = 1e30 * np.sign(np.sin(np.arange(100) / 5))
    feed.append_rows(np.column_stack((x, x)))
    view.tick(0.0)
    assert np.isfinite(np.concatenate(browser.points)).all()
    np.testing.assert_allclose(browser.drawn(2), embedded(x, 1, 2), rtol=1e-6)


def test_an_irregular_feed_of_one_channel_is_drawn_in_samples(clock):
    irregular = TimeBase(tick=Fraction(1, 10**9), unit="s", step=0)
    with Feed(Schema(channels=(Channel(name="x", unit="mV"),), time=irregular), name="uneven") as feed:
        view = LiveAttractor(feed, delay=1, dim=2, color="speed", estimate=False)
        browser = Browser(view)
        times = np.cumsum(np.random.default_rng(0).integers(1, 10**9, 300))
        x = np.sin(np.arange(300) / 9)
        feed.append_rows([x], ticks=times)
        view.tick(0.0)
        np.testing.assert_allclose(browser.drawn(2), embedded(x, 1, 2), atol=1e-6)
        assert view._canvas._status["lag"] == "τ = 1 sample"
        assert view._canvas._look["legend"] == ["slow", "fast (mV/sample)"]
        view.close()


def test_three_of_sixty_four_channels_are_drawn(clock):
    channels = tuple(Channel(name=f"c{i}", unit="mV") for i in range(64))
    with Feed(Schema(channels=channels, time=TIME), name="wide") as feed:
        view = LiveAttractor(feed, channels=["c63", "c0", "c7"], estimate=False)
        browser = Browser(view)
        rows = np.random.default_rng(0).standard_normal((100, 64))
        feed.append_rows(rows)
        view.tick(0.0)
        np.testing.assert_allclose(browser.drawn(), rows[:, [63, 0, 7]], rtol=1e-5, atol=1e-5)
        view.close()
