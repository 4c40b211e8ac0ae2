"""Sequences as sources, and threads that push sources into feeds."""

import threading

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from feed_tools import ONE, Collector, Held, Pass, chunks

from midstream_lab.errors import InputError, LabError
from midstream_lab.feed import Feed, SequenceSource, Source, run_source
from midstream_lab.sequence import sequence


def test_a_sequence_is_a_source_with_its_own_time_and_units():
    x = sequence(np.arange(10.0), dt="1/360", name="ecg").assign_attrs(units="mV", title="a heart")
    source = SequenceSource(x, chunk=4)
    assert isinstance(source, Source)
    assert [(c.name, c.unit) for c in source.schema.channels] == [("ecg", "mV")]
    assert str(source.schema.time.dt) == "1/360"
    assert source.schema.attrs["title"] == "a heart"
    assert [(b.first, len(b)) for b in source.blocks()] == [(0, 4), (4, 4), (8, 2)]
    assert len(source) == 10


def test_channels_keep_their_names_and_units():
    x = sequence(np.zeros((5, 2)), dt=1, channels=["a", "b"]).assign_coords(unit=("channel", ["mV", "K"]))
    assert [(c.name, c.unit) for c in SequenceSource(x).schema.channels] == [("a", "mV"), ("b", "K")]


def test_a_channel_that_was_selected_keeps_its_name_and_unit():
    x = sequence(np.zeros((5, 2)), dt=1, channels=["a", "b"]).assign_coords(unit=("channel", ["mV", "K"]))
    assert [(c.name, c.unit) for c in SequenceSource(x.sel(channel="b")).schema.channels] == [("b", "K")]


def test_a_sequence_survives_the_way_through_a_feed():
    x = sequence(np.random.default_rng(0).standard_normal((5000, 3)), dt="1/360", channels=["a", "b", "c"])
    source = SequenceSource(x, chunk=999)
    feed = Feed(source.schema)
    run_source(source, feed).join(30)
    assert np.array_equal(feed.window().values, x.values)
    assert np.array_equal(feed.window().time.values, x.time.values)


def test_missing_rows_are_gaps_and_nan_values_stay():
    x = sequence(np.arange(10.0), dt="1/4").isel(time=[0, 1, 2, 6, 7])
    x[1] = np.nan
    source = SequenceSource(x)
    feed = Feed(source.schema)
    run_source(source, feed).join(30)
    assert feed.counts.lost == 3
    assert np.array_equal(feed.window().values, [0, np.nan, 2, np.nan, np.nan, np.nan, 6, 7], equal_nan=True)


def test_calendar_and_irregular_times_are_kept():
    months = pd.Series(np.arange(24.0), index=pd.date_range("2000-01-01", periods=24, freq="MS"))
    source = SequenceSource(months)
    feed = Feed(source.schema)
    run_source(source, feed).join(30)
    assert feed.window().time.attrs["regularity"] == "calendar"
    assert feed.window().time.values[-1] == np.datetime64("2001-12-01")
    odd = pd.Series([1.0, 2.0, 3.0], index=[0.0, 0.1, 2**0.5])
    source = SequenceSource(odd)
    feed = Feed(source.schema)
    run_source(source, feed).join(30)
    assert feed.window().time.attrs["regularity"] == "irregular"
    assert feed.window().time.values.tolist() == pytest.approx([0, 0.1, 2**0.5], abs=1e-9)


def test_a_source_that_can_wait_loses_nothing_to_a_slow_reader():
    source = SequenceSource(np.arange(100_000.0), dt="1/360", name="x", chunk=30_000)
    feed = Feed(source.schema, window=512)
    held = Held()
    end = Collector(feed.pipe(held))
    thread = run_source(source, feed)
    assert held.entered.wait(30)
    held.go.set()
    assert np.array_equal(end.values(), np.arange(100_000))
    thread.join(30)
    assert feed.closed


