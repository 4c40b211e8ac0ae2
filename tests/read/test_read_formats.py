"""NPY, NPZ, Parquet, NetCDF, Zarr and WAV: the same sequence comes back, and damage is reported."""

import struct
import warnings
import wave
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xarray as xr
import zarr

from midstream_lab.errors import InputError
from midstream_lab.read import read
from midstream_lab.sequence import regularity, sequence, series, timebase

VALUES = np.random.default_rng(5).standard_normal(60)


class Tripwire:
    """Unpickling one of these would write a file."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def riff(kind: int, channels: int, rate: int, bits: int, data: bytes, *, extensible: bool = False) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, channels, rate, rate * frame, frame, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 0, kind) + bytes.fromhex("000000001000800000aa00389b71")
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"LIST" + struct.pack("<I", 3) + b"abc\0"
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


# --- NPY and NPZ ---------------------------------------------------------------------------------------------------


def test_npy_of_one_dimension(tmp_path: Path) -> None:
    np.save(tmp_path / "ecg.npy", VALUES)
    found = read(tmp_path / "ecg.npy", dt="1/360")
    np.testing.assert_array_equal(found.values, VALUES)
    assert (found.name, found.attrs["source"], timebase(found).dt) == ("ecg", "ecg.npy", Fraction(1, 360))
    with pytest.raises(InputError, match="sampling interval is not known"):
        series(read(tmp_path / "ecg.npy"))


def test_npy_of_two_dimensions(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", VALUES.reshape(20, 3).astype(np.float32))
    found = read(tmp_path / "x.npy", dt=1)
    assert (found.dims, found.shape, list(found.channel.values)) == (("time", "channel"), (20, 3), ["0", "1", "2"])
    assert read(tmp_path / "x.npy", dt=1, columns="1").dims == ("time",)


def test_npy_with_fields(tmp_path: Path) -> None:
    table = np.zeros(5, dtype=[("t", float), ("x", int)])
    table["t"] = np.arange(5) / 4
    np.save(tmp_path / "x.npy", table)
    found = read(tmp_path / "x.npy")
    assert (found.name, timebase(found).dt) == ("x", Fraction(1, 4))


def test_missing_values_of_arrays_are_counted(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", [1.0, np.nan, 3.0])
    assert read(tmp_path / "x.npy", dt=1).attrs["missing"] == 1


@pytest.mark.parametrize("scalar", [{"fs": 360}, {"rate": np.float64(360)}, {"dt": 1 / 360}])
def test_npz_takes_its_rate_from_a_scalar(tmp_path: Path, scalar: dict[str, Any]) -> None:
    np.savez(tmp_path / "x.npz", ecg=VALUES, **scalar)
    found = read(tmp_path / "x.npz")
    assert (found.name, timebase(found).dt) == ("ecg", Fraction(1, 360))


def test_npz_arrays_are_channels_and_t_is_the_time(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=VALUES, b=-VALUES, t=np.arange(60) / 50)
    found = read(tmp_path / "x.npz")
    assert (list(found.channel.values), timebase(found).dt) == (["a", "b"], Fraction(1, 50))
    assert read(tmp_path / "x.npz", columns="b").name == "b"


def test_npz_dates_are_time(tmp_path: Path) -> None:
    when = np.datetime64("2024-01-01") + np.arange(60)
    np.savez(tmp_path / "x.npz", a=VALUES, when=when)
    found = read(tmp_path / "x.npz")
    assert (found.name, timebase(found).dt) == ("a", 86400)


def test_npz_of_different_lengths_asks_which(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", a=VALUES, b=VALUES[:7])
    with pytest.raises(InputError, match=r"different lengths \(a \(60,\), b \(7,\)\); choose"):
        read(tmp_path / "x.npz")
    assert read(tmp_path / "x.npz", columns=["b"]).sizes["time"] == 7


@pytest.mark.parametrize("suffix", [".npy", ".npz"])
def test_objects_are_refused_and_never_unpickled(tmp_path: Path, suffix: str) -> None:
    path, trace = tmp_path / f"x{suffix}", tmp_path / "trace"
    objects = np.array([Tripwire(trace)], dtype=object)
    if suffix == ".npy":
        np.save(path, objects, allow_pickle=True)
    else:
        np.savez(path, x=objects)
    with pytest.raises(InputError, match="never unpickled"):
        read(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2, 2)), "time, channel"),
        (np.zeros((0,)), "empty"),
        (np.array([1j]), "real numbers"),
        (np.array(5.0), "no array with rows"),
        (np.array([1.0, np.inf]), "infinite"),
        (np.array(["a", "b"]), "no column is numeric|real numbers"),
    ],
)
def test_arrays_that_are_no_sequence(tmp_path: Path, array: np.ndarray, words: str) -> None:
    np.save(tmp_path / "x.npy", array)
    with pytest.raises(InputError, match=words):
        read(tmp_path / "x.npy")


# --- Parquet -------------------------------------------------------------------------------------------------------


def test_parquet_with_time_zone_nulls_and_text(tmp_path: Path) -> None:
    when = pd.date_range("2024-03-30", periods=4, freq="12h", tz="Europe/Berlin")
    table = pa.table(
        {
            "when": pa.array(when),
            "level": pa.array([1, None, 3, 4]),
            "open": pa.array([True, False, None, True]),
            "state": pa.array(["a", None, "b", "a"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    found = read(tmp_path / "x.parquet")
    assert isinstance(found, xr.Dataset)
    np.testing.assert_array_equal(found.level.values, [1, np.nan, 3, 4])
    np.testing.assert_array_equal(found.open.values, [1, 0, np.nan, 1])
    assert found.state.values.tolist() == ["a", "", "b", "a"]
    assert found.attrs["missing"] == 3
    assert (found.time.values[0], timebase(found).dt) == (np.datetime64("2024-03-29T23:00"), 43200)
    assert read(tmp_path / "x.parquet", columns="level", time="when").name == "level"


def test_parquet_written_by_pandas(tmp_path: Path) -> None:
    index = pd.date_range("1950-01-31", periods=60, freq="ME")
    pd.DataFrame({"x": VALUES}, index=index).to_parquet(tmp_path / "x.parquet")
    found = read(tmp_path / "x.parquet")
    assert (found.name, regularity(found), timebase(found).unit) == ("x", "calendar", "month")
    np.testing.assert_array_equal(found.values, VALUES)


def test_parquet_of_numbers_takes_dt(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": pa.array(VALUES), "y": pa.array(VALUES)}), tmp_path / "x.parquet")
    assert timebase(read(tmp_path / "x.parquet", dt="1/8")).dt == Fraction(1, 8)


@pytest.mark.parametrize(
    ("table", "options", "words"),
    [
        (pa.table({"x": pa.array([[1], [2]])}), {}, "'x' holds list"),
        (pa.table({"x": pa.array([], pa.float64())}), {}, "no rows"),
        (pa.table({"t": [0.0, 1.0], "x": [1.0, 2.0]}), {"columns": "y", "time": "t"}, "no column named 'y'"),
    ],
)
def test_parquet_that_is_no_sequence(tmp_path: Path, table: pa.Table, options: dict[str, Any], words: str) -> None:
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=words):
        read(tmp_path / "x.parquet", **options)


# --- NetCDF and Zarr -----------------------------------------------------------------------------------------------

MONTHS = pd.date_range("1950-01-01", periods=60, freq="MS")


def write_netcdf(data: xr.Dataset, path: Path) -> Path:
    data.to_netcdf(path.with_suffix(".nc"), engine="h5netcdf")
    return path.with_suffix(".nc")


def write_zarr(data: xr.Dataset, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Zarr 3 has no settled type for text yet
        data.to_zarr(path.with_suffix(".zarr"), consolidated=False)
    return path.with_suffix(".zarr")


@pytest.mark.parametrize("write", [write_netcdf, write_zarr])
@pytest.mark.parametrize(
    "x",
    [
        sequence(VALUES, dt="1/44100", name="x"),
        sequence(pd.Series(VALUES, index=MONTHS), name="x"),
        sequence(pd.Series(VALUES[:50], index=MONTHS[:60].delete(range(5, 15))), name="x"),
        sequence(pd.Series(VALUES, index=np.cumsum(np.random.default_rng(1).uniform(0.1, 1, 60))), name="x"),
    ],
    ids=["regular", "calendar", "gapped", "irregular"],
)
def test_a_sequence_comes_back_from_a_labelled_file(
    tmp_path: Path, write: Callable[[xr.Dataset, Path], Path], x: xr.DataArray
) -> None:
    found = read(write(x.assign_attrs(units="mV").to_dataset(), tmp_path / "x"))
    np.testing.assert_array_equal(found.values, x.values)
    np.testing.assert_array_equal(found.time.values, x.time.values)
    assert timebase(found) == timebase(x)
    assert (regularity(found), found.name, found.attrs["units"]) == (regularity(x), "x", "mV")


@pytest.mark.parametrize("write", [write_netcdf, write_zarr])
def test_channels_come_back_from_a_labelled_file(tmp_path: Path, write: Callable[[xr.Dataset, Path], Path]) -> None:
    x = sequence(VALUES.reshape(20, 3), dt="1/100", channels=["a", "b", "c"], name="eeg")
    found = read(write(x.to_dataset(), tmp_path / "x"))
    assert (found.dims, list(found.channel.values), timebase(found).dt) == (
        ("time", "channel"),
        ["a", "b", "c"],
        Fraction(1, 100),
    )
    np.testing.assert_array_equal(found.values, x.values)


@pytest.mark.parametrize("write", [write_netcdf, write_zarr])
def test_several_variables_and_text(tmp_path: Path, write: Callable[[xr.Dataset, Path], Path]) -> None:
    data = xr.Dataset(
        {"a": ("valid", VALUES, {"units": "K"}), "b": ("valid", VALUES, {"units": "m"})}, coords={"valid": MONTHS}
    )
    found = read(write(data, tmp_path / "x"))
    assert (list(found["unit"].values), regularity(found)) == (["K", "m"], "calendar")
    assert read(tmp_path / f"x{'.nc' if write is write_netcdf else '.zarr'}", columns="b").attrs["units"] == "m"


def test_an_array_without_a_name_takes_the_files(tmp_path: Path) -> None:
    sequence(VALUES, dt=1).to_netcdf(tmp_path / "one.nc", engine="h5netcdf")
    sequence(VALUES.reshape(20, 3), dt=1).to_netcdf(tmp_path / "three.nc", engine="h5netcdf")
    assert (read(tmp_path / "one.nc").name, read(tmp_path / "three.nc").name) == ("one", "three")


def test_times_in_milliseconds_become_seconds(tmp_path: Path) -> None:
    time = ("time", np.arange(60.0), {"units": "ms"})
    path = write_netcdf(xr.Dataset({"a": ("time", VALUES)}, coords={"time": time}), tmp_path / "x")
    assert (timebase(read(path)).dt, timebase(read(path)).unit) == (Fraction(1, 1000), "s")


def test_classic_netcdf(tmp_path: Path) -> None:
    data = xr.Dataset({"a": ("time", VALUES)}, coords={"time": np.arange(60) / 4})
    data.to_netcdf(tmp_path / "x.nc", engine="scipy")
    assert timebase(read(tmp_path / "x.nc")).dt == Fraction(1, 4)


def test_a_map_asks_for_a_place(tmp_path: Path) -> None:
    data = xr.Dataset({"sst": (("time", "lat", "lon"), np.zeros((4, 2, 2)))}, coords={"time": MONTHS[:4]})
    with pytest.raises(InputError, match=r"more dimensions .* sst \(time, lat, lon\)"):
        read(write_netcdf(data, tmp_path / "x"))


def test_a_file_without_a_time_dimension_asks_for_one(tmp_path: Path) -> None:
    data = xr.Dataset({"a": (("y", "x"), np.zeros((4, 2)))})
    with pytest.raises(InputError, match="none of the dimensions y, x is the time"):
        read(write_netcdf(data, tmp_path / "x"))
    assert read(tmp_path / "x.nc", time="y", dt=1).shape == (4, 2)


def test_plain_zarr_arrays(tmp_path: Path) -> None:
    zarr.save_array(str(tmp_path / "one.zarr"), VALUES)
    np.testing.assert_array_equal(read(tmp_path / "one.zarr", dt=1).values, VALUES)
    zarr.save_group(str(tmp_path / "two.zarr"), x=VALUES, t=np.arange(60) / 2)
    found = read(tmp_path / "two.zarr")
    assert (found.name, timebase(found).dt) == ("x", Fraction(1, 2))


# --- WAV -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_wav_written_by_the_standard_library(tmp_path: Path, width: int, channels: int) -> None:
    scale = 2 ** (8 * width - 1)
    counts = np.random.default_rng(2).integers(-scale, scale, (50, channels))
    counts[0] = -scale
    raw = b"".join(
        int(c + (128 if width == 1 else 0)).to_bytes(width, "little", signed=width > 1) for c in counts.ravel()
    )
    with wave.open(str(tmp_path / "x.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(44100)
        file.writeframes(raw)
    found = read(tmp_path / "x.wav")
    assert isinstance(found, xr.DataArray)
    np.testing.assert_array_equal(found.values.reshape(50, channels), counts / scale)
    assert (timebase(found).tick, found.attrs["sample_format"]) == (Fraction(1, 44100), f"int{8 * width}")
    if channels == 2:
        assert list(found.channel.values) == ["left", "right"]
        assert read(tmp_path / "x.wav", columns="right").dims == ("time",)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("extensible", [False, True])
def test_wav_of_floats(tmp_path: Path, bits: int, extensible: bool) -> None:
    data = VALUES.astype(f"<f{bits // 8}")
    (tmp_path / "x.wav").write_bytes(riff(3, 1, 48000, bits, data.tobytes(), extensible=extensible))
    np.testing.assert_array_equal(read(tmp_path / "x.wav").values, data)


def test_wav_of_unknown_length(tmp_path: Path) -> None:
    content = riff(1, 1, 8000, 16, b"")[:-4] + b"\xff\xff\xff\xff" + b"\x00\x40\x00\x80"
    (tmp_path / "x.wav").write_bytes(content)
    np.testing.assert_array_equal(read(tmp_path / "x.wav").values, [0.5, -1.0])


def test_a_dt_that_contradicts_the_rate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(riff(1, 1, 8000, 16, b"\0\0\1\0"))
    assert timebase(read(tmp_path / "x.wav", dt="1/8000")).dt == Fraction(1, 8000)
    with pytest.raises(InputError, match="contradicts"):
        read(tmp_path / "x.wav", dt=1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (riff(1, 1, 8000, 16, bytes(100))[:-20], "cut off: 80 of 100 bytes"),
        (riff(2, 1, 8000, 4, bytes(100)), "cannot be|format 2 with 4 bits"),
        (riff(6, 1, 8000, 8, bytes(100)), "format 6 with 8 bits"),
        (riff(1, 1, 0, 16, bytes(100)), "rate 0"),
        (riff(1, 2, 8000, 16, bytes(6)), "3 samples in 2 channels"),
        (riff(1, 1, 8000, 16, b""), "0 samples"),
        (b"RIFF\0\0\0\0WAVE", "no format"),
        (b"ID3 music", "no WAV file"),
    ],
)
def test_wav_that_cannot_be_read(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "x.wav").write_bytes(content)
    with pytest.raises(InputError, match=words):
        read(tmp_path / "x.wav")
