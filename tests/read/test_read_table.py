"""CSV and TSV: the time column, its kind, units, missing cells, and what is wrong with a file."""

import io
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from midstream_lab.errors import GapError, InputError
from midstream_lab.read import read, read_table
from midstream_lab.resample import resample
from midstream_lab.sequence import regularity, series, timebase

DATA = Path(__file__).parents[2] / "datasets" / "midstream_datasets"


def table(text: str, **options: Any) -> xr.Dataset:
    return read_table(io.BytesIO(text.encode()), **options)


@pytest.fixture
def save(tmp_path: Path) -> Callable[[str | bytes, str], Path]:
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("file", "kind", "dt", "unit", "rows"),
    [
        ("elnino_sst/elnino_sst.csv", "calendar", 1, "month", 732),
        ("sunspots/sunspots_monthly.csv", "calendar", 1, "month", 3120),
        ("sunspots/sunspots_yearly.csv", "calendar", 1, "year", 309),
        ("changepoints/nile.csv", "calendar", 1, "year", 100),
        ("changepoints/uk_coal_employ.csv", "calendar", 1, "year", 105),
        ("changepoints/jfk_passengers.csv", "calendar", 1, "month", 468),
        ("co2_mauna_loa/co2_monthly.csv", "gapped", 1, "month", 741),
        ("water_flow/water_flow.csv", "gapped", 3600, "s", 1268),
        ("seattle_weather/seattle_weather.csv", "regular", 86400, "s", 1461),
        ("changepoints/run_log.csv", "irregular", None, "s", 376),
        ("changepoints/brent_spot.csv", "irregular", None, "s", 500),
        ("earthquakes_usgs/earthquakes.csv", "irregular", None, "s", 1707),
    ],
)
def test_the_shipped_tables_read_as_ones_own(file: str, kind: str, dt: int | None, unit: str, rows: int) -> None:
    data = read(DATA / file)
    assert (regularity(data), data.sizes["time"], timebase(data).unit) == (kind, rows, unit)
    assert data.attrs["source"] == Path(file).name
    if dt is not None:
        assert timebase(data).dt == dt


def test_el_nino_is_usable_at_once_and_co2_and_water_flow_after_resampling() -> None:
    assert series(read(DATA / "elnino_sst/elnino_sst.csv"))[1:] == (1.0, "month")
    for file, column in (("co2_mauna_loa/co2_monthly.csv", "co2_ppm"), ("water_flow/water_flow.csv", "flow_l_s")):
        data = read(DATA / file, columns=column)
        with pytest.raises(GapError, match="resample"):
            series(data)
        even = resample(data)
        assert len(series(even)[0]) == data.sizes["time"] + even.attrs["filled"]


def test_offsets_become_utc_across_the_change_to_summer_time() -> None:
    flow = read(DATA / "water_flow/water_flow.csv")
    assert flow.time.values[0] == np.datetime64("2022-03-20T10:00")
    change = flow.sel(time=slice("2022-03-26T23:00", "2022-03-27T04:00")).time.values
    assert set(np.diff(change)) == {np.timedelta64(3600 * 10**9, "ns")}


def test_text_keeps_a_table_a_dataset() -> None:
    quakes = read(DATA / "earthquakes_usgs/earthquakes.csv")
    assert isinstance(quakes, xr.Dataset)
    assert quakes["place"].values[0] == "37km NNE of Amboy, Washington"
    assert quakes.time.values[0] == np.datetime64("2018-01-31T01:49:59.650")
    assert quakes["mag"].dtype == np.float64


def test_one_numeric_column_is_one_dimensional_and_several_are_channels() -> None:
    text = "time,a (mV),b [degC]\n0,1,2\n1,3,4\n2,5,6\n"
    both = as_array(text)
    assert (both.dims, list(both.channel.values), list(both["unit"].values)) == (
        ("time", "channel"),
        ["a", "b"],
        ["mV", "degC"],
    )
    one = as_array(text, columns="a")
    assert (one.dims, one.name, one.attrs["units"], one.values.tolist()) == (("time",), "a", "mV", [1.0, 3.0, 5.0])


def as_array(text: str, **options: Any) -> xr.DataArray:
    from midstream_lab.read.label import as_sequence

    found = as_sequence(table(text, **options))
    assert isinstance(found, xr.DataArray)
    return found


