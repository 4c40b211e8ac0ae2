"""The live sequence by itself: rows in, counts, windows, waiting, closing."""

import threading
import time
from typing import Any

import numpy as np
import pytest
from feed_tools import IRREGULAR, ONE, TEXT, chunks, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Block, Channel, Feed, Schema


@pytest.mark.parametrize("size", [1, 7, 4096, 65_537, 100_000])
def test_any_chunk_size_gives_the_same_rows(size):
    feed = Feed(ONE, window=1000)
    for block in chunks(100_000 if size > 1 else 5000, size):
        feed.append(block)
    stop = feed.next
    assert feed.window(1000).values.tolist() == list(range(stop - 1000, stop))
    assert feed.counts.received == stop
    assert feed.counts.overwritten == stop - 1000


@given(sizes=st.lists(st.integers(1, 40), min_size=1, max_size=30), window=st.integers(1, 60))
@settings(deadline=None)
def test_random_chunkings_give_the_same_window(sizes, window):
    feed = Feed(ONE, window=window)
    first = 0
    for size in sizes:
        feed.append(ramp(first, first + size))
        first += size
    held = min(first, window)
    assert feed.window().values.tolist() == list(range(first - held, first))


def test_first_row_sets_the_origin_and_is_no_loss():
    feed = Feed(ONE)
    feed.append(Block(first=500, start=9000, columns=(np.zeros(3),)))
    assert feed.origin == 9000
    assert feed.counts.lost == 0
    assert feed.next == 503


def test_gaps_are_counted_and_nan_in_the_window():
    feed = Feed(ONE)
    feed.append(ramp(0, 3))
    feed.append(ramp(5, 7))
    window = feed.window()
    assert np.array_equal(window.values, [0, 1, 2, np.nan, np.nan, 5, 6], equal_nan=True)
    assert (window.attrs["rows"], window.attrs["missing"]) == (5, 2)
    assert feed.counts.lost == 2


def test_a_window_that_begins_in_a_gap_is_as_long_as_asked():
    feed = Feed(ONE)
    feed.append(ramp(0, 3))
    feed.append(ramp(5, 7))
    assert np.array_equal(feed.window(3).values, [np.nan, 5, 6], equal_nan=True)
    assert feed.window(3, unbroken=True).values.tolist() == [5, 6]


def test_an_enormous_gap_does_not_take_memory():
    feed = Feed(ONE, window=100)
    feed.append(ramp(0, 3))
    feed.append(ramp(10**12, 10**12 + 2))
    assert feed.counts.lost == 10**12 - 3
    assert feed.window().size == 100


def test_late_and_repeated_rows_are_counted_and_left_out():
    feed = Feed(ONE)
    feed.append(ramp(0, 5))
    feed.append(ramp(3, 7))
    feed.append(ramp(0, 2))
    assert feed.window().values.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert feed.counts.late == 4
    assert feed.counts.received == 7


def test_time_comes_from_the_tick_exactly():
    feed = Feed(ONE)
    feed.append(ramp(0, 1_000))
    time = feed.window(1).time
    assert float(time[-1]) == 999 / 360
    assert time.attrs["tick"] == "1/360"
    assert time.attrs["tick_unit"] == "s"
    assert time.attrs["step"] == 1


def test_time_that_contradicts_the_numbers_is_refused():
    feed = Feed(ONE)
    feed.append(ramp(0, 5))
    with pytest.raises(InputError, match="must be at tick 5"):
        feed.append(Block(first=5, start=77, columns=(np.zeros(1),)))


def test_irregular_rows_keep_their_times_and_missing_ones_are_only_counted():
    feed = Feed(IRREGULAR)
    feed.append_rows([[1.0, 2.0]], ticks=[10, 1_000_000_000])
    feed.append(Block(first=4, start=2 * 10**9, columns=(np.ones(1),), ticks=np.array([2 * 10**9])))
    window = feed.window()
    assert window.time.values.tolist() == [1e-8, 1.0, 2.0]
    assert (window.attrs["rows"], window.attrs["missing"]) == (3, 2)
    assert window.time.attrs["regularity"] == "irregular"


def test_rows_hold_all_columns_and_the_sequence_numbers():
    feed = Feed(TEXT)
    feed.append_rows([["a", "é", "猫"], [1.0, 2.0, 3.0]])
    rows = feed.rows(2)
    assert rows["word"].values.tolist() == ["é", "猫"]
    assert rows["row"].values.tolist() == [1, 2]
    assert feed.window().name == "x"


def test_a_feed_without_numbers_names_rows():
    feed = Feed(Schema(channels=(Channel(name="word", kind="category"),)))
    feed.append_rows([["a"]])
    with pytest.raises(InputError, match=r"feed\.rows"):
        feed.window()


