"""Arrays, pandas and xarray objects become sequences with exact time, or say why not."""

from datetime import timedelta
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import GapError, InputError
from midstream_lab.feed.schema import Channel
from midstream_lab.sequence import from_ticks, regularity, sequence, series, ticks, timebase
from midstream_lab.timebase import TimeBase

RAMP = np.arange(12, dtype=np.float64)


def frozen(values: np.ndarray) -> np.ndarray:
    values = values.view()
    values.flags.writeable = False
    return values


@pytest.mark.parametrize(
    "x",
    [
        RAMP,
        RAMP.tolist(),
        tuple(RAMP),
        range(12),
        RAMP.astype(np.float32),
        RAMP.astype(np.int16),
        RAMP.astype(">f8"),
        frozen(RAMP),
        np.repeat(RAMP, 2)[::2],
        RAMP[::-1][::-1],
        pd.Series(RAMP),
        xr.DataArray(RAMP, dims="time"),
        xr.DataArray(RAMP, dims="x"),
    ],
    ids=lambda x: f"{type(x).__name__}-{getattr(x, 'dtype', '')}",
)
def test_every_kind_of_one_dimensional_data_gives_the_same_sequence(x: Any) -> None:
    found = sequence(x, dt="1/4")
    np.testing.assert_array_equal(found.values, RAMP)
    assert found.values.dtype == np.float64
    assert found.values.flags.c_contiguous
    assert found.dims == ("time",)
    assert found.time.attrs == {"tick": "1/4", "tick_unit": "s", "step": 1, "regularity": "regular"}


@pytest.mark.parametrize(
    "dt",
    [
        0.0025,
        "1/400",
        Fraction(1, 400),
        timedelta(microseconds=2500),
        pd.Timedelta(microseconds=2500),
        np.timedelta64(2500, "us"),
        np.float64(0.0025),
        np.float32(0.0025),
        np.array(0.0025),
        1 / 400,
    ],
)
def test_dt_is_exact_however_it_is_written(dt: Any) -> None:
    assert timebase(sequence(RAMP, dt=dt)).dt == Fraction(1, 400)


@pytest.mark.parametrize(
    "dt", [0, -1.0, float("nan"), float("inf"), "fast", "0", [1], True, 1j, timedelta(-1), np.timedelta64(1, "M")]
)
def test_an_impossible_dt_is_refused(dt: Any) -> None:
    with pytest.raises(InputError, match="dt must be a positive number"):
        sequence(RAMP, dt=dt)


def test_columns_become_channels() -> None:
    x = sequence(RAMP.reshape(6, 2), dt=1, channels=["left", "right"], name="pair")
    assert (x.dims, x.name, list(x.channel.values)) == (("time", "channel"), "pair", ["left", "right"])
    assert list(sequence(RAMP.reshape(6, 2)).channel.values) == ["0", "1"]


def test_a_frame_keeps_its_index_and_names() -> None:
    frame = pd.DataFrame({"a": RAMP, "b": -RAMP}, index=pd.date_range("2024-01-01", periods=12, freq="h"))
    x = sequence(frame)
    assert (x.time.attrs["tick"], x.time.attrs["epoch"]) == ("3600", "2024-01-01T00:00:00")
    assert list(x.channel.values) == ["a", "b"]


@pytest.mark.parametrize(
    ("index", "dt", "unit", "kind"),
    [
        (pd.date_range("2024-01-01", periods=12, freq="MS"), Fraction(1), "month", "calendar"),
        (pd.period_range("2024-01", periods=12, freq="M"), Fraction(1), "month", "calendar"),
        (pd.timedelta_range(0, periods=12, freq="10ms"), Fraction(1, 100), "s", "regular"),
        (pd.date_range("2024-03-30", periods=12, freq="6h", tz="Europe/Berlin"), Fraction(21600), "s", "regular"),
        (pd.Index(RAMP / 8), Fraction(1, 8), "time unit", "regular"),
        (pd.RangeIndex(12), Fraction(1), "tick", "regular"),
    ],
)
def test_a_pandas_index_is_the_time(index: Any, dt: Fraction, unit: str, kind: str) -> None:
    x = sequence(pd.Series(RAMP, index=index, name="x"))
    assert (timebase(x).dt, timebase(x).unit, regularity(x), x.name) == (dt, unit, kind, "x")


