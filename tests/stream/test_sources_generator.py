"""Generators, iterators and functions that are called at a rate."""

import threading
from collections.abc import Iterator
from fractions import Fraction
from itertools import count, islice, pairwise

import numpy as np
import pytest
from blocks import rows

from midstream_lab.errors import InputError, StreamError
from midstream_lab.feed import Feed, Source, run_source
from midstream_lab.stream import Generator, Lines, Sampler, connect, serve


def stop() -> threading.Event:
    return threading.Event()


# -- generators ----------------------------------------------------------------------------------


def test_a_generator_is_a_source_and_the_person_says_whether_it_can_wait() -> None:
    for live in (False, True):
        source = Generator(lambda: iter([1.0]), channels=["x"], live=live)
        assert isinstance(source, Source)
        assert source.live is live
        assert source.name == "generator"


@pytest.mark.parametrize(
    "items",
    [
        [(1, 2.5), (3, 4)],
        [[1, 2.5], [3, 4.0]],
        [{"x": 1, "y": 2.5}, {"y": 4, "x": 3}],
        [np.array([1, 2.5]), np.array([3.0, 4.0], np.float32)],
        [np.array([[1, 2.5], [3, 4]])],
        [np.empty((0, 2)), np.array([[1, 2.5]]), (np.int32(3), np.float64(4))],
    ],
)
def test_an_item_is_a_row_or_an_array_of_rows(items: list) -> None:
    assert rows(Generator(items, channels=["x", "y"], dt=1).blocks(stop())) == [(1.0, 2.5), (3.0, 4.0)]


def test_one_channel_takes_bare_values() -> None:
    assert rows(Generator([1, 2.5, None], channels=["x"], dt=1).blocks(stop()))[:2] == [(1.0,), (2.5,)]
    assert rows(Generator(["a", "b"], channels={"word": "text"}, dt=1).blocks(stop())) == [("a",), ("b",)]


def test_the_interval_is_exact_or_rows_have_their_arrival_or_their_own_time() -> None:
    regular = Generator([1, 2, 3], channels=["x"], dt="1/360")
    assert regular.schema.time.dt == Fraction(1, 360)
    (block,) = regular.blocks(stop())
    assert (block.first, block.start, block.ticks) == (0, 0, None)
    months = Generator([1], channels=["x"], dt=1, dt_unit="month")
    assert months.schema.time.calendar
    (arrived,) = Generator([1, 2], channels=["x"]).blocks(stop())
    assert arrived.ticks[1] >= arrived.ticks[0] > 1_600_000_000 * 10**9
    (own,) = Generator([(1.5, 7), {"t": 2, "x": 8}], channels=["x"], time="t").blocks(stop())
    assert own.ticks.tolist() == [1_500_000_000, 2_000_000_000]


def test_a_function_is_called_anew_for_each_run_and_an_iterator_comes_once() -> None:
    def three() -> Iterator[int]:
        yield from (1, 2, 3)

    source = Generator(three, channels=["x"], dt=1)
    assert source.name == "three"
    assert rows(source.blocks(stop())) == rows(source.blocks(stop())) == [(1.0,), (2.0,), (3.0,)]
    once = Generator(iter([1]), channels=["x"], dt=1)
    assert rows(once.blocks(stop())) == [(1.0,)]
    with pytest.raises(InputError, match="an iterator runs only once"):
        list(once.blocks(stop()))


def test_a_generator_cleans_up_when_it_is_stopped() -> None:
    cleaned = []

    def endless() -> Iterator[int]:
        try:
            yield from count()
        finally:
            cleaned.append(True)

    event = threading.Event()
    for block in Generator(endless, channels=["x"], dt=1).blocks(event):
        assert len(block) <= 4096
        event.set()
    assert cleaned == [True]


