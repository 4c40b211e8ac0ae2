"""Dejittering: known jitter gets much smaller, gaps are not smeared over, the raw times stay, online equals batch."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Dejitter, Feed, Schema, dejitter
from midstream_lab.sequence import from_ticks, ticks
from midstream_lab.timebase import TimeBase

NS = TimeBase(tick=Fraction(1, 10**9), unit="s", step=0, epoch="1970-01-01T00:00:00")
SCHEMA = Schema(channels=(Channel(name="x"),), time=NS)
BEGIN = 1_700_000_000 * 10**9
PERIOD = 10_000_000  # 100 Hz
JITTER = 2_000_000


def jittered(true: np.ndarray, *, seed: int = 0, sd: float = JITTER) -> np.ndarray:
    noisy = true + np.random.default_rng(seed).normal(0, sd, len(true)).astype(np.int64)
    return np.maximum.accumulate(noisy)


def even(rows: int, *, period: float = PERIOD) -> np.ndarray:
    return BEGIN + np.rint(np.arange(rows) * period).astype(np.int64)


def recorded(times: np.ndarray) -> xr.DataArray:
    return from_ticks(np.arange(float(len(times))), times, NS, channels=None)


def error(found: np.ndarray, true: np.ndarray) -> float:
    return float(np.sqrt(np.mean((found - true).astype(np.float64) ** 2)))


def test_known_jitter_gets_much_smaller() -> None:
    true = even(12_000)
    found = ticks(dejitter(recorded(jittered(true))))
    assert error(found[1000:], true[1000:]) < 0.1 * JITTER
    assert error(found[6000:], true[6000:]) < 0.06 * JITTER


def test_it_is_least_squares_as_long_as_nothing_is_forgotten() -> None:
    raw = jittered(even(400))
    found = ticks(dejitter(recorded(raw), halftime=1e9, gap=1e6))
    n = np.arange(len(raw))
    for last in (2, 10, 399):
        line = np.polynomial.Polynomial.fit(n[: last + 1], (raw[: last + 1] - BEGIN).astype(float), 1)
        assert found[last] - BEGIN == pytest.approx(line(last), abs=100)


def test_a_rate_that_drifts_is_followed() -> None:
    n = np.arange(30_000)
    true = BEGIN + np.rint(n * PERIOD * (1 + 50e-6 * n / len(n))).astype(np.int64)
    found = ticks(dejitter(recorded(jittered(true)), halftime=20.0))
    assert error(found[3000:], true[3000:]) < 0.2 * JITTER


def test_a_gap_in_time_begins_a_new_line_and_is_not_smeared_over() -> None:
    true = even(4000)
    true[2000:] += 5 * 10**9
    found = dejitter(recorded(jittered(true)))
    assert found.attrs["time_gaps"] == 1
    placed = ticks(found)
    assert error(placed[:2000], true[:2000]) < 0.5 * JITTER
    assert error(placed[2100:], true[2100:]) < 0.4 * JITTER
    assert placed[2000] - placed[1999] == pytest.approx(5 * 10**9 + PERIOD, abs=4 * JITTER)


def test_missing_rows_leave_their_places_on_the_line_free() -> None:
    true = even(6000)
    raw = jittered(true)
    feed = Feed(SCHEMA)
    out = feed.pipe(Dejitter())
    for first, stop in ((0, 3000), (3400, 6000)):
        x = np.arange(float(first), stop)
        feed.append(Block(first=first, start=int(raw[first]), columns=(x,), ticks=raw[first:stop]))
    feed.close()
    out.wait(timeout=30)
    rows = out.rows()
    placed = ticks(rows)
    assert error(placed[1000:], true[rows.row.values][1000:]) < 0.1 * JITTER
    assert not any(
        "gaps in time" in line for line in out.health
    )  # the line went on: 4 s of rows were missing by number


def test_gaps_in_time_are_told_in_the_health() -> None:
    true = even(400)
    true[200:] += 5 * 10**9
    feed = Feed(SCHEMA)
    out = feed.pipe(Dejitter())
    feed.append_rows([np.zeros(400)], ticks=true)
    feed.close()
    out.wait(timeout=30)
    assert any(line.startswith("gaps in time: 1;") for line in out.health)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_online_equals_batch_however_the_rows_are_cut_and_the_raw_times_stay(size: int) -> None:
    true = even(3000)
    true[1500:] += 3 * 10**9
    raw = jittered(true)
    feed = Feed(SCHEMA)
    out = feed.pipe(Dejitter())
    for at in range(0, len(raw), size):
        feed.append_rows([np.zeros(len(raw[at : at + size]))], ticks=raw[at : at + size])
    feed.close()
    out.wait(timeout=60)
    rows = out.rows()
    assert np.array_equal(rows.raw_time.values, raw)
    batch = dejitter(recorded(raw))
    assert np.array_equal(ticks(rows), ticks(batch))
    assert np.array_equal(batch.raw_time.values, raw)


def test_times_never_go_back() -> None:
    raw = jittered(even(2000), sd=30_000_000)
    assert np.all(np.diff(ticks(dejitter(recorded(raw)))) >= 0)


def test_even_times_stay_as_they_are_to_the_tick() -> None:
    true = even(5000)
    assert np.max(np.abs(ticks(dejitter(recorded(true), gap=2.0)) - true)) <= 1


@pytest.mark.parametrize("times", [[0], [0, 0, 0, 0], [0, 5, 5 * 10**9, 5 * 10**9 + 1]])
def test_few_equal_and_odd_times_are_taken(times: list[int]) -> None:
    feed = Feed(SCHEMA)
    out = feed.pipe(Dejitter())
    feed.append_rows([np.zeros(len(times))], ticks=times)
    feed.close()
    assert out.wait(timeout=30)
    assert out.counts.received == len(times)


def test_regular_time_is_refused() -> None:
    with pytest.raises(InputError, match="irregular time in seconds; this is regular"):
        dejitter(pd.Series(range(9), index=pd.date_range("2020", periods=9, freq="s")))
    with pytest.raises(InputError, match="irregular time in seconds"):
        Feed(Schema(channels=(Channel(name="x"),))).pipe(Dejitter())


@pytest.mark.parametrize("bad", [0, -1.0, float("nan"), float("inf"), "90"])
def test_parameters_that_are_no_time_are_refused(bad: float) -> None:
    with pytest.raises(InputError, match="halftime must be a positive number of seconds"):
        Dejitter(halftime=bad)
    with pytest.raises(InputError, match="gap must be a positive number of seconds"):
        dejitter(recorded(even(3) + np.array([0, 1, 3])), gap=bad)