def test_a_live_source_does_not_wait():
    class Live:
        schema = ONE
        live = True

        def blocks(self, stop):
            yield from chunks(1000, 100)

    feed = Feed(ONE, window=100)
    held = Held()
    child = feed.pipe(held, policy="drop_oldest")
    run_source(Live(), feed).join(30)
    held.go.set()
    child.wait(timeout=30)
    counts = child.upstream.reader.counts
    assert feed.counts.received == 1000
    assert counts.received + counts.dropped == counts.sent
    assert counts.dropped >= 800


def test_closing_the_feed_stops_the_source_and_stop_ends_the_feed():
    class Endless:
        schema = ONE
        live = False
        ended = threading.Event()

        def blocks(self, stop):
            for block in chunks(10**9, 10):
                if stop.wait(0.001):
                    break
                yield block
            self.ended.set()

    feed = Feed(ONE)
    thread = run_source(Endless(), feed)
    feed.wait(n=50, timeout=30)
    feed.close()
    thread.join(30)
    assert not thread.is_alive()
    stop = threading.Event()
    feed = Feed(ONE)
    thread = run_source(Endless(), feed, stop=stop)
    feed.wait(n=50, timeout=30)
    stop.set()
    assert feed.wait(timeout=30)
    thread.join(30)


def test_a_waiting_source_ends_when_it_is_told_to():
    feed = Feed(ONE, window=10)
    held = Held()
    feed.pipe(held)
    stop = threading.Event()
    source = SequenceSource(np.arange(1000.0), dt="1/360", name="x")
    source.schema = ONE
    thread = run_source(source, feed, stop=stop)
    assert held.entered.wait(30)
    stop.set()
    thread.join(30)
    assert not thread.is_alive()
    held.go.set()


def test_a_source_that_fails_closes_the_feed_with_its_error():
    class Broken:
        schema = ONE
        live = False

        def blocks(self, stop):
            yield from chunks(20, 10)
            raise LabError("the sensor is unplugged")

    feed = Feed(ONE)
    child = feed.pipe(Pass())
    run_source(Broken(), feed)
    with pytest.raises(LabError, match="unplugged"):
        child.wait(timeout=30)
    assert child.counts.received == 20


@pytest.mark.parametrize("x", [[], [np.inf], "words"])
def test_what_is_no_sequence_is_refused(x):
    with pytest.raises(InputError):
        SequenceSource(x)


def test_chunk_and_schema_are_checked():
    with pytest.raises(InputError, match="chunk must be"):
        SequenceSource([1.0], chunk=0)
    with pytest.raises(InputError, match="another schema"):
        run_source(SequenceSource([1.0], dt=1), Feed(ONE))


def table(**variables):
    """Irregular rows of a Dataset."""
    return xr.Dataset({k: ("time", v) for k, v in variables.items()}, coords={"time": [0.0, 0.5, 2.0]})


def test_the_texts_of_a_dataset_come_too_and_a_missing_one_is_empty():
    x = table(place=np.array(["Amboy", None, "Ålesund"], object), mag=[0.3, np.nan, 5.3], net=["uw", "mb", "us"])
    source = SequenceSource(x)
    assert [(c.name, c.kind) for c in source.schema.channels] == [("mag", "float"), ("place", "text"), ("net", "text")]
    feed = Feed(source.schema)
    run_source(source, feed).join()
    rows = feed.rows()
    assert rows["place"].values.tolist() == ["Amboy", "", "Ålesund"]
    assert rows["net"].values.tolist() == ["uw", "mb", "us"]
    np.testing.assert_array_equal(rows["mag"], [0.3, np.nan, 5.3])


def test_a_variable_that_holds_neither_numbers_nor_texts_is_named():
    with pytest.raises(InputError, match=r"'when' holds neither numbers nor texts .*drop_vars\('when'\)"):
        SequenceSource(table(mag=[1.0, 2.0, 3.0], when=np.array(["2020", "2021", "2022"], "datetime64[ns]")))