def test_units_without_brackets_are_taken_where_they_mean_one_thing() -> None:
    found = table("t_ms,flow_l_s,co2_ppm,depth_km,distance_m,temp_c,ppm\n0,1,2,3,4,5,6\n1,2,3,4,5,6,7\n")
    units = {name: variable.attrs.get("units") for name, variable in found.items()}
    assert units == {
        "flow_l_s": "l/s",
        "co2_ppm": "ppm",
        "depth_km": "km",
        "distance_m": None,
        "temp_c": None,
        "ppm": None,
    }


def test_comments_of_either_kind_before_the_header_are_passed_over() -> None:
    assert table("% logger 7\n# 2024\nt,x\n0,1\n1,2\n").x.values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("sign", [",", ";", "\t", "|", " ", "   "])
def test_the_delimiter_is_found(sign: str) -> None:
    found = table(f"t{sign}x\n0.0{sign}1.5\n0.5{sign}2.5\n1.0{sign}3.5\n")
    assert found.x.values.tolist() == [1.5, 2.5, 3.5]
    assert timebase(found).dt == Fraction(1, 2)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_a_decimal_comma_is_found(sign: str) -> None:
    found = table(f"Zeit{sign}x\n0,0{sign}-1,5\n0,5{sign}2,5e1\n1,0{sign}3\n", time="Zeit")
    assert found.x.values.tolist() == [-1.5, 25.0, 3.0]
    assert timebase(found).dt == Fraction(1, 2)


@pytest.mark.parametrize(
    ("cells", "dt", "unit"),
    [
        (["2024-01-01", "2024-01-02", "2024-01-03"], 86400, "s"),
        (["20240101", "20240102", "20240103"], 86400, "s"),
        (["2024-01-01T00:00:00Z", "2024-01-01T00:00:01Z", "2024-01-01T00:00:02Z"], 1, "s"),
        (["2024-01-01 00:00", "2024-01-01 00:10", "2024-01-01 00:20"], 600, "s"),
        (["2024-01-01 00:00:00.000", "2024-01-01 00:00:00.004", "2024-01-01 00:00:00.008"], Fraction(1, 250), "s"),
        (["2024/01/30", "2024/01/31", "2024/02/01"], 86400, "s"),
        (["30.01.2024", "31.01.2024", "01.02.2024"], 86400, "s"),
        (["30.01.2024 23:00", "31.01.2024 00:00", "31.01.2024 01:00"], 3600, "s"),
        (["1/30/2024", "1/31/2024", "2/1/2024"], 86400, "s"),
        (["30/1/2024", "31/1/2024", "1/2/2024"], 86400, "s"),
        (["1/30/2024 11:00 PM", "1/31/2024 12:00 AM", "1/31/2024 1:00 AM"], 3600, "s"),
        (["30-Jan-2024", "31-Jan-2024", "01-Feb-2024"], 86400, "s"),
        (["Jan 30, 2024", "Jan 31, 2024", "Feb 1, 2024"], 86400, "s"),
        (["1977-Jan", "1977-Feb", "1977-Mar"], 1, "month"),
        (["Jan 1977", "Feb 1977", "Mar 1977"], 1, "month"),
        (["1950-01", "1950-02", "1950-03"], 1, "month"),
        (["195001", "195002", "195003"], 1, "month"),
        (["1950M01", "1950M02", "1950M03"], 1, "month"),
        (["1950Q1", "1950Q2", "1950Q3"], 3, "month"),
        (["2024-W01", "2024-W02", "2024-W03"], 604800, "s"),
        (["23:59:58", "23:59:59", "24:00:00"], 1, "s"),
        (["09:00", "09:15", "09:30"], 900, "s"),
    ],
)
def test_dates_of_many_spellings_are_found_by_content(cells: list[str], dt: Any, unit: str) -> None:
    rows = "".join(f'{i},"{cell}"\n' for i, cell in enumerate(cells))
    found = table("x,date\n" + rows)
    assert (timebase(found).dt, timebase(found).unit) == (dt, unit)
    assert list(found) == ["x"]
    if not all(cell.isdigit() for cell in cells):
        by_content = table("x,logged\n" + rows)
        np.testing.assert_array_equal(by_content.time.values, found.time.values)


