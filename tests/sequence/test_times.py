"""Time stamps become whole ticks, and ticks become the same stamps again."""

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.sequence import regularity, sequence, time_coordinate
from midstream_lab.timebase import TimeBase
from midstream_lab.times import recognise, stamps

#: Every kind of even time, dated and not.
BASES = [
    TimeBase(tick=Fraction(1, 360), unit="s"),
    TimeBase(tick=Fraction(1, 44100), unit="s"),
    TimeBase(tick=Fraction(1, 200), unit="s", epoch="2024-05-01T12:00:00"),
    TimeBase(tick=Fraction(3600), unit="s", epoch="2022-03-20T10:00:00"),
    TimeBase(tick=Fraction(86400), unit="s", epoch="2012-01-01T00:00:00"),
    TimeBase(tick=Fraction(1), unit="month", epoch="1950-01-01T00:00:00"),
    TimeBase(tick=Fraction(3), unit="month", epoch="1950-01-15T00:00:00"),
    TimeBase(tick=Fraction(1), unit="month", epoch="2020-01-31T00:00:00"),
    TimeBase(tick=Fraction(1), unit="year", epoch="1871-01-01T00:00:00"),
    TimeBase(tick=Fraction(1), unit="business day", epoch="2024-01-01T00:00:00"),
    TimeBase(tick=Fraction(1, 100), unit="time unit"),
    TimeBase(tick=Fraction(1), unit="tick"),
]


def ident(base: TimeBase) -> str:
    return f"{base.tick} {base.unit} {base.epoch or ''}"


@pytest.mark.parametrize("base", BASES, ids=ident)
@settings(max_examples=25, deadline=None)
@given(rows=st.integers(8, 300), start=st.integers(0, 24))
def test_even_ticks_become_stamps_and_the_same_ticks_again(base: TimeBase, rows: int, start: int) -> None:
    where = start + np.arange(rows)
    times = stamps(where, base)
    found, own = recognise(times, unit=base.unit)
    assert own.regular
    assert own.dt == base.dt
    assert (np.diff(found) == own.step).all()
    np.testing.assert_array_equal(stamps(found, own), times)


@pytest.mark.parametrize("base", [b for b in BASES if b.unit != "business day"], ids=ident)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_holes_are_kept_as_holes(base: TimeBase, data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(1, 38), max_size=8))
    where = np.array([i for i in range(40) if i not in lost])
    found, own = recognise(stamps(where, base), unit=base.unit)
    np.testing.assert_array_equal((found - found[0]) // own.step, where - where[0])
    assert own.dt == base.dt


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 10**15), min_size=3, max_size=50, unique=True).map(sorted))
@example([0, 4, 2_093_264_427_958])
def test_every_dated_stamp_survives_to_the_nanosecond_or_to_its_rounding(offsets: list[int]) -> None:
    times = np.datetime64("2024-01-01", "ns") + np.array(offsets)
    found, base = recognise(times)
    difference = np.abs((stamps(found, base) - times).astype(np.int64))
    assert difference.max() <= (max(1.0, 0.1e9 * float(base.dt)) if base.regular else 0)


@pytest.mark.parametrize(
    ("times", "tick", "unit"),
    [
        (pd.date_range("1958-03-01", periods=30, freq="MS"), "1", "month"),
        (pd.date_range("1958-03-31", periods=30, freq="ME"), "1", "month"),
        (pd.date_range("2000-03-31", periods=12, freq="QE"), "3", "month"),
        (pd.date_range("2000-01-01", periods=12, freq="QS"), "3", "month"),
        (pd.date_range("1871-01-01", periods=30, freq="YS"), "1", "year"),
        (pd.date_range("1871-12-31", periods=30, freq="YE"), "1", "year"),
        (pd.bdate_range("2024-01-02", periods=60), "1", "business day"),
        (pd.date_range("2024-01-01", periods=60, freq="W"), "604800", "s"),
        (pd.date_range("2024-01-01", periods=60, freq="15min"), "900", "s"),
    ],
)
def test_calendars_are_recognised(times: pd.DatetimeIndex, tick: str, unit: str) -> None:
    found, base = recognise(times.to_numpy())
    assert (str(base.dt), base.unit) == (tick, unit)
    assert (np.diff(found) == base.step).all()
    np.testing.assert_array_equal(stamps(found, base), times.to_numpy().astype("datetime64[ns]"))


