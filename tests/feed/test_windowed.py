"""A batch function on windows of a feed."""

import threading

import numpy as np
import pytest
import xarray as xr
from feed_tools import IRREGULAR, ONE, TEXT, Collector, chunks, ramp
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Feed, Schema, Windowed


def mean(x: xr.DataArray) -> dict[str, float]:
    return {"mean": float(x.mean())}


def estimate(x: xr.DataArray) -> xr.Dataset:
    """The shape of an estimate: value, interval, status, reasons, and a curve that does not fit into a row."""
    level = float(x.mean())
    return xr.Dataset(
        {
            "exponent": ((), level, {"units": "1/s"}),
            "interval": ("end", [level - 1, level + 1], {"units": "1/s"}),
            "status": "ok" if level > 5 else "inconclusive",
            "reasons": "" if level > 5 else "too low",
            "divergence": ("lag", np.zeros(7)),
        }
    )


def done(feed: Feed, child: Feed) -> Feed:
    feed.close()
    child.wait(timeout=60)
    return child


@pytest.mark.parametrize("size", [1, 7, 100, 4096, 10_000])
def test_windows_end_at_rows_divisible_by_every_for_any_chunk_size(size):
    feed = Feed(ONE)
    child = feed.pipe(Windowed(mean, window=50, every=20, late="wait"))
    for block in chunks(1000, size):
        feed.append(block)
    rows = done(feed, child).rows()
    ends = np.arange(60, 1000, 20)
    assert rows["row"].values.tolist() == (ends // 20).tolist()
    assert rows["mean"].values.tolist() == (ends - 24.5).tolist()
    assert np.allclose(rows["time"].values, ends / 360)
    assert child.schema.time.step == 20
    assert child.schema.attrs["window"] == 50


@given(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=20), window=st.integers(1, 30), every=st.integers(1, 30))
@settings(deadline=None, max_examples=20)
def test_random_chunkings_fire_the_same_windows(sizes, window, every):
    feed = Feed(ONE)
    child = feed.pipe(Windowed(mean, window=window, every=every, late="wait"))
    first = 0
    for size in sizes:
        feed.append(ramp(first, first + size))
        first += size
    end = Collector(child)
    feed.close()
    expected = [r - (window - 1) / 2 for r in range(0, first, every) if r >= window - 1]
    assert end.values().tolist() == expected


def test_numbering_follows_the_rows_of_a_feed_that_was_joined_late():
    feed = Feed(ONE)
    child = feed.pipe(Windowed(mean, window=10, every=100, late="wait"))
    feed.append(ramp(12_345, 12_645))
    assert done(feed, child).rows()["row"].values.tolist() == [124, 125, 126]
    assert child.counts.lost == 0


def test_an_estimate_becomes_columns():
    feed = Feed(ONE)
    child = feed.pipe(Windowed(estimate, window=4, every=4, late="wait"))
    feed.append(ramp(0, 13))
    rows = done(feed, child).rows()
    assert [(c.name, c.unit, c.kind) for c in child.schema.channels] == [
        ("exponent", "1/s", "float"),
        ("interval_low", "1/s", "float"),
        ("interval_high", "1/s", "float"),
        ("status", "", "category"),
        ("reasons", "", "text"),
    ]
    assert rows["exponent"].values.tolist() == [2.5, 6.5, 10.5]
    assert rows["interval_low"].values.tolist() == [1.5, 5.5, 9.5]
    assert rows["status"].values.tolist() == ["inconclusive", "ok", "ok"]
    assert rows["reasons"].values.tolist() == ["too low", "", ""]


@pytest.mark.parametrize(
    ("fn", "kinds"),
    [
        (lambda x: float(x[-1]), ["float"]),
        (lambda x: x.mean(), ["float"]),
        (lambda x: {"n": x.size, "up": bool(x[-1] > x[0])}, ["int", "bool"]),
        (lambda x: {"n": np.int64(3), "curve": np.zeros(3)}, ["int"]),
    ],
)
def test_numbers_mappings_and_arrays_may_be_returned(fn, kinds):
    feed = Feed(ONE)
    child = feed.pipe(Windowed(fn, window=4, every=4, late="wait"))
    feed.append(ramp(0, 9))
    assert done(feed, child).counts.received == 2
    assert [channel.kind for channel in child.schema.channels] == kinds


def test_a_window_is_an_ordinary_sequence():
    seen = []
    feed = Feed(Schema(channels=(Channel(name="a"), Channel(name="word", kind="text"), Channel(name="b", kind="int"))))
    child = feed.pipe(Windowed(lambda x: seen.append(x) or 0.0, window=3, every=2, late="wait", name="look"))
    feed.append_rows([[0.0, 1.0, 2.0], ["p", "q", "r"], [5, 6, 7]])
    done(feed, child)
    assert seen[-1].dims == ("time", "channel")
    assert seen[-1]["channel"].values.tolist() == ["a", "b"]
    assert seen[-1].values.tolist() == [[0, 5], [1, 6], [2, 7]]
    assert seen[-1].time.attrs["regularity"] == "regular"


def test_windows_that_touch_missing_rows_are_not_computed_but_counted():
    feed = Feed(ONE)
    operator = Windowed(mean, window=4, every=2, late="wait")
    child = feed.pipe(operator)
    feed.append(ramp(0, 9))
    feed.append(ramp(11, 20))
    # 8 is the last whole window before the gap; 10 is missing itself; 12 reaches into it.
    assert done(feed, child).rows()["row"].values.tolist() == [2, 3, 4, 7, 8, 9]
    assert (operator.fired, operator.broken, operator.skipped) == (6, 2, 0)
    assert child.counts.lost == 2
    assert "2 windows were not computed" in " ".join(child.health)


