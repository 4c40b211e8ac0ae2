"""What a slow reader gets of a feed under each policy, and that every row is accounted for."""

import itertools
import threading

import numpy as np
import pytest
from feed_tools import IRREGULAR, ONE, TEXT, Collector, Held, Pass, chunks, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Block, Feed, Schema
from midstream_lab.feed.backlog import attach
from midstream_lab.feed.reader import Policy, Reader

DROPPING: list[Policy] = ["drop_oldest", "drop_newest", "decimate"]


class Silent:
    """A listener that notes errors only; the test takes the rows itself."""

    def __init__(self) -> None:
        self.errors: list[BaseException] = []

    def wake(self) -> None:
        return

    def fail(self, error: BaseException) -> None:
        self.errors.append(error)


def reader(feed: Feed, policy: Policy) -> Reader:
    return attach(feed, Silent(), policy, strided=True)


def numbers(block: Block) -> np.ndarray:
    return np.arange(block.first, block.stop, block.stride)


def drain(reader: Reader, limit: int = 4096) -> list[Block]:
    blocks = []
    while (block := reader.take(limit)) is not None:
        blocks.append(block)
    return blocks


def rows_of(blocks: list[Block]) -> np.ndarray:
    return np.concatenate([numbers(block) for block in blocks]) if blocks else np.empty(0)


def passed_over(block: Block) -> int:
    """Rows that are missing before the block and inside it."""
    return block.gap + (len(block) - 1) * (block.stride - 1) if len(block) else block.gap


@pytest.mark.parametrize("policy", DROPPING)
@settings(deadline=None, max_examples=80)
@given(steps=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 20), st.integers(0, 60)), max_size=40))
def test_received_and_dropped_are_what_was_sent_at_every_moment(
    policy: Policy, steps: list[tuple[int, int, int]]
) -> None:
    feed = Feed(ONE, window=64)
    slow = reader(feed, policy)
    got: list[Block] = []
    for append, lost, take in steps:
        feed.append(ramp(feed.next + lost, feed.next + lost + append))
        counts = slow.counts
        assert counts.sent == feed.counts.received
        assert counts.sent == counts.received + counts.dropped + counts.waiting
        assert counts.waiting <= 64
        if take and (block := slow.take(take)) is not None:
            got.append(block)
            assert len(block) <= take
    got += drain(slow)
    slow.detach()
    rows = rows_of(got)
    assert np.all(np.diff(rows) > 0)
    assert all(np.array_equal(block.columns[0], numbers(block)) for block in got)
    assert slow.counts.received == len(rows)
    # what the blocks say is missing, and what the end says, is all that did not come
    assert sum(map(passed_over, got)) + slow.rest().gap + len(rows) == (feed.next - feed.ring.first)


def test_drop_oldest_leaves_the_newest_rows() -> None:
    feed = Feed(ONE, window=100)
    slow = reader(feed, "drop_oldest")
    for block in chunks(1000, 30):
        feed.append(block)
    assert rows_of(drain(slow)).tolist() == list(range(900, 1000))


@pytest.mark.parametrize("size", [1, 30, 333])
def test_drop_newest_keeps_what_waits_as_one_unbroken_stretch(size: int) -> None:
    feed = Feed(ONE, window=100)
    slow = reader(feed, "drop_newest")
    for block in chunks(1000, size):
        feed.append(block)
    (block,) = drain(slow)
    assert numbers(block).tolist() == list(range(100))
    assert slow.counts.dropped == slow.rest().gap == 900


def test_drop_newest_takes_again_when_half_is_taken_so_stretches_are_long() -> None:
    feed = Feed(ONE, window=100)
    slow = reader(feed, "drop_newest")
    feed.append(ramp(0, 150))
    slow.take(49)
    feed.append(ramp(150, 160))
    assert slow.counts.waiting == 51
    slow.take(1)
    feed.append(ramp(160, 400))
    stretches = drain(slow)
    assert [(block.first, block.stop, block.gap) for block in stretches] == [(50, 100, 0), (160, 210, 60)]


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_decimation_does_not_depend_on_how_the_rows_are_cut_into_blocks(size: int) -> None:
    feed = Feed(ONE, window=100)
    slow = reader(feed, "decimate")
    for block in chunks(5000, size):
        feed.append(block)
    (block,) = drain(slow)
    # 64 is the smallest power of two of which 5,000 rows have at most 100 multiples
    assert (block.first, block.stride, block.gap) == (0, 64, 0)
    assert numbers(block).tolist() == list(range(0, 5000, 64))
    feed.append(ramp(5000, 5003))
    assert drain(slow) == []
    for more in chunks(300, size):
        feed.append(ramp(5003 + more.first, 5003 + more.stop))
    assert [(b.first, b.stride) for b in drain(slow)] == [(5056, 64), (5088, 32)]


