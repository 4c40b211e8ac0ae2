"""From feed to feed: every row, in order, with counts; errors and closing go downward only."""

import gc
import threading
import time
import weakref

import numpy as np
import pytest
from feed_tools import ONE, Boom, Collector, Held, Pass, Smooth, chunks, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed
from midstream_lab.feed.reader import Reader


def push(feed: Feed, blocks) -> None:
    for block in blocks:
        assert feed.wait_room(len(block), timeout=60)
        feed.append(block)
    feed.close()


@pytest.mark.parametrize("size", [1, 7, 4096, 100_000])
def test_every_row_arrives_in_order_for_any_chunk_size(size):
    feed = Feed(ONE, window=131_072)
    operator = Pass()
    end = Collector(feed.pipe(operator))
    total = 100_000 if size > 1 else 3000
    push(feed, chunks(total, size))
    assert np.array_equal(end.values(), np.arange(total))
    assert max(operator.lengths) <= 4096


@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=20))
@settings(deadline=None, max_examples=20)
def test_an_operator_with_memory_gives_the_same_bits_for_any_chunking(sizes):
    rows = np.random.default_rng(0).standard_normal(sum(sizes))
    whole, cut = Feed(ONE), Feed(ONE)
    ends = [Collector(feed.pipe(Smooth())) for feed in (whole, cut)]
    whole.append_rows([rows])
    at = 0
    for size in sizes:
        cut.append_rows([rows[at : at + size]])
        at += size
    whole.close()
    cut.close()
    assert ends[0].values().tobytes() == ends[1].values().tobytes()


def test_a_pipe_begins_with_the_rows_that_the_feed_holds():
    feed = Feed(ONE, window=10)
    feed.append(ramp(0, 30))
    feed.close()
    child = feed.pipe(Pass())
    child.wait(timeout=30)
    assert child.window().values.tolist() == list(range(20, 30))


def test_a_gap_is_told_to_the_operator_and_counted_below():
    feed = Feed(ONE)
    child = feed.pipe(Smooth())
    feed.append(ramp(1, 3))
    feed.append(ramp(5, 7))
    feed.close()
    child.wait(timeout=30)
    assert child.counts.lost == 2
    assert child.window().values[-2] == pytest.approx(0.3 * 5)


def test_a_slow_block_reader_holds_up_a_producer_that_can_wait_and_loses_nothing():
    feed = Feed(ONE, window=100)
    held = Held()
    end = Collector(feed.pipe(held))
    feed.append(ramp(0, 100))
    assert held.entered.wait(30)
    assert feed.room() == 0
    assert not feed.wait_room(1, timeout=0.01)
    assert feed.consumed == 0
    held.go.set()
    assert feed.wait_room(100, timeout=30)
    assert feed.consumed == 100
    push(feed, (ramp(first, first + 50) for first in range(100, 1000, 50)))
    assert np.array_equal(end.values(), np.arange(1000))


def test_a_slow_drop_oldest_reader_loses_old_rows_and_counts_them():
    feed = Feed(ONE, window=100)
    held = Held()
    child = feed.pipe(held, policy="drop_oldest")
    feed.append(ramp(0, 10))
    assert held.entered.wait(30)
    for first in range(10, 1010, 50):
        feed.append(ramp(first, first + 50))
        counts = child.upstream.reader.counts
        assert counts.sent == counts.received + counts.dropped + counts.waiting
    held.go.set()
    feed.close()
    child.wait(timeout=30)
    counts = child.upstream.reader.counts
    assert counts.waiting == 0
    assert counts.received + counts.dropped == counts.sent == 1010
    assert child.counts.dropped == counts.dropped == 900
    assert child.window(5).values.tolist() == [1005, 1006, 1007, 1008, 1009]
    assert "dropped 900 rows" in " ".join(child.health)


def test_a_producer_that_ignores_room_ends_the_block_reader_with_a_clear_error():
    feed = Feed(ONE, window=100)
    held = Held()
    child, sibling = feed.pipe(held), feed.pipe(Pass(), policy="drop_oldest")
    feed.append(ramp(0, 10))
    assert held.entered.wait(30)
    feed.append(ramp(10, 200))
    held.go.set()
    with pytest.raises(LabError, match=r"lost \d+ rows.*room"):
        child.wait(timeout=30)
    feed.append(ramp(200, 210))
    feed.close()
    assert sibling.wait(timeout=30)
    counts = child.upstream.reader.counts
    assert counts.received + counts.dropped == counts.sent