def test_an_unknown_channel_is_named_with_those_there_are():
    with pytest.raises(InputError, match="no channel named 'z'; there are x"):
        ONE.index("z")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((np.zeros(2), np.zeros(2)), "2 columns"),
        ((np.zeros((2, 2)),), "1-D array"),
        ((np.array(["a", "b"], object),), "does not fit"),
        ((np.array([1j]),), "does not fit"),
        (([1.0, 2.0],), "1-D array"),
    ],
)
def test_blocks_that_do_not_fit_are_refused(columns, message):
    feed = Feed(ONE)
    with pytest.raises(InputError, match=message):
        feed.append(Block(first=0, start=0, columns=columns))
    assert feed.counts.received == 0


def test_integers_float32_readonly_and_strided_columns_are_taken():
    feed = Feed(ONE)
    readonly = np.arange(3, dtype=np.float32)
    readonly.flags.writeable = False
    feed.append_rows([readonly])
    feed.append_rows(np.arange(6)[:, np.newaxis][::2])
    feed.append_rows(np.zeros((0, 1)))
    assert feed.window().values.tolist() == [0, 1, 2, 0, 2, 4]


def test_texts_must_be_texts():
    with pytest.raises(InputError, match="holds texts, not int"):
        Feed(TEXT).append_rows([["a", 3], [0.0, 0.0]])


def test_the_producer_may_reuse_its_buffer():
    feed = Feed(ONE)
    buffer = np.ones(3)
    feed.append_rows([buffer])
    buffer[:] = 7
    assert feed.window().values.tolist() == [1, 1, 1]


def test_bounded_in_bytes_with_texts_counted():
    feed = Feed(TEXT, max_bytes=10_000)
    for _ in range(100):
        feed.append_rows([["x" * 1000] * 3, [0.0] * 3])
    assert feed.ring.bytes <= 10_000
    assert 1 <= feed.ring.size < 10
    assert feed.counts.received == 300
    assert feed.counts.overwritten == 300 - feed.ring.size
    assert sum(value is not None for value in feed.ring._columns[0]) == feed.ring.size


def test_a_text_larger_than_the_feed_is_refused():
    with pytest.raises(InputError, match="does not fit into a feed"):
        Feed(TEXT, max_bytes=1000).append_rows([["x" * 2000], [0.0]])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"window": 1.5}, "window must be a whole number"),
        ({"window": None}, "window must be a whole number"),
        ({"max_bytes": "1 MB"}, "max_bytes must be a whole number"),
        ({"schema": None}, "Schema"),
    ],
)
def test_a_feed_of_another_kind_of_size_is_refused(change: dict[str, Any], words: str) -> None:
    given = {"schema": Schema(channels=(Channel(name="x"),))} | change
    with pytest.raises(InputError, match=words):
        Feed(given.pop("schema"), **given)


@pytest.mark.parametrize("n", [0, -1, 1.5, "all"])
def test_a_window_is_a_whole_number_of_rows(n: Any) -> None:
    with Feed(Schema(channels=(Channel(name="x"),))) as feed:
        feed.append_rows([[1.0, 2.0]])
        for ask in (feed.window, feed.rows):
            with pytest.raises(InputError, match="whole number of rows"):
                ask(n)


@pytest.mark.parametrize("options", [{"window": 0}, {"max_bytes": 4}])
def test_a_feed_holds_at_least_one_row(options):
    with pytest.raises(InputError, match="at least one row"):
        Feed(ONE, **options)


def test_tail_gives_each_unbroken_run_once():
    feed = Feed(ONE)
    feed.append(ramp(0, 3))
    feed.append(ramp(5, 9))
    first = feed.tail(1)
    assert (first.first, first.stop) == (1, 3)
    second = feed.tail(first.stop)
    assert (second.first, second.stop, second.gap) == (5, 9, 2)
    assert feed.tail(second.stop) is None
    assert not second.columns[0].flags.writeable


def test_tail_of_an_empty_feed_is_none_and_a_window_says_how_to_wait():
    feed = Feed(ONE)
    assert feed.tail(0) is None
    with pytest.raises(InputError, match="no rows yet"):
        feed.window()
    with pytest.raises(InputError, match="at least one row"):
        feed.window(0)


def test_a_window_is_never_torn_while_the_writer_runs():
    feed = Feed(Schema(channels=(Channel(name="x"), Channel(name="y"))), window=500)
    feed.append_rows([[0.0], [0.0]])
    stop = threading.Event()

    def write():
        size = 1
        while not stop.is_set():
            row = np.arange(feed.next, feed.next + size, dtype=float)
            feed.append_rows([row, -row])
            size = size % 97 + 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            window = feed.window(400)
            assert np.array_equal(window.values[:, 0], -window.values[:, 1])
            assert (np.diff(window.values[:, 0]) == 1).all()
            block = feed.tail(feed.next - 300)
            assert block.columns[0][0] == block.first
            counts = feed.counts
            assert counts.received - counts.overwritten <= 500
    finally:
        stop.set()
        writer.join()


