"""The loop inspector without a browser: what it sends, what it says, what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from midstream_lab import registry
from midstream_lab.errors import InputError
from midstream_lab.feed import Channel, Feed, Schema
from midstream_lab.loops import Forget, StrangeLoop
from midstream_widgets import LoopInspector, loop_inspector


class HandClock:
    """Ticks when the test says so; messages are handled at once."""

    def __init__(self):
        self.members = []

    def join(self, member):
        self.members.append(member)

    def leave(self, member):
        if member in self.members:
            self.members.remove(member)

    def post(self, function, *args):
        function(*args)
        return True


class Browser:
    """Plays the browser's part: keeps what it was sent, and answers."""

    def __init__(self, view, name="a"):
        self.view, self.name, self.frames, self.runs, self.auto = view, name, [], [], True
        view._outbox.send = self.receive
        self.say("hello")

    def say(self, kind, **content):
        self.view._on_message(self.view, {"kind": kind, "client": self.name, **content}, [])

    def receive(self, content, buffers):
        values = np.frombuffer(buffers[0], np.float32)
        if content["kind"] == "run":
            self.runs.append((content["number"], values.reshape(-1, 4)))
        else:
            self.frames.append((content, values.reshape(-1, 3 + len(self.view.loop.experts))))
        if self.auto:
            self.say("ack", seq=content["seq"])


@pytest.fixture
def clock(monkeypatch):
    clock = HandClock()
    monkeypatch.setattr(loop_inspector, "CLOCK", clock)
    return clock


@pytest.fixture
def loop():
    loop = StrangeLoop(self_modify=False)
    loop.update(noise(500))
    return loop


@pytest.fixture
def show(clock):
    made = []

    def show(loop, **options):
        view = LoopInspector(loop, **options)
        made.append(view)
        return view, Browser(view)

    yield show
    for view in made:
        view.close()


def noise(rows, seed=0):
    return np.random.default_rng(seed).standard_normal(rows)


def test_it_sends_the_newest_rows_as_the_loop_has_them(show, loop) -> None:
    view, browser = show(loop, rows=100)
    view.tick(0.0)
    content, table = browser.frames[-1]
    result = loop.result(rows=100)
    assert (content["total"], content["first"]) == (500, 400)
    np.testing.assert_allclose(table[:, 0] + content["offset"], result["value"], atol=1e-6)
    np.testing.assert_allclose(table[:, 1] + content["offset"], result["prediction"], atol=1e-6)
    np.testing.assert_allclose(table[:, 3:], result["weight"], atol=1e-6)


def test_small_motion_on_a_large_offset_survives_the_way(show) -> None:
    loop = StrangeLoop()
    loop.update(1e9 + noise(300))
    view, browser = show(loop, rows=100)
    view.tick(0.0)
    content, table = browser.frames[-1]
    drawn = table[:, 0].astype(float) + content["offset"]
    np.testing.assert_allclose(drawn, loop.result(rows=100)["value"], rtol=0, atol=1e-5)


def test_nothing_is_sent_twice_and_nothing_while_nobody_looks(clock, loop) -> None:
    view = LoopInspector(loop)
    sent = []
    view._outbox.send = lambda content, buffers: sent.append(content)
    view.tick(0.0)
    assert sent == []
    browser = Browser(view)
    for now in (1.0, 2.0, 3.0):
        view.tick(now)
    assert len(browser.frames) == 1
    loop.update(noise(5))
    view.tick(4.0)
    assert browser.frames[-1][0]["total"] == 505
    view.close()


def test_a_browser_that_is_behind_is_not_sent_more(show, loop) -> None:
    view, browser = show(loop)
    browser.auto = False
    for i in range(100):
        loop.update(noise(5))
        view.tick(1.0 + 0.01 * i)
        view._due = 0.0
    assert len(browser.frames) <= 12


def test_a_proposal_its_run_and_its_verdict_are_sent(show, loop) -> None:
    view, browser = show(loop)
    loop.propose(Forget([]), proposer="test")
    loop.update(noise(100))
    view.tick(1.0)
    assert [(number, len(run)) for number, run in browser.runs] == [(0, 100)]
    assert browser.frames[-1][0]["proposals"][0]["verdict"] == "open"
    loop.update(noise(200))
    view.tick(2.0)
    (told,) = browser.frames[-1][0]["proposals"]
    assert (told["proposer"], told["row"], told["verdict"]) == ("test", 499, "no evidence")
    assert [entry["verdict"] for entry in browser.frames[-1][0]["journal"]] == ["open", "no evidence"]
    np.testing.assert_allclose(browser.runs[-1][1][:, 3], loop.shadow_run(0)["excess_hi"], atol=1e-6)
    loop.update(noise(10))
    view.tick(3.0)
    assert len(browser.runs) == 2, "a run that has ended is sent once"
    second = Browser(view, "b")
    view.tick(4.0)
    assert [number for number, _ in second.runs] == [0], "and again to a page that comes later"


