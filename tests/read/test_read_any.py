"""Whatever the format: damage, garbage, wrong paths and missing packages give an error that names the file."""

import io
import sys
import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.errors import InputError, MissingExtra
from midstream_lab.read import read, read_table
from midstream_lab.sequence import ticks, timebase

VALUES = np.random.default_rng(5).standard_normal(60)


def whole_file(suffix: str) -> bytes:
    buffer = io.BytesIO()
    if suffix == ".npy":
        np.save(buffer, VALUES)
    elif suffix == ".npz":
        np.savez(buffer, x=VALUES)
    elif suffix == ".parquet":
        pq.write_table(pa.table({"x": pa.array(VALUES)}), buffer)
    elif suffix == ".wav":
        with wave.open(buffer, "wb") as file:
            file.setparams((1, 2, 8000, 300, "NONE", ""))
            file.writeframes(bytes(600))
    return buffer.getvalue()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("suffix", [".npy", ".npz", ".parquet", ".wav", ".nc"])
def test_a_truncated_file_is_an_error_that_names_it(tmp_path: Path, suffix: str, share: float) -> None:
    path = tmp_path / f"cut{suffix}"
    if suffix == ".nc":
        xr.Dataset({"x": ("time", VALUES)}).to_netcdf(path, engine="h5netcdf")
        content = path.read_bytes()
    else:
        content = whole_file(suffix)
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match="cut"):
        read(path)


WELL_FORMED = (
    "t,x\n0,1\n1,2\n2,3\n",
    "date,x\n2024-01-01,1\n2024-01-02,2\n",
    "time;x [mV]\n0,5;1,5\n1,50;2\n",
    "year,month,day,x\n2024,1,1,5\n2024,1,2,6\n",
    "date,time,x\n2024-01-01,10:00,5\n2024-01-01,10:01,5\n",
    "timestamp,x,w\n1517363399,1,a\n1517363400,2,b\n",
    "when,x\n1/2/2024,3\n2/2/2024,4\n",
    "t x\n0 1\n1 2\n",
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    text=st.sampled_from(WELL_FORMED),
    edits=st.lists(
        st.tuples(st.integers(0, 60), st.sampled_from('0123456789.,;:\n"-+TZeE /a\t|#%()[]é\x00')), max_size=6
    ),
    repeat=st.booleans(),
)
def test_a_table_with_typing_errors_is_read_or_refused_clearly(
    text: str, edits: list[tuple[int, str]], repeat: bool
) -> None:
    for place, sign in edits:
        text = text[:place] + sign + text[place + 1 :]
    if repeat:
        text += text[len(text) // 2 :]
    try:
        found = read_table(io.BytesIO(text.encode()))
    except InputError:
        return
    assert found.sizes["time"] >= 1
    assert (np.diff(ticks(found)) > 0).all()


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".txt", ".npy", ".npz", ".parquet", ".nc", ".wav"])
@pytest.mark.parametrize(
    "content", [b"", bytes(range(256)) * 4, b"\x80\x04\x95garbage."], ids=["empty", "bytes", "pickle"]
)
def test_an_empty_file_and_garbage_are_errors(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"mine{suffix}"
    path.write_bytes(content)
    with pytest.raises(InputError, match="mine"):
        read(path)


def test_a_broken_zarr_store_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "x.zarr").mkdir()
    with pytest.raises(InputError, match=r"x\.zarr"):
        read(tmp_path / "x.zarr")
    path = tmp_path / "y.zarr"
    xr.Dataset({"x": ("time", VALUES)}).to_zarr(path, consolidated=False)
    (path / "x" / "zarr.json").write_text("{")
    with pytest.raises(InputError, match=r"y\.zarr"):
        read(path)


def test_a_file_that_is_not_there_a_folder_and_an_unknown_suffix(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no file '.*nothing\.csv'"):
        read(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="is a folder"):
        read(tmp_path)
    (tmp_path / "x.xlsx").write_bytes(b"x")
    with pytest.raises(InputError, match=r"'\.xlsx' cannot be read; allowed: \.csv, .*\.parquet, .*\.wav"):
        read(tmp_path / "x.xlsx")


@pytest.mark.parametrize("path", [None, 3, b"mine.csv", ""])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InputError, match="path names a file"):
        read(path)


def test_dt_in_another_unit_becomes_seconds(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    assert timebase(read(tmp_path / "x.npy", dt=2, unit="ms")).dt == Fraction(1, 500)


@pytest.mark.parametrize("suffix", [".npy", ".wav"])
def test_marks_of_missing_belong_to_tables(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(whole_file(suffix))
    with pytest.raises(InputError, match="text table"):
        read(tmp_path / f"x{suffix}", missing=["-9"])


@pytest.mark.parametrize(("suffix", "module"), [(".parquet", "pyarrow"), (".nc", "h5netcdf"), (".zarr", "zarr")])
def test_a_missing_package_names_its_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, module: str
) -> None:
    path = tmp_path / f"x{suffix}"
    if suffix == ".zarr":
        path.mkdir()
    else:
        path.write_bytes(b"something")
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra, match=r"midstream-lab\[io\]"):
        read(path)


@pytest.mark.parametrize("wrong", [{"columns": 5}, {"unit": 5}, {"missing": "x"}, {"missing": 5}])
def test_arguments_of_another_kind_are_refused(wrong: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("t,x\n0,1\n1,2\n")
    with pytest.raises(InputError, match=next(iter(wrong))):
        read(tmp_path / "a.csv", **wrong)


def test_a_path_may_be_text(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES)
    assert read(str(tmp_path / "x.npy"), dt=1).sizes["time"] == 60