def test_a_live_generator_hands_each_item_on_at_once() -> None:
    blocks = list(Generator([1, 2, 3], channels=["x"], dt=1, live=True).blocks(stop()))
    assert [len(block) for block in blocks] == [1, 1, 1]
    assert [block.first for block in blocks] == [0, 1, 2]


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ("a", "does not hold a number"),
        (float("inf"), "infinite"),
        ([1, 2], "2 values where 1 belong"),
        ({"y": 1}, "none of the channels"),
        (object(), "does not hold a number"),
        (np.zeros((1, 1, 1)), "one dimension"),
    ],
)
def test_an_item_that_is_no_row_ends_the_source_with_its_number(item: object, words: str) -> None:
    with pytest.raises(InputError, match=f"item 1 of 'generator': .*{words}"):
        list(Generator([0, item], channels=["x"], dt=1).blocks(stop()))


@pytest.mark.parametrize(
    ("make", "options", "words"),
    [
        (3, {"channels": ["x"]}, "makes no rows"),
        ([1], {"channels": []}, "at least one channel"),
        ([1], {"channels": ["x", "x"]}, "distinct"),
        ([1], {"channels": ["x"], "dt": 0}, "positive"),
        ([1], {"channels": ["x"], "dt": 1, "time": "t"}, "not both"),
    ],
)
def test_what_makes_no_rows_is_refused(make: object, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Generator(make, **options)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="which is no iterator; see Sampler"):
        list(Generator(lambda: 3, channels=["x"]).blocks(stop()))  # type: ignore[arg-type,return-value]


def test_a_generator_that_can_wait_runs_no_further_than_its_feed_has_room_for() -> None:
    made = []

    def numbers() -> Iterator[int]:
        for n in range(50_000):
            made.append(n)
            yield n

    source = Generator(numbers, channels=["n"], dt=1)
    event = threading.Event()
    with Feed(source.schema, window=1000, hold=True) as feed:
        thread = run_source(source, feed, stop=event)
        feed.wait(n=900, timeout=60)
        assert len(made) <= 1000 + 2 * 4096
        seen = []
        sink = feed.sink(lambda block: seen.extend(block.columns[0].tolist()), name="seen")
        feed.wait(timeout=60)
        thread.join(60)
        sink.wait(timeout=60)
    assert seen == list(range(50_000))