@pytest.mark.parametrize(
    ("header", "cells", "dt", "unit"),
    [
        ("t", ["0", "0.25", "0.5"], Fraction(1, 4), "s"),
        ("time_s", ["0", "0.25", "0.5"], Fraction(1, 4), "s"),
        ("t_ms", ["0", "2.5", "5"], Fraction(1, 400), "s"),
        ("Time (ms)", ["10", "20", "30"], Fraction(1, 100), "s"),
        ("time [us]", ["0", "125", "250"], Fraction(1, 8000), "s"),
        ("Elapsed [min]", ["0", "1", "2"], Fraction(60), "s"),
        ("hours", ["0", "1", "2"], Fraction(3600), "s"),
        ("day", ["1", "2", "3"], Fraction(86400), "s"),
        ("week", ["1", "2", "3"], Fraction(604800), "s"),
        ("seconds", ["0", "1", "2"], Fraction(1), "s"),
        ("year", ["1871", "1872", "1873"], Fraction(1), "year"),
        ("Year", ["-300", "-299", "-298"], Fraction(1), "year"),
        ("year", ["1500", "1510", "1520"], Fraction(10), "year"),
        ("month", ["1", "2", "3"], Fraction(1), "month"),
        ("time_ms", ["1517363399650", "1517363399660", "1517363399670"], Fraction(1, 100), "s"),
        ("timestamp", ["1517363399", "1517363400", "1517363401"], Fraction(1), "s"),
        ("timestamp", ["1517363399.25", "1517363399.5", "1517363399.75"], Fraction(1, 4), "s"),
        ("time_us", ["1517363399000000", "1517363399000100", "1517363399000200"], Fraction(1, 10**4), "s"),
        ("epoch", ["1517363399000000001", "1517363399000000002", "1517363399000000003"], Fraction(1, 10**9), "s"),
        ("sample", ["0", "1", "2"], Fraction(1), "tick"),
        ("", ["0", "1", "2"], Fraction(1), "tick"),
    ],
)
def test_numbers_are_time_in_the_unit_that_the_header_names(
    header: str, cells: list[str], dt: Fraction, unit: str
) -> None:
    found = table(f"{header},x\n" + "".join(f"{cell},1.5\n" for cell in cells))
    assert (list(found), timebase(found).dt, timebase(found).unit) == (["x"], dt, unit)


def test_epoch_times_become_dates() -> None:
    assert table("time_ms,x\n1517363399650,1\n1517363399660,2\n").time.values[0] == np.datetime64(
        "2018-01-31T01:49:59.650"
    )


def test_year_month_and_day_columns_are_taken_together() -> None:
    months = table("year,month,x\n2023,11,1\n2023,12,2\n2024,1,3\n")
    assert (timebase(months).unit, months.time.values[2]) == ("month", np.datetime64("2024-01-01"))
    days = table("Year,Month,Day,x\n2024,2,28,1\n2024,2,29,2\n2024,3,1,3\n")
    assert timebase(days).dt == 86400


def test_date_and_time_columns_are_taken_together() -> None:
    found = table("date,time,x\n2024-01-01,23:00:00,1\n2024-01-02,00:00:00,2\n2024-01-02,01:00:00,3\n")
    assert (list(found), timebase(found).dt) == (["x"], 3600)


def test_a_clock_may_pass_midnight() -> None:
    found = table("time,x\n23:59:58,1\n23:59:59,2\n00:00:00,3\n00:00:01,4\n")
    assert (timebase(found).dt, regularity(found)) == (1, "regular")


def test_day_or_month_first_is_asked_where_both_fit() -> None:
    text = "date,x\n03/04/2020,1\n05/06/2020,2\n11/07/2020,3\n"
    with pytest.raises(InputError, match="dayfirst"):
        table(text)
    assert table(text, dayfirst=True).time.values[0] == np.datetime64("2020-04-03")
    assert table(text, dayfirst=False).time.values[0] == np.datetime64("2020-03-04")


def test_the_even_reading_of_a_date_is_taken() -> None:
    months = "date,x\n" + "".join(f"{m:02}/01/2020,{m}\n" for m in range(1, 13))
    assert timebase(table(months, dayfirst=False)).unit == "month"
    days = "date,x\n" + "".join(f"0{d}/05/2020,{d}\n" for d in (1, 2, 3, 5))
    assert timebase(table(days, dayfirst=True)).dt == 86400


@pytest.mark.parametrize("header", ["T", "temp", "reaction_time"])
def test_a_measured_quantity_is_not_taken_for_time(header: str) -> None:
    found = table(f"{header},x\n20.1,1\n20.0,2\n19.8,3\n")
    assert list(found) == [header, "x"]
    assert timebase(found).unit == "tick"