def test_a_dataset_of_numbers_becomes_channels_with_units() -> None:
    data = xr.Dataset({"a": ("time", RAMP, {"units": "mV"}), "b": ("time", RAMP, {"units": "degC"})})
    x = sequence(data, dt=1)
    assert list(x["unit"].values) == ["mV", "degC"]
    assert sequence(data[["a"]], dt=1).attrs["units"] == "mV"


@pytest.mark.parametrize(
    ("x", "words"),
    [
        ([], "empty"),
        (np.zeros((0, 3)), "empty"),
        (np.zeros((2, 2, 2)), "one or two dimensions"),
        (3.0, "one or two dimensions"),
        (None, "a NoneType is no sequence"),
        ({"a": [1.0]}, "a dict is no sequence"),
        ((i for i in range(3)), "a generator is no sequence"),
        ([1 + 2j, 3], "real numbers"),
        (["a", "b"], "real numbers"),
        ([None, 1.0], "real numbers"),
        ([[1, 2], [3]], "different lengths"),
        ([1.0, np.inf], "values are infinite: 1, the first at row 1"),
        ([1.0, np.nan, np.nan], "2 values are missing .* row 1"),
        ([[1.0, 2.0], [3.0, np.nan]], "row 1 of channel '1'"),
        (xr.DataArray(np.zeros((2, 3)), dims=("a", "b")), "time and channel"),
        (xr.Dataset({"a": ("time", np.array(["x"], dtype=object))}), "no variable"),
        (pd.Series([1.0, 2.0], index=pd.to_datetime(["2024-01-02", "2024-01-01"])), "lies before"),
        (pd.Series([1.0, 2.0], index=[0.5, 0.5]), "repeats"),
    ],
)
def test_what_cannot_be_a_sequence_says_why(x: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        sequence(x)


def test_missing_values_are_kept_when_asked_and_counted_anew_each_time() -> None:
    x = sequence([1.0, np.nan, 3.0], dt=1, nan="keep")
    assert x.attrs["missing"] == 1
    filled = x.copy(data=[1.0, 2.0, 3.0])
    assert "missing" not in sequence(filled).attrs
    assert series(filled)[0].tolist() == [1.0, 2.0, 3.0]


def test_nan_must_be_a_known_choice() -> None:
    with pytest.raises(InputError, match="'raise' or 'keep'"):
        sequence([1.0], nan="drop")


@pytest.mark.parametrize(
    ("unit", "dt"),
    [("ms", Fraction(1, 1000)), ("h", Fraction(3600)), ("min", Fraction(60)), ("us", Fraction(1, 10**6))],
)
def test_units_of_fixed_length_become_seconds(unit: str, dt: Fraction) -> None:
    """Otherwise a replay of a sequence in milliseconds would take a second for each."""
    labelled = xr.DataArray(RAMP, dims="time", coords={"time": ("time", RAMP, {"units": unit})})
    for x in (sequence(RAMP, dt=1, unit=unit), sequence(RAMP, unit=unit), sequence(labelled)):
        assert (timebase(x).dt, timebase(x).unit) == (dt, "s")


def test_a_dt_in_another_unit_of_the_same_length_is_no_contradiction() -> None:
    hours = pd.Series(RAMP, index=pd.date_range("2024-01-01", periods=12, freq="h"))
    assert timebase(sequence(hours, dt=1, unit="h")).dt == 3600
    with pytest.raises(InputError, match="contradicts"):
        sequence(hours, dt=1, unit="month")


def test_half_a_month_is_no_interval() -> None:
    with pytest.raises(InputError, match="whole number of the unit 'month'"):
        sequence(RAMP, dt=0.5, unit="month")


def test_a_duration_is_in_seconds() -> None:
    with pytest.raises(InputError, match="does not fit the unit 'month'"):
        sequence(RAMP, dt=timedelta(days=30), unit="month")


@pytest.mark.parametrize(
    "x",
    [
        np.ma.masked_equal([1.0, -9.0, 3.0], -9),
        np.ma.masked_equal([1, -9, 3], -9),
        pd.Series([1, None, 3], dtype="Int64"),
        pd.Series([1, None, 3], dtype="Float64"),
    ],
    ids=["masked floats", "masked integers", "Int64", "Float64"],
)
def test_masked_values_are_missing_and_not_what_lies_under_the_mask(x: Any) -> None:
    with pytest.raises(InputError, match=r"1 values are missing .* row 1"):
        sequence(x)
    np.testing.assert_array_equal(sequence(x, nan="keep").values, [1.0, np.nan, 3.0])


def test_a_frame_of_several_kinds_of_numbers_is_taken_and_text_is_named() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [0.5, 1.5], "c": ["x", "y"]})
    assert sequence(frame[["a", "b"]], nan="keep").attrs["missing"] == 1
    with pytest.raises(InputError, match="leave out c"):
        sequence(frame)