def test_holidays_make_business_days_gapped() -> None:
    days = pd.bdate_range("2024-01-01", periods=100).delete([10, 50])
    x = sequence(pd.Series(np.arange(98.0), index=days))
    assert (x.time.attrs["tick_unit"], regularity(x)) == ("business day", "gapped")


def test_every_tenth_trading_day_is_irregular() -> None:
    gaps = np.random.default_rng(1).integers(14, 22, 60)
    assert not recognise(np.datetime64("2000-01-03") + np.cumsum(gaps))[1].regular


@pytest.mark.parametrize("rate", [30, 24, 60, 360])
def test_dates_rounded_to_the_microsecond_keep_the_exact_rate(rate: int) -> None:
    exact = np.rint(np.arange(2000) * 1e6 / rate).astype(np.int64)
    base = recognise(np.datetime64("2024-01-01", "us") + exact)[1]
    assert base.dt == Fraction(1, rate)


def test_frames_stamped_in_milliseconds_are_thirty_a_second() -> None:
    times = np.datetime64("2024-01-01", "ms") + np.rint(np.arange(3000) * 1000 / 30).astype(np.int64)
    assert recognise(times)[1].dt == Fraction(1, 30)


def test_stamps_rounded_to_a_fifth_of_the_interval_stay_as_they_are() -> None:
    times = np.cumsum(np.random.default_rng(0).choice([5, 5, 5, 5, 6], 300)).astype(float)
    found, base = recognise(times)
    assert not base.regular
    np.testing.assert_array_equal(found, times * 10**9)


@pytest.mark.parametrize("first", [0.0, 0.25, -3.0, 17.3, 0.123456789012, 1e6 + 1 / 3])
def test_the_first_stamp_need_not_be_a_multiple_of_the_interval(first: float) -> None:
    times = first + 0.5 * np.arange(50)
    found, base = recognise(times)
    assert base.dt == Fraction(1, 2)
    np.testing.assert_allclose(stamps(found, base), times, rtol=0, atol=1e-6)


def test_a_million_stamps_do_not_drift() -> None:
    where = np.arange(10**6)
    base = TimeBase(tick=Fraction(1, 44100), unit="s", epoch="2024-01-01T00:00:00")
    expected = (where * 10**9 + 22050) // 44100
    passed = (stamps(where, base) - np.datetime64("2024-01-01", "ns")).astype(np.int64)
    assert np.abs(passed - expected).max() <= 1


@pytest.mark.parametrize(
    ("times", "words"),
    [
        (np.array([0.0, 1.0, 1.0]), "row 2 .* repeats row 1"),
        (np.array([0.0, 2.0, 1.0]), "row 2 .* lies before row 1"),
        (np.array([0.0, np.nan, 1.0]), "row 1 is missing"),
        (np.array(["2024-01-01", "NaT"], dtype="datetime64[D]"), "row 1 is missing"),
        (np.array([]), "not empty"),
        (np.array(["a", "b"]), "dates or numbers"),
        (np.array(["1200-01-01", "1201-01-01"], dtype="datetime64[D]"), "1678 to 2261"),
        (np.array([0.0, 1.0, 1e12, 2.1e12]), "do not fit whole nanoseconds"),
    ],
)
def test_times_that_cannot_be_used_are_named(times: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        recognise(times)


def test_stamps_beyond_the_years_that_can_be_kept_are_refused() -> None:
    with pytest.raises(InputError, match="1678 to 2261"):
        stamps(np.array([0, 600]), TimeBase(unit="year", epoch="1871-01-01T00:00:00"))


def test_the_coordinate_says_what_its_ticks_mean() -> None:
    coordinate = time_coordinate(np.array([0, 2, 3]), TimeBase(unit="month", epoch="2020-01-31"))
    assert coordinate.attrs == {
        "tick": "1",
        "tick_unit": "month",
        "step": 1,
        "regularity": "gapped",
        "epoch": "2020-01-31",
    }
    assert coordinate.values[1] == np.datetime64("2020-03-31")