def test_several_kinds_of_sources_are_served_by_name_and_arrive_whole(tmp_path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("".join(f'{{"n": {n}, "even": {str(n % 2 == 0).lower()}}}\n' for n in range(500)))
    sources = {
        "lines": Lines(path, follow=False),
        "squares": Generator((n**2 for n in range(500)), channels=["n"], dt="1/100"),
        "endless": Sampler(lambda: 1.0, rate=1000, channels=["one"]),
    }
    with serve(sources, name="several") as server, connect(server.card) as client:
        assert {offer.name: offer.live for offer in client.list()} == {
            "lines": False,
            "squares": False,
            "endless": True,
        }
        lines = client.subscribe("lines", policy="block")
        squares = client.subscribe("squares", policy="block")
        endless = client.subscribe("endless")
        lines.wait(timeout=60)
        squares.wait(timeout=60)
        endless.wait(n=100, timeout=60)
        assert lines.rows()["n"].values.tolist() == list(range(500))
        assert squares.window().values.tolist() == [float(n**2) for n in range(500)]
        assert str(lines.rows()["time"].values[0])[:2] == "20"


def test_a_generator_that_raises_ends_its_subscriptions_with_a_sentence() -> None:
    def failing() -> Iterator[int]:
        yield 1
        raise RuntimeError("the device is gone")

    source = Generator(failing, channels=["x"], dt=1)
    with serve(source, name="failing") as server, connect(server.card) as client:
        feed = client.subscribe()
        with pytest.raises(StreamError, match="the device is gone"):
            feed.wait(timeout=60)


# -- functions that are called at a rate ---------------------------------------------------------


class Clock:
    """Seconds that pass only when the source waits, or a call takes its time; stops after `rows` waits."""

    def __init__(self, source: Sampler, *, start: float = 0.0, waits: int = 10**9) -> None:
        self.now = start
        self.left = waits
        source._now = source._elapsed = lambda: self.now

    def wait(self, seconds: float | None = None) -> bool:
        self.now += seconds or 0.0
        self.left -= 1
        return self.left < 0


def test_a_function_is_called_at_its_rate_on_the_grid_of_whole_intervals() -> None:
    called = []
    source = Sampler(lambda: called.append(clock.now), rate=10, channels=["x"])
    assert source.live
    clock = Clock(source, start=1000.03, waits=20)
    assert list(source.blocks(clock)) == []  # it returned None: every row is missing
    assert called == pytest.approx(1000.1 + 0.1 * np.arange(20))


def test_the_rows_of_a_sampler_lie_on_whole_intervals_since_1970() -> None:
    source = Sampler(iter(range(100)).__next__, rate="50/3", channels=["n"])
    clock = Clock(source, start=1_700_000_000.01, waits=100)
    blocks = list(source.blocks(clock))
    assert source.schema.time.dt == Fraction(3, 50)
    assert source.schema.time.epoch == "1970-01-01T00:00:00"
    assert blocks[0].start == -(-1_700_000_000_010 // 60)
    assert rows(iter(blocks)) == [(float(n),) for n in range(100)]
    assert all(a.start + len(a) == b.start for a, b in pairwise(blocks))


def test_calls_that_take_too_long_leave_gaps_and_the_grid_stays() -> None:
    calls = []

    def slow() -> float:
        calls.append(clock.now)
        if len(calls) in (3, 4):
            clock.now += 0.25
        return float(len(calls))

    source = Sampler(slow, rate=10, channels=["x"])
    clock = Clock(source, waits=6)
    blocks = list(source.blocks(clock))
    numbers = [block.first + i for block in blocks for i in range(len(block))]
    assert numbers == [0, 1, 2, 4, 6, 7]
    assert sum(block.gap for block in blocks) == 2
    assert [block.start for block in blocks] == [block.first for block in blocks]
    assert calls[:3] == pytest.approx([0.0, 0.1, 0.2])
    assert calls[5] == pytest.approx(0.7)


def test_none_is_a_row_that_is_missing() -> None:
    values = iter([1, None, None, 4])
    source = Sampler(values.__next__, rate=10, channels=["x"])
    blocks = list(source.blocks(Clock(source, waits=4)))
    assert [(block.first, block.gap, block.columns[0].tolist()) for block in blocks] == [(0, 0, [1.0]), (3, 2, [4.0])]
    with Feed(source.schema) as feed:
        for block in blocks:
            feed.append(block)
        assert (feed.counts.received, feed.counts.lost) == (2, 2)


def test_a_fast_sampler_hands_on_the_rows_of_four_milliseconds_together() -> None:
    source = Sampler(lambda: 1.0, rate=10_000, channels=["x"])
    sizes = [len(block) for block in islice(source.blocks(Clock(source)), 10)]
    assert all(30 <= size <= 41 for size in sizes)


def test_stop_ends_a_sampler_that_waits() -> None:
    event, called = threading.Event(), threading.Event()
    source = Sampler(called.set, rate="1/100000", channels=["x"])
    thread = threading.Thread(target=lambda: list(source.blocks(event)))
    thread.start()
    event.set()
    thread.join(60)
    assert not thread.is_alive()


@pytest.mark.parametrize(
    ("function", "options", "words"),
    [
        (3, {"rate": 1}, "cannot be called"),
        (lambda: 1, {"rate": 0}, "calls per second"),
        (lambda: 1, {"rate": float("nan")}, "calls per second"),
        (lambda: 1, {"rate": "fast"}, "calls per second"),
        (lambda: 1, {"rate": 1, "channels": {"x": "list"}}, "allowed: float"),
    ],
)
def test_what_cannot_be_sampled_is_refused(function: object, options: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Sampler(function, **({"channels": ["x"]} | options))  # type: ignore[arg-type]


def test_a_value_that_is_no_row_ends_a_sampler() -> None:
    source = Sampler(lambda: "warm", rate=100, channels=["x"])
    with pytest.raises(InputError, match="does not hold a number"):
        list(source.blocks(Clock(source)))
