"""The live attractor without a browser: what it sends, what it says, what it refuses."""

from fractions import Fraction

import numpy as np
import pytest

from midstream_lab import registry
from midstream_lab.errors import InputError, LabError, StreamError
from midstream_lab.feed import Block, Channel, Feed, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets import LiveAttractor, live_attractor

TIME = TimeBase(tick=Fraction(1, 100), unit="s")


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
        self.view, self.name, self.points, self.generation, self.sizes = view, name, [], None, []
        self.auto = True
        view._outbox.send = self.receive
        self.say("hello")

    def say(self, kind, buffers=(), **content):
        self.view._on_message(self.view._canvas, {"kind": kind, "client": self.name, **content}, list(buffers))

    def receive(self, content, buffers):
        if content["generation"] != self.generation:
            self.generation, self.points = content["generation"], []
        values = np.frombuffer(buffers[0], np.float32).reshape(-1, 5)
        self.points.append(values)
        self.sizes.append(len(values))
        if self.auto:
            self.say("ack", seq=content["seq"])

    def drawn(self, dim=3):
        return np.concatenate(self.points)[:, :dim] + self.view._offset[:dim]


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


def put(feed, n, seed=0):
    rows = np.cumsum(np.random.default_rng(seed).standard_normal((n, 2)), axis=0)
    feed.append_rows(rows)
    return rows


def embedded(x, delay, dim):
    rows = len(x) - (dim - 1) * delay
    return np.stack([x[k * delay : k * delay + rows] for k in range(dim)], axis=1)


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


def test_a_program_moves_the_controls(show, feed):
    view = show()
    view.delay, view.dim, view.trail, view.color = 150, 2, 777, "speed"
    view.tick(0.0)
    shown = {name: control.value for name, control in view._controls.by_name.items()}
    assert shown == {"delay": 150, "dim": 2, "trail": 777, "color": "speed", "paused": False}
    assert view._canvas._look["color"] == "speed"


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


def test_a_view_that_fails_says_so_in_its_place(show):
    view, told = show(), []
    view._canvas.send = lambda content, buffers=None: told.append(content)
    view.failed(ValueError("broken"))
    assert view.errors == ["This view stopped: ValueError: broken"]
    assert told == [{"kind": "error", "text": view.errors[0]}]


def test_without_webgl_a_small_static_picture_is_sent(show, feed):
    view = show()
    browser = Browser(view)
    browser.say("no-webgl")
    view.tick(0.0)
    assert view._canvas._picture == b""
    put(feed, 2000)
    view.tick(10.0)
    assert view._canvas._picture[:4] == b"\x89PNG"
    assert len(view._canvas._picture) < 200_000


def test_a_snapshot_stays_in_a_saved_notebook(show, feed):
    view = show()
    put(feed, 2000)
    snapshot = view.snapshot()
    shown = snapshot._repr_mimebundle_()
    assert repr(snapshot) == "Attractor of test: x; 1,990 points"
    assert set(shown) == {"text/plain", "image/png"}
    assert len(snapshot.data) < 200_000


def test_a_snapshot_of_nothing_is_refused(show):
    with pytest.raises(InputError, match=r"too few rows to draw; feed.wait"):
        show().snapshot()


@pytest.mark.parametrize("color", ["time", "speed"])
@pytest.mark.parametrize("options", [{"dim": 2}, {"channels": ["x", "y"], "delay": None}, {"style": "points"}])
def test_every_kind_of_view_has_a_static_picture(show, feed, options, color):
    view = show(color=color, **options)
    put(feed, 300)
    feed.append(Block(first=400, start=400, columns=(np.ones(50), np.ones(50))))
    assert view.snapshot().data[:4] == b"\x89PNG"


def test_export_writes_what_is_shown(show, feed, tmp_path):
    view = show()
    x = put(feed, 300)[:, 0]
    expected = embedded(x, 5, 3)
    with np.load(view.export(tmp_path / "a.npz")) as file:
        np.testing.assert_array_equal(file["points"], expected)
        assert file["labels"].tolist() == ["x(t) (mV)", "x(t + τ) (mV)", "x(t + 2τ) (mV)"]
    text = view.export(tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()
    assert text[0] == "x(t) (mV),x(t + τ) (mV),x(t + 2τ) (mV),speed"
    np.testing.assert_array_equal([float(v) for v in text[1].split(",")[:3]], expected[0])
    assert view.export(tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(InputError, match=r"must end in \.png, \.csv or \.npz"):
        view.export(tmp_path / "a.gif")


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


class Warming:
    done = False
    progress = "compiling kernels: 3 of 9 (embed)"


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


@pytest.mark.parametrize("values", [[], [1.0], np.full(2000, np.nan), np.ones(2000)])
def test_one_row_no_number_or_a_constant_is_no_reason_to_stop(show, feed, values):
    view = show()
    browser = Browser(view)
    feed.append_rows(np.column_stack((values, values)))
    view.tick(0.0)
    view.tick(1.0)
    assert sum(browser.sizes) == (1990 if len(values) == 2000 and values[0] == 1.0 else 0)
    assert view._canvas._status["state"] == ""


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


def test_ages_in_a_picture_have_a_unit_and_count_gaps(show, feed):
    view = show(delay=1, dim=2)
    put(feed, 300)
    feed.append(Block(first=400, start=400, columns=(np.ones(50), np.ones(50))))
    shown = view._now_shown()
    assert (shown.ages[0], shown.ages[-1]) == (4.48, 0.0)
    assert shown.look["color_label"] == "age (s)"
    assert shown.look["legend"] == ["41 s older", "newest"]
    assert shown.lag == "τ = 1 sample = 0.01 s"


def test_a_snapshot_does_not_come_before_the_delay_is_chosen(show, feed, monkeypatch):
    from midstream_lab import warm

    monkeypatch.setattr(warm, "warm", Warming)
    view = show(delay=None)
    put(feed, 1100)
    view.snapshot()
    assert view.delay > 1
