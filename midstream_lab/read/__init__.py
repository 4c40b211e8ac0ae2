"""Files of one's own as sequences: `read` looks at the suffix and calls the reader of that format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from fractions import Fraction
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import xarray as xr

from ..errors import InputError
from .arrays import read_npy, read_npz
from .audio import read_wav
from .columnar import read_parquet
from .grids import read_netcdf, read_zarr
from .label import as_sequence
from .table import read_table

__all__ = ["read", "read_table"]


def read(
    path: str | PathLike[str],
    *,
    time: str | bool | None = None,
    dt: float | str | Fraction | timedelta | None = None,
    unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: bool = False,
    missing: Sequence[str] = (),
    dayfirst: bool | None = None,
) -> xr.DataArray | xr.Dataset:
    """Read a file as a sequence.

    Parameters
    ----------
    path : path
        A table (``.csv``, ``.tsv``, ``.txt``, ``.dat``), numpy arrays (``.npy``, ``.npz``), ``.parquet``, NetCDF
        (``.nc``, ``.netcdf``, ``.nc4``, ``.h5netcdf``, ``.cdf``), a ``.zarr`` folder, or sound (``.wav``).
    time : str or False, optional
        The column, array or dimension that holds the time; False if none does. Default: found by name and content
        (dates of many spellings, clock times, epoch times, years, numbers with a unit in the header).
    dt : float, str, Fraction or timedelta, optional
        Sampling interval of a file that brings no time, exactly (``"1/360"``).
    unit : str, optional
        Unit of `dt` or of a numeric time column; default: as the file says, else ``"s"``.
    columns : str or sequence of str, optional
        What to keep beside the time; default: everything.
    sort : bool, optional
        Whether to put the rows in the order of time. Rows at equal times are refused either way.
    missing : sequence of str, optional
        Further cells of a table that mean "no value", for example ``["-999"]``.
    dayfirst : bool, optional
        How to read dates such as ``03/04/2020``; default: found from all rows.

    Returns
    -------
    DataArray or Dataset
        A DataArray with the dimension ``time`` (and ``channel``) where every column is numeric, a Dataset where
        there is text. Units and the file's name (``source``) are in the attributes; missing values are kept as NaN
        and counted in ``missing``.

    Raises
    ------
    InputError
        If the file is not there, damaged, of another kind, or has no usable numbers or time; `dt` contradicts it.
    MissingExtra
        If the format needs a package that is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "flow.csv"
    ...     _ = file.write_text("month,flow (m3/s)\\n2024-01,3.5\\n2024-02,4.0\\n")
    ...     flow = read(file)
    >>> flow.attrs["units"], flow.time.attrs["regularity"], flow.attrs["source"]
    ('m3/s', 'calendar', 'flow.csv')
    """
    if not isinstance(path, str | PathLike) or not fspath(path):
        raise InputError(f"path names a file, for example 'flow.csv'; it is not {path!r}")
    if columns is not None and not isinstance(columns, Iterable):
        raise InputError(f"columns is a name or a list of names, not {columns!r}")
    if unit is not None and not isinstance(unit, str):
        raise InputError(f"unit is the name of a unit, for example 'ms'; it is not {unit!r}")
    if isinstance(missing, str) or not isinstance(missing, Iterable):
        raise InputError(f"missing is a list of cells, for example ['-999']; it is not {missing!r}")
    file = Path(fspath(path)).expanduser()
    reader = _reader(file)
    options = {"time": time, "dt": dt, "unit": unit, "columns": columns, "sort": sort, "dayfirst": dayfirst}
    if missing:
        if reader is not _read_text:
            raise InputError("missing=... names cells of a text table; other formats have their own mark")
        options["missing"] = missing
    try:
        data = reader(file, **options)
    except InputError as error:
        if file.name in str(error):
            raise
        raise type(error)(f"{file.name}: {error}") from error
    data.attrs["source"] = file.name
    return data


def _read_text(path: Path, *, dt: Any = None, unit: str | None = None, **options: Any) -> xr.DataArray | xr.Dataset:
    return as_sequence(read_table(path, unit=unit if dt is None else None, **options), dt=dt, unit=unit)


READERS: dict[str, Callable[..., xr.DataArray | xr.Dataset]] = {
    **dict.fromkeys((".csv", ".tsv", ".txt", ".dat"), _read_text),
    ".npy": read_npy,
    ".npz": read_npz,
    **dict.fromkeys((".parquet", ".pq"), read_parquet),
    **dict.fromkeys((".nc", ".nc4", ".netcdf", ".h5netcdf", ".cdf"), read_netcdf),
    ".zarr": read_zarr,
    **dict.fromkeys((".wav", ".wave"), read_wav),
}


def _reader(file: Path) -> Callable[..., xr.DataArray | xr.Dataset]:
    """The reader for a file, or an error that says what is wrong with it."""
    if not file.exists():
        raise InputError(f"there is no file {str(file)!r}; check the name and the folder")
    suffix = file.suffix.lower()
    if file.is_dir():
        if suffix == ".zarr" or any((file / mark).is_file() for mark in ("zarr.json", ".zgroup", ".zarray")):
            return read_zarr
        raise InputError(f"{file.name!r} is a folder; name a file in it (only a Zarr store is a folder)")
    if suffix not in READERS or suffix == ".zarr":
        raise InputError(f"files called {suffix or 'without a suffix'!r} cannot be read; allowed: {', '.join(READERS)}")
    if not file.stat().st_size:
        raise InputError(f"{file.name!r} is empty")
    return READERS[suffix]