def test_a_withdrawn_proposal_has_no_run_and_that_is_fine(show, loop) -> None:
    view, browser = show(loop)
    kept = loop.snapshot()
    loop.propose(Forget([]))
    loop.restore(kept)
    view.tick(1.0)
    assert browser.runs == []
    assert browser.frames[-1][0]["proposals"][0]["verdict"] == "withdrawn"


def test_it_shows_the_loop_behind_a_feed_and_says_when_it_ended(show) -> None:
    feed = Feed(Schema(channels=(Channel(name="x"),)))
    said = feed.pipe(StrangeLoop())
    view, browser = show(said)
    feed.append_rows([noise(300)])
    feed.close()
    assert said.wait(timeout=60)
    view.tick(1.0)
    assert browser.frames[-1][0]["total"] == 300
    assert view._status["state"] == "ended"
    assert "300 rows" in view._status["counts"]


def test_space_pauses_the_view_not_the_loop(show, loop) -> None:
    view, browser = show(loop)
    view.tick(1.0)
    browser.say("pause")
    loop.update(noise(10))
    view.tick(2.0)
    assert len(browser.frames) == 1
    assert "paused" in view._status["state"]
    browser.say("pause")
    view.tick(3.0)
    assert browser.frames[-1][0]["total"] == 510
    view.pause()
    view.resume()


def test_rows_follow_the_keys_within_limits(show, loop) -> None:
    view, browser = show(loop)
    browser.say("rows", rows=10)
    assert view.rows == 50
    browser.say("rows", rows=10**9)
    assert view.rows == 16_384
    view.rows = 60
    view.tick(1.0)
    assert len(browser.frames[-1][1]) == 60


def test_a_loop_that_has_seen_nothing_or_only_gaps_can_be_shown(show) -> None:
    loop = StrangeLoop()
    view, browser = show(loop)
    view.tick(1.0)
    assert browser.frames[-1][1].shape == (0, 6)
    loop.update(np.full(20, np.nan))
    view.tick(2.0)
    assert np.isnan(browser.frames[-1][1][:, :2]).all()


def test_an_error_of_the_browser_is_kept_and_one_of_ours_is_shown(show, loop) -> None:
    view, browser = show(loop)
    browser.say("error", text="drawing: oh")
    sent = []
    view.send = lambda content, buffers=None: sent.append(content)
    view.failed(ValueError("no"))
    assert list(view.errors) == ["drawing: oh", "This view stopped: ValueError: no"]
    assert sent == [{"kind": "error", "text": "This view stopped: ValueError: no"}]


def test_a_snapshot_is_a_static_picture(show, loop) -> None:
    view, _ = show(loop)
    quiet = view.snapshot()
    assert quiet.data.startswith(b"\x89PNG")
    assert repr(quiet) == "Strange loop: 0 committed, 0 rolled back"
    loop.propose(Forget([]))
    loop.update(noise(300))
    assert view.snapshot().data != quiet.data
    assert repr(view.snapshot(proposal=0)).endswith("0 committed, 1 rolled back")
    with pytest.raises(InputError, match="proposal 7 is not kept"):
        view.snapshot(proposal=7)


def test_a_snapshot_works_before_any_row_and_after_a_withdrawn_proposal(show, loop) -> None:
    with pytest.raises(InputError, match="no rows to draw"):
        show(StrangeLoop())[0].snapshot()
    kept = loop.snapshot()
    loop.propose(Forget([]))
    loop.restore(kept)
    assert show(loop)[0].snapshot().data.startswith(b"\x89PNG")


def test_one_view_under_a_name_and_close_leaves_nothing(clock, loop) -> None:
    first = LoopInspector(loop, name="same")
    second = LoopInspector(loop, name="same")
    assert clock.members == [second]
    assert first._ended
    second.close()
    second.close()
    assert clock.members == []
    assert "same" not in repr(registry.running())


def test_what_is_no_loop_is_refused(clock) -> None:
    feed = Feed(Schema(channels=(Channel(name="x"),)), name="plain")
    with pytest.raises(InputError, match="not the feed 'plain'"):
        LoopInspector(feed)
    feed.close()
    with pytest.raises(InputError, match="not int"):
        LoopInspector(3)
    with pytest.raises(InputError, match="did you mean 'rows'"):
        LoopInspector(StrangeLoop(), row=5)
    for rows in (10, 1e3, 10**6):
        with pytest.raises(InputError, match="whole number from 50"):
            LoopInspector(StrangeLoop(), rows=rows)