def test_rows_left_out_of_a_frame_are_a_gap() -> None:
    kept = pd.Series(RAMP).drop([3, 4])
    assert regularity(sequence(kept, dt="1/360")) == "gapped"
    with pytest.raises(GapError, match="2 rows are missing"):
        series(kept, dt="1/360")


def test_rows_numbered_in_ticks_take_their_interval_later() -> None:
    x = sequence(sequence(RAMP)[::2], dt="1/360")
    assert (timebase(x).dt, regularity(x), x.time.attrs["regularity"]) == (Fraction(1, 180), "regular", "regular")
    means = sequence(sequence(RAMP).coarsen(time=2).mean(), dt="1/360")
    assert (timebase(means).dt, regularity(means)) == (Fraction(1, 180), "regular")


def test_means_of_several_rows_keep_the_unit_of_time() -> None:
    x = sequence(RAMP, dt="1/360").coarsen(time=4).mean()
    assert (timebase(x).dt, timebase(x).unit) == (Fraction(1, 90), "s")


@pytest.mark.parametrize("attrs", [{"tick": "fast"}, {"tick": "1/0"}, {"tick": "1/2", "step": "one"}])
def test_foreign_attributes_of_time_are_named(attrs: dict[str, str]) -> None:
    x = xr.DataArray(RAMP, dims="time", coords={"time": ("time", RAMP, attrs)})
    with pytest.raises(InputError, match="attributes of the time coordinate"):
        sequence(x)


def test_channel_names_must_differ() -> None:
    with pytest.raises(InputError, match="distinct, got a, a"):
        sequence(RAMP.reshape(6, 2), channels=["a", "a"])
    with pytest.raises(InputError, match="distinct"):
        sequence(pd.DataFrame(RAMP.reshape(6, 2), columns=["a", "a"]))


def test_letters_are_no_list_of_names() -> None:
    with pytest.raises(InputError, match="'ab' does not fit"):
        sequence(RAMP.reshape(6, 2), channels="ab")


def test_a_moment_selected_before_is_not_the_time_of_the_rows() -> None:
    along_depth = xr.DataArray(RAMP, dims="depth", coords={"time": 5.0})
    assert timebase(sequence(along_depth, dt=2)).dt == 2


def test_a_number_is_no_list_of_names() -> None:
    with pytest.raises(InputError, match="not 5"):
        sequence(np.eye(2), channels=5)  # type: ignore[arg-type]


def test_channel_names_must_fit() -> None:
    with pytest.raises(InputError, match="3 channel names do not fit"):
        sequence(np.zeros((4, 2)), channels=["a", "b", "c"])


def test_a_dt_that_contradicts_the_data_is_refused() -> None:
    x = sequence(RAMP, dt=0.5)
    assert timebase(sequence(x, dt=0.5)).dt == Fraction(1, 2)
    with pytest.raises(InputError, match="contradicts"):
        sequence(x, dt=1)


@settings(max_examples=60, deadline=None)
@given(
    start=st.integers(0, 50),
    stop=st.integers(60, 200),
    stride=st.integers(1, 9),
    rate=st.sampled_from(["1/360", "1/44100", 3600, 0.1]),
)
def test_slices_keep_exact_time(start: int, stop: int, stride: int, rate: Any) -> None:
    x = sequence(np.arange(200.0), dt=rate)
    part = x[start:stop:stride]
    rows = np.arange(200)[start:stop:stride]
    np.testing.assert_array_equal(ticks(part), rows)
    if len(rows) > 1:
        assert timebase(part).dt == stride * timebase(x).dt
        assert regularity(part) == "regular"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=50))
def test_arithmetic_keeps_the_time_base(values: list[float]) -> None:
    x = sequence(values, dt="1/360")
    for changed in (x + 1, 2 * x, x - x.mean("time"), x**2, -x, abs(x), x.clip(-1, 1)):
        assert timebase(changed).dt == Fraction(1, 360)
        np.testing.assert_array_equal(ticks(changed), np.arange(len(values)))