def test_time_can_be_named_or_denied() -> None:
    text = "a,b\n0,10\n2,11\n4,12\n"
    assert timebase(table(text, time="a")).dt == 2
    assert timebase(table(text, time="a", unit="h")).dt == 7200
    assert timebase(table(text, time="a", unit="year")).unit == "year"
    assert list(table("t,x\n0,1\n1,2\n", time=False)) == ["t", "x"]


def test_values_in_a_column_called_time_stay_beside_the_rows_own_time() -> None:
    found = table("time,x\n5,1\n1,2\n3,3\n", time=False)
    assert {name: variable.values.tolist() for name, variable in found.items()} == {
        "time_column": [5.0, 1.0, 3.0],
        "x": [1.0, 2.0, 3.0],
    }
    assert timebase(found).unit == "tick"
    assert list(table("time,time_column\n5,1\n1,2\n", time=False)) == ["time_column_", "time_column"]
    assert list(table("date,time\n2024-01-01,7\n2024-01-02,3\n")) == ["time_column"]


@pytest.mark.parametrize("name", ["channel", "unit", "variable", "units", "dim_0"])
def test_columns_may_be_called_like_parts_of_a_sequence(name: str) -> None:
    found = as_array(f"t,{name},x\n0,1,2\n1,3,4\n")
    assert list(found.channel.values) == [name, "x"]
    np.testing.assert_array_equal(series(found, channel=name)[0], [1.0, 3.0])


def test_irregular_times_are_kept_as_they_are() -> None:
    found = table("t,x\n0.1,1\n0.35,2\n1.234567,3\n1.3,4\n")
    assert regularity(found) == "irregular"
    np.testing.assert_allclose(found.time.values, [0.1, 0.35, 1.234567, 1.3], rtol=0, atol=1e-9)


def test_rows_are_sorted_only_when_asked() -> None:
    text = "date,x,name\n2024-01-03,3,c\n2024-01-01,1,a\n2024-01-02,2,b\n"
    with pytest.raises(InputError, match=r"row 1 .*2024-01-01.* lies before row 0 .*sort=True"):
        table(text)
    found = table(text, sort=True)
    assert found.x.values.tolist() == [1.0, 2.0, 3.0]
    assert found.name.values.tolist() == ["a", "b", "c"]


@pytest.mark.parametrize("sort", [False, True])
def test_equal_times_are_refused_with_their_rows(sort: bool) -> None:
    text = "date,x\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n"
    with pytest.raises(InputError, match="rows 1 and 2 have the same time"):
        table(text, sort=sort)
    assert table(text, time=False).sizes["time"] == 3


def test_missing_cells_are_nan_and_counted() -> None:
    found = table("t,x,y,name\n0,1,NA,a\n1,,2,\n2,3,nan,NA\n")
    np.testing.assert_array_equal(found.x.values, [1.0, np.nan, 3.0])
    assert (found.x.attrs["missing"], found.y.attrs["missing"], found.name.attrs["missing"]) == (1, 2, 1)
    assert found.attrs["missing"] == 4
    assert found.name.values.tolist() == ["a", "", "NA"]
    assert as_array("t,x,y\n0,1,\n1,2,3\n").attrs["missing"] == 1


def test_further_marks_of_missing_are_named() -> None:
    assert table("t,x\n0,1\n1,-999\n2,3\n", missing=["-999"]).attrs["missing"] == 1
    with pytest.raises(InputError, match=re.escape("missing=['broken']")):
        table("t,x\n0,1\n1,broken\n2,3\n")
    assert table("t,x\n0,1\n1,broken\n2,3\n", missing=["broken"]).x.attrs["missing"] == 1


def test_an_empty_line_in_a_single_column_is_a_missing_value() -> None:
    found = table("x\n1\n\n3\n")
    np.testing.assert_array_equal(found.x.values, [1.0, np.nan, 3.0])


def test_numbers_without_a_header_are_data() -> None:
    found = table("0.0,1.5\n0.5,2.5\n")
    assert (list(found), found["1"].values.tolist()) == (["0", "1"], [1.5, 2.5])
    dated = table("2024-01-01,1.5\n2024-01-02,2.5\n")
    assert (list(dated), timebase(dated).dt) == (["1"], 86400)


def test_quotes_comments_marks_and_line_ends() -> None:
    text = '# made by hand\n"time, s",note,x\r\n0,"said ""no"", left\nthen",1\r\n1,ok,2\r\n\r\n'
    found = read_table(io.BytesIO(b"\xef\xbb\xbf" + text.encode()), time="time, s")
    assert found.note.values.tolist() == ['said "no", left\nthen', "ok"]
    assert found.x.values.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