def test_irregular_time_stays_irregular():
    feed = Feed(IRREGULAR)
    child = feed.pipe(Windowed(mean, window=2, every=2, late="wait"))
    feed.append_rows([np.arange(5.0)], ticks=[0, 5, 11, 12, 40])
    done(feed, child)
    assert child.tail(0).ticks.tolist() == [11, 40]


def test_when_behind_skip_computes_the_newest_window_and_counts_the_rest():
    feed = Feed(ONE, window=1000)
    entered, go = threading.Event(), threading.Event()

    def slow(x):
        entered.set()
        assert go.wait(30)
        return {"last": float(x[-1])}

    operator = Windowed(slow, window=10, every=10, schema=Schema(channels=(Channel(name="last"),)))
    child = feed.pipe(operator)
    feed.append(ramp(0, 15))
    assert entered.wait(30)
    for first in range(15, 3015, 100):
        feed.append(ramp(first, first + 100))
    go.set()
    rows = done(feed, child).rows()
    assert rows["last"].values.tolist() == [10, 3010]
    counts = child.upstream.reader.counts
    assert counts.received + counts.dropped == counts.sent == 3015
    assert operator.fired + operator.skipped + operator.broken == 301
    assert operator.skipped > 0
    assert "slower than the rows come" in " ".join(child.health)


def test_when_behind_wait_computes_every_window():
    feed = Feed(ONE)
    operator = Windowed(mean, window=10, every=10, late="wait")
    child = feed.pipe(operator)
    feed.append(ramp(0, 5000))
    assert done(feed, child).counts.received == 499
    assert operator.skipped == 0


def test_skip_is_not_put_off_for_ever_by_rows_that_keep_coming():
    operator = Windowed(mean, window=4, every=1)
    operator.schema_out(ONE)
    fired = 0
    for first in range(0, 1000, 10):
        operator.behind(500)
        fired += operator.update(ramp(first, first + 10)) is not None
    assert fired == 1
    operator.behind(0)
    assert operator.update(ramp(1000, 1010)).first == 1009


def test_a_function_that_raises_on_the_data_closes_its_feed():
    def picky(x):
        if float(x[-1]) == 8:
            raise ValueError("eight")
        return 1.0

    feed = Feed(ONE)
    child = feed.pipe(Windowed(picky, window=4, every=4, late="wait"))
    feed.append(ramp(0, 20))
    with pytest.raises(ValueError, match="eight"):
        child.wait(timeout=30)
    assert child.counts.received == 1


def test_a_function_that_cannot_take_noise_needs_a_schema():
    def positive(x):
        if float(x.min()) < 0:
            raise ValueError("negative")
        return {"low": float(x.min())}

    feed = Feed(ONE)
    with pytest.raises(InputError, match=r"positive could not be tried on a window of noise.*\(negative\).*schema="):
        feed.pipe(Windowed(positive, window=4, every=4))
    given = Schema(channels=(Channel(name="low"),))
    child = feed.pipe(Windowed(positive, window=4, every=4, late="wait", schema=given))
    feed.append(ramp(0, 9))
    assert done(feed, child).window().values.tolist() == [1, 5]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"other": 1.0}, "returned no level; it returned other"),
        ({"level": "high"}, "returned 'high' for 'level', which holds float values"),
        ({"level": object()}, "returned object for 'level'"),
    ],
)
def test_results_that_do_not_fit_say_so(result, message):
    feed = Feed(ONE)
    given = Schema(channels=(Channel(name="level"),))
    child = feed.pipe(Windowed(lambda x: result, window=4, every=4, late="wait", schema=given))
    feed.append(ramp(0, 9))
    with pytest.raises(InputError, match=message):
        child.wait(timeout=30)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"window": 0, "every": 1}, "window must be"),
        ({"window": 5, "every": 2.5}, "every must be"),
        ({"window": 5, "every": 1, "late": "never"}, "late must be"),
    ],
)
def test_parameters_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        Windowed(mean, **options)


def test_a_window_larger_than_the_feed_and_a_feed_without_numbers_are_refused():
    with pytest.raises(InputError, match="does not fit into the feed's 100"):
        Feed(ONE, window=100).pipe(Windowed(mean, window=101, every=1))
    texts = Feed(Schema(channels=TEXT.channels[:1]))
    with pytest.raises(InputError, match="needs a numeric channel; the feed has word"):
        texts.pipe(Windowed(mean, window=2, every=1))
    with pytest.raises(InputError, match="without a single number"):
        Feed(ONE).pipe(Windowed(lambda x: {}, window=2, every=1))


def test_wait_needs_no_more_than_its_own_window():
    feed = Feed(ONE, window=16)
    child = feed.pipe(Windowed(mean, window=100, every=50, late="wait"))
    for block in chunks(400, 8):
        assert feed.wait_room(len(block), timeout=30)
        feed.append(block)
    assert done(feed, child).counts.received == 6


def test_the_result_bears_the_time_of_the_newest_row_even_after_an_epoch():
    feed = Feed(ONE)
    child = feed.pipe(Windowed(mean, window=2, every=3, late="wait"))
    feed.append(Block(first=7, start=700, columns=(np.arange(9.0),)))
    done(feed, child)
    assert child.rows()["row"].values.tolist() == [3, 4, 5]
    assert child.tail(0).start == 702
