"""Delays, cycles and joins: the same bits however the rows are cut."""

from fractions import Fraction

import numpy as np
import pytest
from feed_tools import IRREGULAR, ONE, TEXT, Boom, Collector, Pass, chunks, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed
from midstream_lab.feed.lanes import Lanes
from midstream_lab.timebase import TimeBase

BACK = (Channel(name="back"),)


class Loop(Pass):
    """y[n] = cos(3 x[n] + y[n - k]): chaotic enough that any difference would grow."""

    name = "loop"

    def schema_out(self, schema: Schema) -> Schema:
        return Schema(channels=(Channel(name="y"),), time=schema.time)

    def update(self, block: Block) -> Block:
        self.lengths.append(len(block))
        out = np.cos(3 * block.columns[0] + 7 * block.columns[1])
        return Block(first=block.first, start=block.start, columns=(out,))


def loop(blocks: list[Block], k: int, lanes: Lanes | None = None) -> tuple[np.ndarray, list[int]]:
    feed = Feed(ONE, window=8192, lanes=lanes)
    operator = Loop()
    back = feed.delay(rows=k, channels=BACK, initial=0.25)
    out = feed.join(back).pipe(operator)
    end = Collector(out)
    back.follow(out)
    for block in blocks:
        assert feed.wait_room(len(block), timeout=60)
        feed.append(block)
    feed.close()
    result = end.values()
    back.wait(timeout=60)
    return result, operator.lengths


def cut(x: np.ndarray, size: int) -> list[Block]:
    return [Block(first=i, start=i, columns=(x[i : i + size],)) for i in range(0, len(x), size)]


@pytest.mark.parametrize("k", [1, 5, 64])
def test_a_cycle_is_the_same_bit_for_bit_at_source_chunks_of_1_7_and_4096(k):
    x = np.random.default_rng(3).standard_normal(1500 if k == 1 else 6000)
    expected = np.empty_like(x)
    for n in range(len(x)):
        expected[n] = np.cos(3 * x[n] + 7 * (expected[n - k] if n >= k else 0.25))
    results = [loop(cut(x, size), k) for size in (1, 7, 4096)]
    for result, lengths in results:
        assert result.tobytes() == results[0][0].tobytes()
        assert max(lengths) <= k
    assert np.array_equal(results[0][0][:20], expected[:20])


def test_a_cycle_is_the_same_while_its_parts_move_between_the_lanes():
    x = np.random.default_rng(5).standard_normal(6000)
    expected, _ = loop(cut(x, 6000), 5)
    for _ in range(5):
        lanes = Lanes(turn_limit=0.0001)
        result, lengths = loop(cut(x, 4096), 5, lanes)
        lanes.close()
        assert result.tobytes() == expected.tobytes()
        assert max(lengths) <= 5


@pytest.mark.parametrize("gap", [1, 4, 5, 6, 100])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_a_cycle_goes_on_after_a_gap_and_nothing_hangs(gap, size):
    x = np.random.default_rng(4).standard_normal(50)
    after = [Block(first=b.first + 50 + gap, start=b.start + 50 + gap, columns=b.columns) for b in cut(x, size)]
    result, _ = loop(cut(x, size) + after, 5)
    whole, _ = loop([*cut(x, 50), Block(first=50 + gap, start=50 + gap, columns=(x,))], 5)
    assert len(result) == 100
    assert result.tobytes() == whole.tobytes()
    if gap >= 5:
        assert result[50] == np.cos(3 * x[0] + 7 * 0.25)


def test_an_error_in_a_cycle_closes_the_cycle_and_not_the_source():
    feed = Feed(ONE)
    back = feed.delay(rows=3, channels=BACK, initial=0.0)
    failing = feed.join(back).pipe(Loop(), name="y").pipe(Boom(10))
    back.follow(failing)
    feed.append(ramp(0, 50))
    with pytest.raises(RuntimeError, match="boom"):
        back.wait(timeout=30)
    assert not feed.closed
    feed.close()


def test_a_cycle_refuses_what_cannot_come_back():
    feed = Feed(ONE)
    back = feed.delay(rows=3, channels=BACK)
    with pytest.raises(InputError, match="one row for each row"):
        back.follow(feed.pipe(Windowed(lambda x: x.mean(), window=2, every=2)))
    with pytest.raises(InputError, match="the delay was made for"):
        back.follow(feed.join(back))
    back.follow(feed)
    with pytest.raises(InputError, match="closed already"):
        back.follow(feed)
    with pytest.raises(InputError, match="regular time base"):
        Feed(IRREGULAR).delay(rows=3, channels=BACK)
    with pytest.raises(InputError, match="whole number of rows"):
        feed.delay(rows=0)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_delay_gives_the_rows_later_and_initial_values_first(size):
    feed = Feed(ONE)
    later = feed.delay(rows=10, initial=-1.0)
    for block in chunks(100, size):
        feed.append(block)
    feed.append(ramp(120, 125))
    feed.close()
    later.wait(timeout=30)
    assert later.rows()["x"].values.tolist() == [-1.0] * 10 + list(range(90)) + [-1.0] * 5
    assert later.rows()["row"].values.tolist() == [*range(100), *range(120, 125)]


