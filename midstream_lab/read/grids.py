"""Labelled arrays: NetCDF and Zarr."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError, require
from ..sequence import sequence
from .arrays import of_arrays
from .columns import choose
from .label import as_sequence

__all__ = ["read_netcdf", "read_zarr"]

#: What xarray calls an array without a name in a file.
UNNAMED = "__xarray_dataarray_variable__"


def read_netcdf(path: Path, **options: Any) -> xr.DataArray | xr.Dataset:
    """A NetCDF-4 file by h5netcdf, or a classic NetCDF-3 file by scipy."""
    with path.open("rb") as file:
        classic = file.read(3) == b"CDF"
    if classic:
        require("scipy.io", extra="attractors")
    else:
        require("h5netcdf", extra="io")
        require("h5py", extra="io")  # the backend of h5netcdf, which does not require it
    try:
        with xr.open_dataset(path, engine="scipy" if classic else "h5netcdf") as data:
            data.load()
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise InputError(f"{path.name} is damaged or no NetCDF file ({error}); save or copy it again") from error
    return _of_dataset(data, path.stem, **options)


def read_zarr(path: Path, **options: Any) -> xr.DataArray | xr.Dataset:
    """A Zarr store: a Dataset written by xarray, a group of arrays, or one array."""
    zarr = require("zarr", extra="io")
    try:
        node = zarr.open(str(path), mode="r")
        if isinstance(node, zarr.Array):
            return of_arrays({path.stem: np.asarray(node[...])}, **options)
        arrays = dict(sorted(node.arrays()))  # a store lists them in no particular order
        if not all(_labelled(array) for array in arrays.values()):
            return of_arrays({name: np.asarray(array[...]) for name, array in arrays.items()}, **options)
        with warnings.catch_warnings():
            # zarr warns of consolidated metadata and of text types not yet in its specification.
            warnings.simplefilter("ignore")
            data = xr.open_zarr(str(path), consolidated=False).load()
            data = data[sorted(data.data_vars, key=str)].assign_attrs(data.attrs)
    except InputError:
        raise
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, zarr.errors.BaseZarrError) as error:
        raise InputError(f"{path.name} is damaged or no Zarr store ({error}); save or copy it again") from error
    return _of_dataset(data, path.stem, **options)


def _labelled(array: Any) -> bool:
    """Whether an array names its dimensions, as xarray needs: in Zarr 3 itself, in Zarr 2 by an attribute."""
    return "_ARRAY_DIMENSIONS" in array.attrs or getattr(array.metadata, "dimension_names", None) is not None


def _of_dataset(
    data: xr.Dataset,
    stem: str,
    *,
    time: str | bool | None = None,
    dt: Any = None,
    unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: bool = False,
    dayfirst: bool | None = None,
) -> xr.DataArray | xr.Dataset:
    along = _time_dimension(data, time)
    if time is False:
        data = data.drop_vars(along, errors="ignore")
    if columns is not None:
        wanted = [columns] if isinstance(columns, str) else list(columns)
        data = data[[choose(name, map(str, data.data_vars), what="variable") for name in wanted]]
    if list(data.data_vars) == [UNNAMED]:
        data = data.rename({UNNAMED: stem})
    rows = {str(name): variable for name, variable in data.data_vars.items() if along in variable.dims}
    if not rows:
        raise InputError(f"no variable lies along {along!r}; there are {_shapes(data)}")
    if sort and along in data.coords:
        data = data.sortby(along)
    if along in data.coords and data.coords[along].dtype.kind == "O":
        raise InputError(
            f"the times of {along!r} are in a calendar of a model, not the real one; number the rows with time=False"
        )
    if all(variable.dims == (along,) for variable in rows.values()):
        table = data[list(rows)].rename({along: "time"} if along != "time" else {})
        table = table.drop_vars([name for name in table.coords if name != "time"])
        for name, variable in table.data_vars.items():
            table[name] = ("time", _column(variable.values), variable.attrs)
        return as_sequence(table, dt=dt, unit=unit)
    if len(rows) == 1:
        ((name, variable),) = rows.items()
        if variable.ndim == 2:
            array = variable.rename({along: "time"} if along != "time" else {})
            return sequence(array, dt=dt, unit=unit, name=name, nan="keep")
    raise InputError(
        f"the variables have more dimensions than time and channel: {_shapes(data)}; choose one with columns=..., or "
        "open the file with xarray, select a place, and give the result to sequence()"
    )


def _time_dimension(data: xr.Dataset, time: str | bool | None) -> str:
    """The dimension along which the rows follow each other."""
    dims = [str(d) for d in data.dims]
    if not dims:
        raise InputError(f"the file has no dimension; it holds {_shapes(data) or 'nothing'}")
    if isinstance(time, str):
        return choose(time, dims, what="dimension")
    dated = [d for d in dims if d in data.coords and data.coords[d].dtype.kind == "M"]
    named = [d for d in dims if d.lower() in ("time", "t", "date", "datetime", "valid_time")]
    if named or dated or len(dims) == 1:
        return (named or dated or dims)[0]
    raise InputError(f"none of the dimensions {', '.join(dims)} is the time; name it with time=...")


def _column(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    if values.dtype.kind == "T":  # texts of any length, which numpy does not turn into those of a fixed one
        return values.astype(object)
    return values.astype(str).astype(object)


def _shapes(data: xr.Dataset) -> str:
    return ", ".join(f"{name} ({', '.join(map(str, variable.dims))})" for name, variable in data.data_vars.items())