def test_wait_for_rows_for_time_and_for_the_end():
    feed = Feed(ONE)
    writer = threading.Thread(target=lambda: [feed.append(block) for block in chunks(720, 9)] and feed.close())
    writer.start()
    assert feed.wait(n=700, timeout=30)
    assert feed.wait(t=719 / 360, timeout=30)
    assert feed.wait(timeout=30)
    writer.join()


def test_wait_says_what_it_waited_for():
    feed = Feed(ONE, name="ecg")
    with feed:
        feed.append(ramp(0, 3))
        with pytest.raises(LabError, match=r"waited 0.01 s for 5 rows, but feed 'ecg' has received 3 rows"):
            feed.wait(n=5, timeout=0.01)
    with pytest.raises(LabError, match="received 3 rows and is closed"):
        feed.wait(n=5, timeout=1)


def test_wait_raises_the_error_of_the_feed():
    feed = Feed(ONE)
    feed.close(LabError("the server went away"))
    with pytest.raises(LabError, match="the server went away"):
        feed.wait(n=1)
    with pytest.raises(LabError, match="the server went away"):
        feed.wait()


def test_a_closed_feed_keeps_its_window_and_takes_no_rows():
    feed = Feed(ONE)
    feed.append(ramp(0, 3))
    feed.close()
    feed.close(LabError("too late to matter"))
    assert feed.error is None
    assert feed.window().size == 3
    with pytest.raises(LabError, match="is closed"):
        feed.append(ramp(3, 4))


def test_an_error_inside_a_with_block_is_kept():
    feed = Feed(ONE)
    with pytest.raises(ZeroDivisionError), feed:
        raise ZeroDivisionError
    assert isinstance(feed.error, ZeroDivisionError)


def test_a_feed_shows_itself():
    feed = Feed(ONE, name="<ecg>")
    feed.append(ramp(0, 3))
    feed.note("a note")
    assert repr(feed) == "Feed(<ecg>: x [mV]; one row every 1/360 s; received 3; running)\n  a note"
    assert "&lt;ecg&gt;" in feed._repr_html_()
    feed.close(LabError("no & more"))
    assert "failed: no &amp; more" in feed._repr_html_()


def test_late_irregular_rows_are_left_out():
    feed = Feed(IRREGULAR)
    feed.append_rows([[1.0, 2.0]], ticks=[10, 20])
    feed.append(Block(first=0, start=10, columns=(np.ones(1),), ticks=np.array([10])))
    assert feed.counts.late == 1
    with pytest.raises(InputError, match="goes back in time"):
        feed.append_rows([[3.0]], ticks=[19])


@pytest.mark.parametrize(
    ("ticks", "message"), [(None, "give ticks"), ([1], "give ticks"), ([2, 1], "must not go back in time")]
)
def test_times_of_irregular_rows_are_checked(ticks, message):
    with pytest.raises(InputError, match=message):
        Feed(IRREGULAR).append_rows([[1.0, 2.0]], ticks=ticks)


def test_regular_rows_have_no_times_of_their_own():
    with pytest.raises(InputError, match="leave out ticks"):
        Feed(ONE).append_rows([[1.0]], ticks=[0])


def test_room_for_texts_leaves_half_of_the_bytes_free():
    feed = Feed(TEXT, max_bytes=100_000, hold=True)
    assert feed.room() == feed.ring.capacity
    while feed.room() > 0:
        feed.append_rows([["x" * 1000], [0.0]])
    assert 40_000 <= feed.ring.bytes <= 60_000


def test_arrival_is_kept_apart_from_the_time_of_the_rows():
    feed = Feed(ONE)
    assert feed.arrived is None
    before = time.monotonic()
    feed.append(Block(first=0, start=-360_000, columns=(np.zeros(1),)))
    assert before <= feed.arrived <= time.monotonic()
    assert float(feed.window().time[0]) == -1000


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (np.zeros((3, 2)), r"shape \(rows, 1\), not \(3, 2\)"),
        ([np.zeros(3), np.zeros(3)], "one array for each of the 1 channels"),
        (7.0, "not float"),
    ],
)
def test_rows_of_another_shape_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        Feed(ONE).append_rows(columns)


def test_what_is_no_block_is_refused():
    with pytest.raises(InputError, match="a feed takes blocks, not ndarray"):
        Feed(ONE).append(np.zeros(3))


def test_waiting_for_more_room_than_there_can_be_is_refused():
    feed = Feed(ONE, window=10)
    with pytest.raises(InputError, match="holds 10 rows; ask for fewer"):
        feed.wait_room(11)


def test_the_capacity_is_what_the_window_holds():
    assert Feed(ONE, window=123).capacity == 123
    assert 1 <= Feed(ONE, max_bytes=1000).capacity <= 125
