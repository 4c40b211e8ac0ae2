"""The time base: exact intervals, units of time, and what cannot be one."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from midstream_lab.errors import InputError
from midstream_lab.timebase import CALENDAR_UNITS, SECONDS, TimeBase, simple_fraction


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_simple_intervals_survive_being_floats(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert TimeBase.from_dt(float(exact)).dt == exact


@given(st.fractions(min_value=Fraction(1, 10**9), max_value=10**9))
def test_fractions_survive_being_text(exact: Fraction) -> None:
    assert TimeBase.from_dt(str(exact)).dt == exact


@given(st.integers(1, 10**15))
def test_durations_are_exact(microseconds: int) -> None:
    exact = Fraction(microseconds, 10**6)
    assert TimeBase.from_dt(timedelta(microseconds=microseconds)).dt == exact
    assert TimeBase.from_dt(np.timedelta64(microseconds, "us")).dt == exact


@pytest.mark.parametrize(("unit", "size"), SECONDS.items())
def test_every_unit_of_fixed_length_becomes_seconds(unit: str, size: Fraction) -> None:
    assert (TimeBase.from_dt(3, unit=unit).dt, TimeBase.from_dt(3, unit=unit).unit) == (3 * size, "s")


@pytest.mark.parametrize("unit", [*CALENDAR_UNITS, "tick", "time unit"])
def test_other_units_stay(unit: str) -> None:
    assert (TimeBase.from_dt(2, unit=unit).dt, TimeBase.from_dt(2, unit=unit).unit) == (2, unit)
    assert TimeBase.from_dt(2, unit=unit).calendar == (unit in CALENDAR_UNITS)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"tick": Fraction(0)}, "positive Fraction"),
        ({"tick": 0.5}, "positive Fraction"),
        ({"step": -1}, "whole number of ticks"),
        ({"step": 0.5}, "whole number of ticks"),
    ],
)
def test_an_impossible_time_base_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        TimeBase(**options)


@pytest.mark.parametrize("dt", ["1e400", 1e300, 1e-300, "1e-400"])
def test_an_interval_beyond_float64_is_refused(dt: float | str) -> None:
    with pytest.raises(InputError, match="too large, too small"):
        TimeBase.from_dt(dt)


def test_a_unit_is_a_name() -> None:
    with pytest.raises(InputError, match="unit is the name"):
        TimeBase.from_dt(1, unit=5)  # type: ignore[arg-type]


def test_irregular_time_has_no_interval() -> None:
    with pytest.raises(InputError, match="resample"):
        _ = TimeBase(step=0).dt


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_no_fraction_is_near_these(value: float) -> None:
    with pytest.raises(InputError, match="positive and finite"):
        simple_fraction(value)