def test_a_slow_reader_at_the_end_of_a_chain_holds_up_the_source():
    feed = Feed(ONE, window=50)
    middle = feed.pipe(Pass(), window=50)
    held = Held()
    end = Collector(middle.pipe(held, window=50))
    source = threading.Thread(target=push, args=(feed, chunks(1000, 10)))
    source.start()
    assert held.entered.wait(30)
    with pytest.raises(LabError, match="waited"):
        middle.wait(n=101, timeout=0.2)
    assert feed.counts.received <= 150
    held.go.set()
    assert np.array_equal(end.values(), np.arange(1000))
    source.join()


def test_an_operator_that_raises_closes_its_own_feed_only():
    feed = Feed(ONE)
    failed, sibling = feed.pipe(Boom(3)), feed.pipe(Pass())
    below = failed.pipe(Pass())
    feed.append(ramp(0, 3))
    failed.wait(n=3, timeout=30)
    feed.append(ramp(3, 9))
    with pytest.raises(RuntimeError, match="boom"):
        below.wait(timeout=30)
    assert below.window().values.tolist() == [0, 1, 2]
    feed.append(ramp(9, 12))
    assert sibling.wait(n=12, timeout=30)
    assert not feed.closed


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_no_exception_kills_a_lane(error):
    feed = Feed(ONE)
    failed = feed.pipe(Boom(0, error))
    feed.append(ramp(0, 3))
    with pytest.raises(type(error)):
        failed.wait(timeout=30)
    after = feed.pipe(Pass())
    assert after.wait(n=3, timeout=30)


def test_a_block_that_does_not_fit_its_schema_closes_that_feed():
    class Wrong(Pass):
        def update(self, block):
            return Block(first=block.first, start=block.start, columns=block.columns * 2)

    feed = Feed(ONE)
    child = feed.pipe(Wrong())
    feed.append(ramp(0, 3))
    with pytest.raises(InputError, match="2 columns"):
        child.wait(timeout=30)


def test_closing_goes_downward_and_children_finish_what_they_hold():
    class Last(Pass):
        def schema_out(self, schema):
            self.rows = 0
            return schema

        def update(self, block):
            self.rows += len(block)

        def finish(self):
            return Block(first=0, start=0, columns=(np.array([float(self.rows)]),))

    feed = Feed(ONE)
    held = Held()
    child = feed.pipe(held).pipe(Last())
    feed.append(ramp(0, 60))
    feed.close()
    held.go.set()
    assert child.wait(timeout=30)
    assert child.window().values.tolist() == [60]


def test_the_reason_for_the_end_goes_downward():
    feed = Feed(ONE)
    child = feed.pipe(Pass()).pipe(Pass())
    feed.append(ramp(0, 60))
    feed.close(LabError("the server went away"))
    with pytest.raises(LabError, match="the server went away"):
        child.wait(timeout=30)
    assert child.counts.received == 60


def test_closing_a_child_leaves_the_parent_and_gives_room():
    feed = Feed(ONE, window=50)
    held = Held()
    child = feed.pipe(held)
    feed.append(ramp(0, 50))
    assert held.entered.wait(30)
    child.close()
    held.go.set()
    assert feed.wait_room(50, timeout=30)
    assert feed.readers == ()
    assert not feed.closed


def test_on_consumed_is_told_how_far_the_readers_are():
    feed = Feed(ONE)
    told: list[int] = []
    feed.on_consumed(told.append)
    feed.append(ramp(0, 5))
    assert told == [5]
    end = Collector(feed)
    push(feed, [ramp(5, 10), ramp(10, 15)])
    assert len(end.values()) == 15
    assert told[-1] == 15


def test_a_callback_of_the_producer_that_raises_is_noted():
    feed = Feed(ONE)
    feed.on_consumed(lambda consumed: 1 / 0)
    feed.append(ramp(0, 5))
    assert "ZeroDivisionError" in feed.health[0]


def test_a_sink_gets_every_row_and_a_failing_one_says_so():
    feed = Feed(ONE)
    end = Collector(feed)
    failing = feed.sink(lambda block: 1 / 0, name="failing")
    feed.append(ramp(0, 5))
    with pytest.raises(ZeroDivisionError):
        failing.wait(timeout=30)
    assert "failing" in " ".join(feed.health)
    assert "failed" in repr(failing)
    feed.append(ramp(5, 9))
    feed.close()
    assert len(end.values()) == 9
    assert repr(end.sink) == "Sink('append', 9 rows received, 0 dropped, closed)"
    assert (end.sink.counts.sent, end.sink.counts.received) == (9, 9)