def test_calendar_slices_and_selections_keep_their_ticks() -> None:
    x = sequence(pd.Series(RAMP, index=pd.date_range("2024-01-31", periods=12, freq="ME")))
    assert regularity(x.sel(time=slice("2024-03", "2024-09"))) == "calendar"
    assert timebase(x[::3]).dt == 3
    assert regularity(x.isel(time=[0, 1, 4, 5])) == "gapped"


def test_a_backward_sequence_is_refused() -> None:
    with pytest.raises(InputError, match="sort the rows"):
        ticks(sequence(RAMP, dt=1)[::-1])


def test_times_set_by_hand_are_read_afresh() -> None:
    x = sequence(RAMP, dt=1)
    moved = x.assign_coords(time=("time", np.sort(np.random.default_rng(0).uniform(0, 9, 12)), x.time.attrs))
    assert regularity(moved) == "irregular"


def test_from_ticks_labels_with_units() -> None:
    base = TimeBase(tick=Fraction(1, 360), unit="s")
    one = from_ticks(RAMP, np.arange(12), base, channels=[Channel(name="MLII", unit="mV")], attrs={"source": "test"})
    assert (one.name, one.attrs) == ("MLII", {"source": "test", "units": "mV"})
    two = from_ticks(RAMP.reshape(6, 2), np.arange(6), base, channels=[Channel(name="a", unit="V"), Channel(name="b")])
    assert list(two["unit"].values) == ["V", ""]
    assert list(two.channel.values) == ["a", "b"]


def test_series_gives_contiguous_read_only_values() -> None:
    values, dt, unit = series(sequence(np.arange(12.0).reshape(6, 2), dt=0.5), channel="1")
    assert values.tolist() == [1.0, 3.0, 5.0, 7.0, 9.0, 11.0]
    assert values.flags.c_contiguous
    assert not values.flags.writeable
    assert (dt, unit) == (0.5, "s")


def test_series_leaves_the_callers_array_writeable() -> None:
    mine = RAMP.copy()
    series(mine, dt=1)
    mine[0] = 5.0


def test_series_of_months_is_regular_in_months() -> None:
    x = pd.Series(RAMP, index=pd.date_range("1950-01-01", periods=12, freq="MS"))
    assert series(x)[1:] == (1.0, "month")


@pytest.mark.parametrize(
    ("x", "options", "error", "words"),
    [
        (RAMP, {}, InputError, "sampling interval is not known"),
        (np.zeros((4, 2)), {"dt": 1}, InputError, "choose one of the channels 0, 1"),
        (np.zeros((4, 2)), {"dt": 1, "channel": "x"}, InputError, "no channel named 'x'; there are 0, 1"),
        ([1.0, np.nan], {"dt": 1}, GapError, "1 values are missing"),
        ([1.0, np.inf], {"dt": 1}, InputError, "infinite"),
        ([], {"dt": 1}, InputError, "empty"),
        ([1.0, 2.0], {"dt": 1, "channel": "x"}, InputError, "no channel named 'x'; .* leave channel out"),
        (pd.Series([1.0], index=pd.to_datetime(["2024-01-01"])), {}, InputError, "sampling interval is not known"),
        (pd.Series([1.0, 2, 3, 4], index=[0.0, 1, 2, 4]), {}, GapError, "1 rows are missing .*resample"),
        (pd.Series([1.0, 2, 3, 4], index=[0.0, 0.9, 2.2, 4]), {}, GapError, "irregular; .*resample"),
    ],
)
def test_series_says_what_is_in_the_way(x: Any, options: dict[str, Any], error: type, words: str) -> None:
    with pytest.raises(error, match=words):
        series(x, **options)


def test_missing_values_of_another_channel_do_not_matter() -> None:
    x = sequence([[1.0, np.nan], [2.0, 3.0]], dt=1, nan="keep")
    assert series(x, channel="0")[0].tolist() == [1.0, 2.0]
    with pytest.raises(GapError, match="1 values are missing"):
        series(x, channel="1")


def test_one_point_is_a_sequence() -> None:
    assert series([3.0], dt=0.5)[0].tolist() == [3.0]
    assert regularity(sequence([3.0])) == "regular"


def test_ten_million_points_are_taken() -> None:
    x = sequence(np.zeros(10**7), dt="1/1000")
    assert timebase(x).dt == Fraction(1, 1000)
    assert x.sizes["time"] == 10**7
