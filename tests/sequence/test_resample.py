"""Gaps, missing values and irregular times become even, and every made value is counted."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.resample import resample
from midstream_lab.sequence import regularity, sequence, series, ticks, timebase

NAN = float("nan")


def test_missing_values_lie_on_the_line_between_their_neighbours() -> None:
    found = resample(sequence([0.0, NAN, NAN, 3.0, 5.0], dt="1/360", nan="keep"))
    assert found.values.tolist() == [0.0, 1.0, 2.0, 3.0, 5.0]
    assert (found.attrs["filled"], found.attrs["fill_method"]) == (2, "linear")
    assert "missing" not in found.attrs
    assert timebase(found).dt == Fraction(1, 360)


def test_previous_holds_the_last_measurement() -> None:
    found = resample(sequence([0.0, NAN, NAN, 3.0, NAN], dt=1, nan="keep"), method="previous")
    assert found.values.tolist() == [0.0, 0.0, 0.0, 3.0, 3.0]
    assert found.attrs["filled"] == 3


def test_nothing_is_made_up_at_the_ends() -> None:
    found = resample(sequence([NAN, 1.0, 2.0, NAN, NAN], dt=1, nan="keep"))
    assert found.values.tolist() == [1.0, 2.0]
    assert found.time.values.tolist() == [1.0, 2.0]
    assert (found.attrs["trimmed"], found.attrs["filled"]) == (3, 0)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_was_measured_stays_bit_for_bit(data: st.DataObject) -> None:
    lost = data.draw(st.sets(st.integers(1, 58), max_size=25))
    rows = np.array([i for i in range(60) if i not in lost])
    values = np.random.default_rng(0).standard_normal(60)
    x = sequence(pd.Series(values[rows], index=pd.Index(rows / 8)))
    x.time.attrs["units"] = "s"
    found = resample(x, dt="1/8" if lost else None)
    np.testing.assert_array_equal(found.values[rows], values[rows])
    np.testing.assert_allclose(found.values, np.interp(np.arange(60), rows, values[rows]), rtol=1e-12, atol=1e-14)
    assert found.attrs["filled"] == len(lost)
    assert series(found)[1] == 0.125


def test_missing_months_are_filled_by_month_and_stay_months() -> None:
    index = pd.date_range("2024-01-01", periods=12, freq="MS").delete([1, 6])
    found = resample(pd.Series(np.arange(10.0), index=index))
    assert regularity(found) == "calendar"
    np.testing.assert_array_equal(found.time.values, pd.date_range("2024-01-01", periods=12, freq="MS").to_numpy())
    assert found.values[1] == 0.5  # half the months, whatever their days
    assert found.attrs["filled"] == 2


def test_holidays_among_business_days_are_filled() -> None:
    days = pd.bdate_range("2024-01-01", periods=60)
    found = resample(pd.Series(np.arange(59.0), index=days.delete(20)))
    assert (regularity(found), found.sizes["time"]) == ("calendar", 60)
    np.testing.assert_array_equal(found.time.values, days.to_numpy())


def test_months_become_quarters() -> None:
    x = sequence(pd.Series(np.arange(13.0), index=pd.date_range("2024-01-01", periods=13, freq="MS")))
    found = resample(x[1:], dt=3)
    assert found.values.tolist() == [1.0, 4.0, 7.0, 10.0]
    assert found.time.values[1] == np.datetime64("2024-05-01")
    assert timebase(found).dt == 3


def test_irregular_time_becomes_even_and_exact() -> None:
    where = np.sort(np.random.default_rng(3).uniform(0, 10, 400))
    found = resample(sequence(pd.Series(np.sin(where), index=pd.Index(where, name="t"))), dt="1/50")
    assert (timebase(found).dt, regularity(found)) == (Fraction(1, 50), "regular")
    np.testing.assert_allclose(found.values, np.sin(found.time.values), atol=2e-3)
    assert found.time.values[0] == pytest.approx(where[0], abs=1e-9)


def test_irregular_dates_keep_the_calendar_of_the_wall() -> None:
    days = np.datetime64("2000-01-04") + np.cumsum([0, 14, 17, 14, 15, 21, 14])
    found = resample(pd.Series(np.arange(7.0), index=days), dt=timedelta(days=7))
    assert found.time.values[2] == np.datetime64("2000-01-18")
    assert found.values[2] == 1.0
    assert timebase(found).dt == 7 * 86400


def test_previous_is_not_late_by_a_rounding() -> None:
    """An event exactly on a new row counts there, a century from the start."""
    far = 100 * 365 * 86400 * 10
    index = np.datetime64("1900-01-01", "ns") + np.array([0, 7, far, far + 13]) * np.timedelta64(100_000_000, "ns")
    found = resample(pd.Series([1.0, 2.0, 3.0, 4.0], index=index), dt=86400, method="previous")
    at = np.flatnonzero(found.time.values >= index[2])[0]
    assert found.values[at] == 3.0
    assert found.values[at - 1] == 2.0


def test_channels_and_units_are_kept() -> None:
    x = sequence([[1.0, NAN], [NAN, 2.0], [3.0, 4.0], [5.0, NAN]], dt=1, channels=["a", "b"], nan="keep")
    x = x.assign_coords(unit=("channel", ["mV", "degC"])).assign_attrs(title="two").rename("pair")
    found = resample(x)
    assert found.values.tolist() == [[2.0, 2.0], [3.0, 4.0]]
    assert list(found["unit"].values) == ["mV", "degC"]
    assert (found.attrs["title"], found.name, found.attrs["filled"]) == ("two", "pair", 1)


def test_finer_than_the_recording() -> None:
    found = resample(sequence([0.0, 3.0, 6.0], dt=1), dt="1/3")
    np.testing.assert_allclose(found.values, np.arange(7.0))
    assert found.attrs["filled"] == 4


def test_an_even_sequence_is_left_as_it_is() -> None:
    x = sequence(np.random.default_rng(0).standard_normal(1000), dt="1/360")[17:]
    found = resample(x)
    np.testing.assert_array_equal(found.values, x.values)
    np.testing.assert_array_equal(ticks(found) * timebase(found).tick.numerator, ticks(x))
    assert found.attrs["filled"] == 0


@pytest.mark.parametrize(
    ("x", "options", "words"),
    [
        (pd.Series([1.0, 2, 3, 4], index=[0.0, 0.9, 2.2, 4]), {}, "give the new sampling interval, .*dt=1.3"),
        ([1.0, 2.0], {"method": "cubic"}, "'linear' or 'previous'"),
        ([1.0, 2.0], {"dt": 0.5}, r"sequence\(x, dt=...\) first"),
        ([NAN, NAN], {}, "no value at all"),
        ([[NAN, 1.0], [2.0, NAN]], {}, "no time in common"),
        (pd.Series([1.0, 2, 3], index=pd.date_range("2024", periods=3, freq="MS")), {"dt": 0.5}, "whole number"),
        (pd.Series([1.0, 2, 3], index=pd.date_range("2024", periods=3, freq="MS")), {"dt": timedelta(1)}, "month"),
        (sequence([1.0, 2.0], dt=1e6), {"dt": "1/100000"}, "choose a larger dt"),
        (sequence([1.0, 2.0], dt=1), {"dt": 0}, "dt must be a positive number"),
        ([], {}, "empty"),
        ([1.0, np.inf], {}, "infinite"),
    ],
)
def test_what_cannot_be_resampled_says_why(x: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        resample(x, **options)