def test_a_sink_can_be_closed_and_waiting_for_it_has_a_limit():
    feed = Feed(ONE)
    entered, go = threading.Event(), threading.Event()
    sink = feed.sink(lambda block: (entered.set(), go.wait(30)))
    feed.append(ramp(0, 5))
    assert entered.wait(30)
    with pytest.raises(LabError, match="waited"):
        sink.wait(timeout=0.01)
    sink.close()
    sink.close()
    go.set()
    assert sink.wait(timeout=30)


def test_a_second_pipe_of_the_same_name_closes_the_first_and_says_so():
    feed = Feed(ONE)
    first, second, other = feed.pipe(Pass()), feed.pipe(Pass()), feed.pipe(Pass(), name="other")
    assert first.closed
    assert not second.closed
    assert not other.closed
    assert second.health == ["closed the older 'pass' of this feed"]


def test_what_is_no_operator_and_no_callback_is_refused_with_a_way_out() -> None:
    with Feed(Schema(channels=(Channel(name="x"),))) as feed:
        with pytest.raises(InputError, match="goes into Windowed"):
            feed.pipe(len)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="takes an operator, not None"):
            feed.pipe(None)  # type: ignore[arg-type]
        with pytest.raises(InputError, match="cannot be called"):
            feed.sink(5)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="function of a window"):
        Windowed(None, window=2, every=1)  # type: ignore[arg-type]


def test_an_unknown_policy_is_refused():
    with pytest.raises(InputError, match="one of 'block', 'drop_oldest', 'drop_newest', 'decimate', not 'best'"):
        Feed(ONE).pipe(Pass(), policy="best")


def test_output_larger_than_the_room_below_is_delivered_in_pieces():
    class Triple(Pass):
        def schema_out(self, schema):
            self.row = 0
            return Schema(channels=schema.channels)

        def update(self, block):
            out = np.repeat(block.columns[0], 3)
            self.row += len(out)
            return Block(first=self.row - len(out), start=self.row - len(out), columns=(out,))

    feed = Feed(ONE)
    end = Collector(feed.pipe(Triple(), window=64))
    push(feed, chunks(1000, 100))
    assert np.array_equal(end.values(), np.repeat(np.arange(1000.0), 3))


def test_a_feed_can_hold_its_rows_until_the_first_block_reader_comes():
    feed = Feed(ONE, window=100, hold=True)
    feed.append(ramp(0, 100))
    feed.sink(lambda block: None, policy="drop_oldest", name="view").close()
    assert feed.room() == 0
    assert feed.consumed == 0
    end = Collector(feed)
    push(feed, [ramp(100, 150)])
    assert np.array_equal(end.values(), np.arange(150))


def test_feeds_without_a_name_go_when_nothing_refers_to_them():
    feed = Feed(ONE)
    child = feed.pipe(Pass())
    feed.append(ramp(0, 5))
    child.wait(n=5, timeout=30)
    gone = weakref.ref(feed), weakref.ref(child)
    del feed, child
    for _ in range(100):
        gc.collect()
        if gone[0]() is None and gone[1]() is None:
            break
        time.sleep(0.05)  # the lane may still hold the last turn
    assert (gone[0](), gone[1]()) == (None, None)


def test_a_reader_can_begin_at_a_given_row():
    feed = Feed(ONE)
    feed.append(ramp(0, 10))
    feed.append(ramp(20, 30))

    class Listener:
        def wake(self):
            pass

        def fail(self, error):
            raise error

    reader = Reader(feed, Listener(), "block")
    reader.begin_at(12)
    assert reader.take(100).first == 20
    reader.begin_at(1000)
    assert reader.take(100) is None
    reader.detach()
    assert reader.counts.sent == 0
    assert reader.waiting == 0


def test_an_operator_is_warmed_before_the_first_row_and_on_the_callers_thread():
    class Warm(Pass):
        def warm(self, schema):
            self.thread = threading.current_thread()
            self.schema = schema

    operator = Warm()
    Feed(ONE).pipe(operator)
    assert operator.thread is threading.current_thread()
    assert operator.schema is ONE