def test_decimation_keeps_rows_as_they_are_and_never_averages() -> None:
    feed = Feed(ONE, window=50)
    x = np.random.default_rng(3).normal(size=3000)
    slow = reader(feed, "decimate")
    feed.append(Block(first=0, start=0, columns=(x,)))
    (block,) = drain(slow)
    assert np.array_equal(block.columns[0], x[:: block.stride])
    assert block.start == 0
    assert block.end_tick(1) == block.stop - 1


def test_the_stride_doubles_with_the_backlog_and_halves_when_all_was_taken() -> None:
    feed = Feed(ONE, window=64)
    slow = reader(feed, "decimate")
    strides = []
    for _ in range(3):
        feed.append(ramp(feed.next, feed.next + 60 * 8))
        strides.append(drain(slow)[-1].stride)
    for _ in range(6):
        feed.append(ramp(feed.next, feed.next + 40))
        strides.append(drain(slow)[-1].stride)
    assert strides[0] == 8
    assert strides[-3:] == [1, 1, 1]
    assert strides[2:] == sorted(strides[2:], reverse=True)
    counts = slow.counts
    assert counts.received + counts.dropped == counts.sent


@settings(deadline=None, max_examples=100)
@given(
    first=st.integers(0, 1000),
    rows=st.integers(1, 200),
    cuts=st.lists(st.integers(0, 200), max_size=6),
    power=st.integers(0, 8),
)
def test_thinned_rows_are_those_with_divisible_numbers(first: int, rows: int, cuts: list[int], power: int) -> None:
    block, stride = ramp(first, first + rows), 2**power
    want = [n for n in range(first, first + rows) if n % stride == 0]
    ends = [0, *sorted(min(cut, rows) for cut in cuts), rows]
    parts = [block.cut(a, b, step=1).thinned(stride, step=1) for a, b in itertools.pairwise(ends) if a < b]
    assert [int(n) for part in parts for n in numbers(part)] == want
    assert [x for part in parts for x in part.columns[0]] == want
    twice = block.thinned(max(1, stride // 2), step=1).thinned(stride, step=1)
    assert twice.columns[0].tolist() == want


@pytest.mark.parametrize("policy", DROPPING)
def test_irregular_rows_keep_their_ticks(policy: Policy) -> None:
    feed = Feed(IRREGULAR, window=50)
    slow = reader(feed, policy)
    n = np.arange(400)
    feed.append(Block(first=0, start=0, columns=(n / 3,), ticks=n**2))
    for block in drain(slow):
        assert block.ticks is not None
        assert np.array_equal(block.ticks, numbers(block) ** 2)
        assert block.start == block.ticks[0]


@pytest.mark.parametrize("policy", ["drop_newest", "decimate"])
def test_the_rows_that_a_reader_keeps_are_bounded_in_bytes_too(policy: Policy) -> None:
    feed = Feed(TEXT, window=10_000, max_bytes=200_000)
    slow = reader(feed, policy)
    for first in range(0, 3000, 100):
        words = np.array([chr(97 + n % 26) * 1000 for n in range(first, first + 100)], object)
        feed.append(Block(first=first, start=first, columns=(words, np.arange(first, first + 100.0))))
        assert slow._ring.bytes <= 200_000
    got = drain(slow)
    assert all(word[0] == chr(97 + n % 26) for b in got for word, n in zip(b.columns[0], numbers(b), strict=True))
    counts = slow.counts
    assert 0 < counts.received < 200
    assert counts.received + counts.dropped == counts.sent == 3000
    assert rows_of(got)[0] == 0


@pytest.mark.parametrize("policy", DROPPING)
def test_a_reader_that_stalls_costs_at_most_its_bound_and_the_producer_never_waits(policy: Policy) -> None:
    feed = Feed(ONE, window=256, max_bytes=256 * 8)
    held = Held()
    child = feed.pipe(held, policy=policy, window=256)
    feed.append(ramp(0, 1))
    assert held.entered.wait(30)
    slow = child.upstream.inputs[0]  # type: ignore[union-attr]
    for _ in range(400):
        feed.append(ramp(feed.next, feed.next + 256))
        assert feed.room() >= 256
        assert slow.counts.waiting <= 256
        assert slow._ring.bytes <= 256 * 8
    held.go.set()
    feed.close()
    child.wait(timeout=60)
    counts = slow.counts
    assert counts.received + counts.dropped == counts.sent == feed.counts.received == 1 + 400 * 256
    assert child.counts.dropped == counts.dropped > 0
    assert f"dropped {counts.dropped} rows ({policy})" in repr(child)


def test_a_generator_under_block_arrives_whole_after_a_stall() -> None:
    from midstream_lab.feed import SequenceSource
    from midstream_lab.feed.source import run_source

    source = SequenceSource(np.arange(50_000.0), dt="1/360")
    feed = Feed(source.schema, window=256)
    go = threading.Event()
    got: list[Block] = []

    def slow(block: Block) -> None:
        assert go.wait(30)
        got.append(block)

    sink = feed.sink(slow)
    thread = run_source(source, feed)
    while feed.room():
        assert feed.next <= 50_000
    assert sink.counts.waiting <= 256
    go.set()
    sink.wait(timeout=60)
    thread.join(30)
    assert np.array_equal(rows_of(got), np.arange(50_000))


def test_a_live_source_that_overruns_a_block_reader_ends_it_and_the_rows_are_counted() -> None:
    feed = Feed(ONE, window=100)
    listener = Silent()
    slow = attach(feed, listener, "block")
    feed.append(ramp(0, 300))
    (error,) = listener.errors
    assert isinstance(error, LabError)
    assert "lost 200 rows" in str(error)
    slow.detach()
    assert slow.counts.dropped == slow.counts.sent == 300


def test_an_operator_gets_unbroken_blocks_unless_it_says_that_it_takes_strides() -> None:
    class Strided(Pass):
        strided = True

    for op, lengths in ((Pass(), [1] * 8), (Strided(), [8])):
        feed = Feed(ONE, window=8)
        feed.append(Block(first=0, start=0, columns=(np.arange(0, 64, 8.0),), stride=8))
        child = feed.pipe(op, policy="decimate")
        feed.close()
        child.wait(timeout=30)
        assert op.lengths == lengths
        assert child.rows()["x"].values.tolist() == child.rows()["row"].values.tolist() == list(range(0, 64, 8))


def test_a_sink_that_decimates_gets_evenly_spaced_blocks() -> None:
    feed = Feed(ONE, window=64)
    go, entered = threading.Event(), threading.Event()
    got: list[Block] = []

    def slow(block: Block) -> None:
        entered.set()
        assert go.wait(30)
        got.append(block)

    sink = feed.sink(slow, policy="decimate")
    feed.append(ramp(0, 1))
    assert entered.wait(30)
    feed.append(ramp(1, 1000))
    go.set()
    feed.close()
    sink.wait(timeout=30)
    assert [(len(block), block.stride) for block in got] == [(1, 1), (62, 16)]
    assert got[1].columns[0].tolist() == list(range(16, 1000, 16))


def strided_feed() -> Feed:
    feed = Feed(ONE, window=100)
    feed.append(ramp(0, 3))
    feed.append(Block(first=4, start=4, columns=(np.array([4.0, 8.0, 12.0]),), gap=1, stride=4))
    return feed


def test_rows_left_out_evenly_are_counted_apart_and_stand_as_gaps_in_the_window() -> None:
    feed = strided_feed()
    assert (feed.counts.received, feed.counts.decimated, feed.counts.lost) == (6, 7, 0)
    assert feed.next == 13
    window = feed.window()
    assert (window.attrs["rows"], window.attrs["missing"]) == (6, 7)
    there = [0, 1, 2, 4, 8, 12]
    assert window.dropna("time").values.tolist() == there
    assert window.values.size == 13
    assert np.allclose(window["time"].values[there] * 360, there)
    assert feed.rows()["row"].values.tolist() == there
    assert feed.window(6).values[[0, 1, 5]].tolist()[1:] == [8.0, 12.0]
    assert feed.window(unbroken=True).values.tolist() == [12.0]


def test_the_tail_and_plain_readers_see_every_evenly_spaced_row_as_a_run_of_its_own() -> None:
    feed = strided_feed()
    since, seen = 0, []
    while (block := feed.tail(since)) is not None:
        seen.append((block.first, len(block), block.gap, block.stride))
        since = block.stop
    assert seen == [(0, 3, 0, 1), (4, 1, 1, 1), (8, 1, 3, 1), (12, 1, 3, 1)]
    plain = attach(feed, Silent(), "block")
    assert [(b.first, len(b), b.gap, b.stride) for b in drain(plain)] == seen


def test_a_long_strided_sequence_is_one_run_of_the_window_however_it_comes() -> None:
    feed = Feed(ONE, window=1000)
    for first in range(0, 9000, 9):
        rows = np.arange(first, first + 9, 3.0)
        feed.append(Block(first=first, start=first, columns=(rows,), gap=2 if first else 0, stride=3))
    assert feed.ring.runs(feed.ring.oldest) == [(2000, 3000)]
    assert feed.rows()["row"].values.tolist() == list(range(6000, 9000, 3))
    assert feed.tail(6001).first == 6003  # type: ignore[union-attr]
    assert feed.counts.received + feed.counts.decimated == feed.next == 8998


def test_late_rows_of_a_strided_block_are_left_out() -> None:
    feed = Feed(ONE, window=100)
    feed.append(ramp(0, 10))
    feed.append(Block(first=4, start=4, columns=(np.arange(4, 24, 4.0),), stride=4))
    assert feed.rows()["row"].values.tolist() == [*range(10), 12, 16, 20]
    counts = feed.counts
    assert counts.late == 2
    assert counts.received + counts.decimated + counts.lost == feed.next


def test_rows_lost_before_the_first_that_came_and_after_the_last_are_counted() -> None:
    feed = Feed(ONE, window=100)
    feed.append(Block(first=30, start=30, columns=(np.arange(30.0, 40),), gap=30))
    assert (feed.counts.received, feed.counts.lost) == (10, 30)
    feed.append(Block(first=50, start=50, columns=(np.empty(0),), gap=10))
    assert (feed.counts.received, feed.counts.lost, feed.next) == (10, 40, 50)
    feed.append(ramp(50, 51))
    assert feed.rows()["row"].values.tolist() == [*range(30, 40), 50]
    assert feed.counts.lost == 40


@pytest.mark.parametrize("schema", [ONE, IRREGULAR])
def test_a_block_without_rows_that_comes_late_says_nothing(schema: Schema) -> None:
    feed = Feed(schema, window=10)
    ticks = None if schema.time.regular else np.arange(5)
    feed.append(Block(first=0, start=0, columns=(np.zeros(5),), ticks=ticks))
    for first in (0, 5):
        ticks = None if schema.time.regular else np.arange(0)
        feed.append(Block(first=first, start=0, columns=(np.empty(0),), ticks=ticks, gap=3))
    assert (feed.counts.received, feed.counts.lost, feed.counts.late, feed.next) == (5, 0, 0, 5)


def test_a_reader_that_begins_in_the_middle_misses_nothing_before() -> None:
    for policy in DROPPING:
        feed = Feed(ONE, window=100)
        feed.append(ramp(0, 500))
        slow = reader(feed, policy)
        slow.begin_at(450)
        (block,) = drain(slow)
        assert (block.first, block.stop, block.gap) == (450, 500, 0)
        assert slow.counts.sent == slow.counts.received == 50


def test_drops_are_shown_for_each_reader() -> None:
    feed = Feed(ONE, window=10, name="x")
    go, entered = threading.Event(), threading.Event()

    def plot(block: Block) -> None:
        entered.set()
        assert go.wait(30)

    feed.sink(plot, policy="drop_newest")
    feed.append(ramp(0, 1))
    assert entered.wait(30)
    feed.append(ramp(1, 31))
    assert "plot: dropped 20 rows (drop_newest)" in repr(feed)
    html = feed._repr_html_()
    assert "<td>plot</td><td>drop_newest</td><td>1</td><td>20</td><td>10</td>" in html
    go.set()
    decimated = repr(strided_feed())
    assert "received 6, decimated 7" in decimated


@pytest.mark.parametrize(
    "make", [lambda feed: feed.pipe(Pass(), policy="best"), lambda feed: Collector(feed, policy=3)]
)
def test_an_unknown_policy_names_those_there_are_and_leaves_nothing_behind(make: object) -> None:
    feed = Feed(ONE, name="parent")
    with pytest.raises(InputError, match=r"'block', 'drop_oldest', 'drop_newest', 'decimate', not"):
        make(feed)  # type: ignore[operator]
    assert feed.readers == ()


@pytest.mark.parametrize("stride", [0, -2, 1.5])
def test_a_stride_that_is_none_is_refused(stride: object) -> None:
    feed = Feed(ONE)
    with pytest.raises(InputError, match="stride"):
        feed.append(Block(first=0, start=0, columns=(np.zeros(2),), stride=stride))  # type: ignore[arg-type]