def test_a_delay_of_texts_begins_with_empty_ones():
    feed = Feed(TEXT)
    later = feed.delay(rows=1)
    feed.append_rows([["a", "b"], [1.0, 2.0]])
    feed.close()
    later.wait(timeout=30)
    assert later.rows()["word"].values.tolist() == ["", "a"]
    assert np.isnan(later.rows()["x"].values[0])


def joined(left: np.ndarray, right: np.ndarray, sizes: tuple[int, int], order: str) -> np.ndarray:
    """Times of both sides, joined with a tolerance of 30 ticks; one side is there before the other begins."""
    x, y = Feed(IRREGULAR), Feed(IRREGULAR)
    both = x.join(y, tolerance=Fraction(30, 10**9))
    sides = [(x, left, sizes[0]), (y, right, sizes[1])]
    for feed, ticks, size in sides if order == "left first" else sides[::-1]:
        for at in range(0, len(ticks), size):
            feed.append_rows([ticks[at : at + size]], ticks=ticks[at : at + size])
    x.close()
    y.close()
    both.wait(timeout=30)
    return both.window().values


@pytest.mark.parametrize("order", ["left first", "right first"])
@given(sizes=st.tuples(st.integers(1, 50), st.integers(1, 50)), seed=st.integers(0, 5))
@settings(deadline=None, max_examples=10)
def test_a_join_is_the_same_whoever_runs_ahead_and_however_cut(order, sizes, seed):
    rng = np.random.default_rng(seed)
    left, right = (np.sort(rng.choice(1000, 60, replace=False)) for _ in range(2))
    result = joined(left, right, sizes, order)
    partner = np.array([max((r for r in right if r <= t), default=-1) for t in left], float)
    partner[(partner < 0) | (left - partner > 30)] = np.nan
    assert np.array_equal(result, np.stack([left, partner], axis=1), equal_nan=True)


def test_a_join_lines_up_different_rates_exactly():
    fast = Feed(Schema(channels=(Channel(name="x"),), time=TimeBase.from_dt("1/360")))
    slow = Feed(Schema(channels=(Channel(name="y"),), time=TimeBase.from_dt("1/250")))
    both = fast.join(slow)
    slow.append_rows([np.arange(250.0)])
    fast.append_rows([np.arange(360.0)])
    fast.close()
    slow.close()
    both.wait(timeout=30)
    assert both.window().sel(channel="y").values.tolist() == [i * 250 // 360 for i in range(360)]


def test_a_feed_joins_what_an_operator_says_about_it():
    feed = Feed(ONE)
    level = feed.pipe(Windowed(lambda x: {"x": x[-1], "n": 1}, window=20, every=10, late="wait"))
    both = feed.join(level)
    for block in chunks(95, 7):
        feed.append(block)
    feed.close()
    both.wait(timeout=30)
    assert both.schema.names == ("x", "x_right", "n")
    expected = [np.nan if i < 20 else i // 10 * 10 for i in range(95)]
    assert np.array_equal(both.window().sel(channel="x_right").values, expected, equal_nan=True)


def test_a_row_waits_for_its_partner_and_no_longer():
    x, y = Feed(ONE), Feed(ONE)
    both = x.join(y)
    x.append(ramp(0, 10))
    y.append(ramp(0, 4))
    assert both.wait(n=4, timeout=30)
    with pytest.raises(LabError, match="received 4 rows"):
        both.wait(n=5, timeout=0.1)
    y.append(ramp(4, 6))
    assert both.wait(n=6, timeout=30)
    y.close()
    assert both.wait(n=10, timeout=30)
    assert both.window(1).values.tolist() == [[9, 5]]
    x.close()


def test_a_silent_partner_does_not_hold_up_a_full_feed_for_ever():
    x, y = Feed(ONE, window=100), Feed(ONE)
    both = x.join(y)
    for block in chunks(1000, 20):
        assert x.wait_room(20, timeout=30)
        x.append(block)
    x.close()
    y.close()
    both.wait(timeout=30)
    assert both.counts.received == 1000
    assert "did not wait for their partners" in " ".join(both.health)


def test_a_join_refuses_what_has_no_common_time():
    x = Feed(ONE)
    with pytest.raises(InputError, match="'s' and in 'month'"):
        x.join(Feed(Schema(channels=BACK, time=TimeBase(unit="month"))))
    early = Feed(Schema(channels=BACK, time=TimeBase(unit="s", epoch="2020-01-01")))
    late = Feed(Schema(channels=BACK, time=TimeBase(unit="s", epoch="2021-01-01")))
    with pytest.raises(InputError, match="one epoch"):
        early.join(late)
    with pytest.raises(InputError, match="how must be 'last'"):
        x.join(early, how="next")
    with pytest.raises(InputError, match="must not be negative"):
        x.join(Feed(ONE), tolerance=-1)
    with pytest.raises(InputError, match="takes a feed"):
        x.join([1, 2, 3])


def test_times_far_from_the_origin_do_not_overflow():
    x = Feed(Schema(channels=(Channel(name="x"),), time=TimeBase.from_dt("1/360")))
    y = Feed(IRREGULAR)
    both = x.join(y)
    x.append(Block(first=0, start=360 * 1_700_000_000, columns=(np.zeros(2),)))
    y.append_rows([[5.0]], ticks=[1_700_000_000 * 10**9])
    x.close()
    y.close()
    both.wait(timeout=30)
    assert both.window().values[:, 1].tolist() == [5, 5]