def test_units_survive_their_encoding(encoding: str) -> None:
    found = read_table(io.BytesIO("t,Überdruck (µPa)\n0,1\n1,2\n".encode(encoding)))
    assert found["Überdruck"].attrs["units"] == "µPa"


def test_values_are_the_nearest_float64() -> None:
    rng = np.random.default_rng(7)
    values = rng.standard_normal(2000) * 10.0 ** rng.integers(-30, 30, 2000)
    found = table("x\n" + "\n".join(map(repr, values.tolist())))
    np.testing.assert_array_equal(found.x.values, values)


def test_what_pandas_writes_is_read_back() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0]}, index=pd.date_range("2024-01-01", periods=3, freq="h", tz="UTC"))
    assert timebase(table(frame.to_csv())).dt == 3600
    assert timebase(table(frame.reset_index(drop=True).to_csv())).unit == "tick"


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (b"\n\n", {}, "empty"),
        (b"# only this\n", {}, "comments only"),
        (b"t,x\n", {}, r"header \(t, x\) but no rows"),
        (b"t,x\n0,1\n1,2,3\n2,4\n", {}, "line 3 of the table has 3 cells, the header 2"),
        (b"t,x\n0,1\n1\n2,4\n", {}, "line 3 of the table has 1 cells, the header 2"),
        (bytes(range(256)) * 8, {}, "not text"),
        (b"t,x\n0,1\n,2\n2,4\n", {}, "row 1 is missing"),
        (b"date,x\n2024-01-01,1\n2024-13-01,2\n2024-01-03,4\n", {}, "row 1 .*'2024-13-01', which is not a date"),
        (b"date,x\n1200-01-01,1\n1201-01-01,2\n", {}, "1678 to 2261"),
        (b"t,x\n0,1\n1,inf\n", {}, "infinite"),
        (b"t,word\n0,a\n1,b\n", {}, "no column is numeric; 'word' holds 'a'"),
        (b"t\n0\n1\n", {}, "no column beside the time 't'"),
        (b"t,speed\n0,1\n1,2\n", {"columns": "sped"}, "no column named 'sped'; did you mean 'speed'. there are"),
        (b"t,speed\n0,1\n1,2\n", {"time": "tt"}, "no column named 'tt'; .*there are 't', 'speed'"),
        (b"a,b\nx,1\ny,2\n", {"time": "a"}, "'x', which is neither a date, a clock time nor a number"),
        (b"t,x\n0,1\n1,2\n", {"dt": 5}, "contradicts"),
        (b"a,b\n0,1\n1,2\n", {"time": True}, "not True"),
        (b't,x\n0,"1,5"\n1,"2,5"\n', {}, "numbers with a comma such as '1,5'"),
        (b't,x\n0,"1\n1,2\n2,3\n', {}, "check its quotation marks"),
        (b"t,x,name\n0,1," + b"a" * 200_000 + b"\n1,2,b\n", {}, "field larger than field limit"),
        (b"date,x\n2024-01-01,1\n2024-01-02,2\n", {"unit": "ms"}, "date spells it out; leave unit out"),
        (
            b"time,x\n2024-01-01T02:00+02:00,1\n2024-01-01T03:00,2\n",
            {},
            r"with an offset from UTC \('2024-01-01T02:00\+02:00'\) and without",
        ),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_place(
    content: bytes, options: dict[str, Any], words: str, save: Callable[..., Path]
) -> None:
    with pytest.raises(InputError, match=words) as error:
        read(save(content), **options)
    assert "mine.csv" in str(error.value)


def test_dt_gives_the_time_of_rows_that_have_none(save: Callable[..., Path]) -> None:
    found = read(save("a\n1.5\n2.5\n3.5\n"), dt="1/360")
    assert (timebase(found).dt, found.dims, found.name) == (Fraction(1, 360), ("time",), "a")
    mixed = read(save("a,b\n1.5,x\n2.5,y\n"), dt=0.5)
    assert isinstance(mixed, xr.Dataset)
    assert timebase(mixed).dt == Fraction(1, 2)


def test_truths_are_numbers_and_long_names_of_digits_stay_text() -> None:
    found = table("id,open,x\n18446744073709551610,True,1\n18446744073709551611,False,2\n")
    assert found.open.values.tolist() == [1.0, 0.0]
    assert found.id.values.tolist() == ["18446744073709551610", "18446744073709551611"]
