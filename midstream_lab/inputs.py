"""What people give, as labelled arrays: lists, numpy, pandas and xarray objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from .errors import InputError

__all__ = ["labelled"]


def labelled(x: Any) -> xr.DataArray:
    """`x` as a DataArray of float64 with dims ("time",) or ("time", "channel"); its time is not yet checked.

    Raises
    ------
    InputError
        If `x` is empty, not of real numbers, or has other dimensions.

    Examples
    --------
    >>> labelled(np.ma.masked_equal([1, -9, 3], -9)).values.tolist()
    [1.0, nan, 3.0]
    """
    if isinstance(x, xr.Dataset):
        array = _of_dataset(x)
    elif isinstance(x, xr.DataArray):
        array = _of_dataarray(x)
    elif isinstance(x, pd.DataFrame):
        array = _of_frame(x)
    elif isinstance(x, pd.Series):
        name = None if x.name is None else str(x.name)
        array = xr.DataArray(_unmasked(x), dims=("time",), coords=_index(x), name=name)
    else:
        array = _of_array(x)
    return array.copy(data=_floats(array.values))


def _of_dataset(x: xr.Dataset) -> xr.DataArray:
    numeric = [str(v) for v in x.data_vars if x[v].dims == ("time",) and x[v].dtype.kind in "fiub"]
    if not numeric:
        raise InputError(f"no variable of the Dataset is numeric along 'time'; it has {list(x.data_vars)}")
    array = x[numeric].to_dataarray("channel").transpose("time", "channel").assign_attrs(x.attrs)
    units = [str(x[v].attrs.get("units", "")) for v in numeric]
    if len(set(units)) == 1 and units[0]:
        return array.assign_attrs(units=units[0])
    return array.assign_coords(unit=("channel", units))


def _of_dataarray(x: xr.DataArray) -> xr.DataArray:
    if "time" not in x.dims and x.ndim == 1:
        # Time of another name, of which a scalar coordinate "time" (a moment selected before) is no part.
        return x.drop_vars("time", errors="ignore").rename({x.dims[0]: "time"})
    if "time" not in x.dims or x.ndim > 2:
        raise InputError(
            f"a sequence has the dimensions time and channel, not {x.dims}; rename or select first, or map over the "
            "others with map_series"
        )
    other = [str(d) for d in x.dims if d != "time"]
    x = x.transpose("time", *other)
    return x.rename({other[0]: "channel"}) if other and other[0] != "channel" else x


def _of_frame(x: pd.DataFrame) -> xr.DataArray:
    text = [str(name) for name, kind in x.dtypes.items() if not _is_real(kind)]
    if text:
        raise InputError(f"a sequence holds real numbers, but not all of the columns do: leave out {', '.join(text)}")
    values = np.stack([_unmasked(x.iloc[:, i]) for i in range(x.shape[1])], axis=1) if x.shape[1] else x.to_numpy()
    return xr.DataArray(values, dims=("time", "channel"), coords=_index(x) | {"channel": list(map(str, x))})


def _of_array(x: Any) -> xr.DataArray:
    if isinstance(x, np.ma.MaskedArray):
        if x.dtype.kind not in "fiub":
            raise InputError(f"a sequence holds real numbers, not {x.dtype}; convert or choose other columns")
        x = np.where(np.ma.getmaskarray(x), np.nan, x.data)  # a masked value is a missing one
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise InputError(f"the rows have different lengths: {error}") from error
    if values.ndim == 0 and values.dtype.kind == "O":
        raise InputError(f"a {type(x).__name__} is no sequence; give a list, an array, or a pandas or xarray object")
    if values.ndim not in (1, 2):
        raise InputError(f"a sequence has one or two dimensions (time, channel), not shape {values.shape}")
    return xr.DataArray(values, dims=("time", "channel")[: values.ndim])


def _is_real(kind: Any) -> bool:
    return pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_complex_dtype(kind)


def _unmasked(column: pd.Series) -> np.ndarray:
    """Values of a column, NaN where pandas has its own mark of missing."""
    if pd.api.types.is_extension_array_dtype(column.dtype) and _is_real(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    return column.to_numpy()


def _index(x: pd.Series | pd.DataFrame) -> dict[str, Any]:
    """The time coordinate that a pandas index brings, if any."""
    index = x.index
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.TimedeltaIndex):
        return {"time": ("time", index.total_seconds().to_numpy(), {"units": "s"})}
    if isinstance(index, pd.DatetimeIndex):
        return {"time": ("time", (index.tz_convert(None) if index.tz is not None else index).to_numpy())}
    if isinstance(index, pd.RangeIndex) or index.dtype.kind not in "fiu":
        return {}
    # Whole numbers without a name are row numbers, with holes where rows were left out.
    counts = index.dtype.kind in "iu" and index.name is None
    return {"time": ("time", index.to_numpy(), {"units": "tick"} if counts else {})}


def _floats(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind not in "fiub" or (values.dtype.itemsize > 8 and values.dtype.kind != "f"):
        raise InputError(f"a sequence holds real numbers, not {values.dtype}; convert or choose other columns")
    if not values.size:
        raise InputError(f"the sequence is empty (shape {values.shape}); at least one row is needed")
    return np.ascontiguousarray(values, dtype=np.float64)
