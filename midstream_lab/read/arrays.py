"""Arrays of numpy: NPY and NPZ."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..sequence import sequence
from .columns import choose
from .label import as_sequence, label

__all__ = ["of_arrays", "read_npy", "read_npz"]

#: Scalars of an archive that give the sampling rate in Hz, or the sampling interval in seconds.
RATES = ("fs", "rate", "sampling_rate", "sample_rate")
INTERVALS = ("dt", "delta_t")


def read_npy(path: Path, *, dt: Any = None, unit: str | None = None, **options: Any) -> xr.DataArray | xr.Dataset:
    """One array; the fields of a structured array are columns."""
    (array,) = _load(path).values()
    if array.dtype.names:
        return of_arrays({name: array[name] for name in array.dtype.names}, dt=dt, unit=unit, **options)
    return of_arrays({path.stem: array}, dt=dt, unit=unit, **options)


def read_npz(path: Path, *, dt: Any = None, unit: str | None = None, **options: Any) -> xr.DataArray | xr.Dataset:
    """The arrays of one length of an archive; a scalar such as ``fs`` or ``dt`` gives the sampling interval."""
    return of_arrays(_load(path), dt=dt, unit=unit, **options)


def of_arrays(
    arrays: dict[str, np.ndarray],
    *,
    time: str | bool | None = None,
    dt: Any = None,
    unit: str | None = None,
    columns: str | Sequence[str] | None = None,
    sort: bool = False,
    dayfirst: bool | None = None,
) -> xr.DataArray | xr.Dataset:
    """A sequence of named arrays: one, or several of one length, of which one may be the time."""
    scalars = {name: array for name, array in arrays.items() if array.ndim == 0}
    series = {name: array for name, array in arrays.items() if array.ndim > 0}
    wanted = [columns] if isinstance(columns, str) else columns
    if wanted is not None and any(name in series for name in wanted):
        named = [choose(name, series, what="array") for name in wanted] + ([time] if isinstance(time, str) else [])
        series = {name: array for name, array in series.items() if name in named or name in ("t", "time")}
    if not series:
        raise InputError("the file has no array with rows; it holds " + (", ".join(scalars) or "nothing"))
    if len({len(array) for array in series.values()}) > 1:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in series.items())
        raise InputError(f"the arrays have different lengths ({shapes}); choose some with columns=[...]")
    if dt is None and time is None:
        dt = _interval(scalars)
    flat = _flat(series)
    if len(flat) == 1 and time is None:
        ((name, array),) = series.items()
        return sequence(array if array.ndim == 1 else array[:, 0], dt=dt, unit=unit, name=name, nan="keep")
    select = None if wanted is None else [n for name in wanted for n in _expand(name, series)]
    table = label(flat, time=time, unit=unit, select=select, sort=sort, dayfirst=dayfirst)
    return as_sequence(table, dt=dt, unit=unit)


def _flat(series: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Every column of every array under a name of its own."""
    flat: dict[str, np.ndarray] = {}
    for name, array in series.items():
        if array.ndim > 2:
            raise InputError(f"array {name!r} has shape {array.shape}; a sequence is (time,) or (time, channel)")
        if not array.size:
            raise InputError(f"array {name!r} is empty (shape {array.shape}); at least one row is needed")
        if array.dtype.kind not in "fiubMUS":
            raise InputError(f"array {name!r} holds {array.dtype}; a sequence holds real numbers, dates or text")
        values = array.astype(str).astype(object) if array.dtype.kind in "US" else array
        if array.ndim == 1:
            flat[name] = values
        else:
            flat |= {column: values[:, j] for j, column in enumerate(_expand(name, series))}
    return flat


def _expand(name: str, series: dict[str, np.ndarray]) -> list[str]:
    if name not in series or series[name].ndim == 1:
        return [name]
    alone = sum(array.ndim == 2 for array in series.values()) == 1
    return [str(j) if alone else f"{name}_{j}" for j in range(series[name].shape[1])]


def _interval(scalars: dict[str, np.ndarray]) -> Any:
    for name, value in scalars.items():
        if name.lower() in INTERVALS and value.dtype.kind in "fiu":
            return float(value) if value.dtype.kind == "f" else int(value)
        if name.lower() in RATES and value.dtype.kind in "fiu" and value > 0:
            return 1 / Fraction(str(value.item()))
    return None


def _load(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a file by name; one without a name in an NPY file."""
    try:
        with path.open("rb") as file:
            loaded = np.load(file, allow_pickle=False)
            if isinstance(loaded, np.ndarray):
                return {"": loaded}
            return {name: loaded[name] for name in loaded.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(_why(path, error)) from error


def _why(path: Path, error: Exception) -> str:
    if "pickle" in str(error).lower() and "Object arrays" in str(error):
        return (
            f"{path.name} holds Python objects, which are never unpickled because that can run foreign code; "
            "save numbers, for example np.save(file, array.astype(float))"
        )
    return f"{path.name} is damaged or no {path.suffix[1:].upper()} file ({error}); save or copy it again"
