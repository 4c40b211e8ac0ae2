"""Columnar files: Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError, require
from .columns import choose
from .label import as_sequence, label

__all__ = ["read_parquet"]


def read_parquet(
    path: Path, *, dt: Any = None, unit: str | None = None, columns: str | Sequence[str] | None = None, **options: Any
) -> xr.DataArray | xr.Dataset:
    """A Parquet table, read by pyarrow; only the chosen columns are decoded."""
    pa = require("pyarrow", extra="io")
    parquet = require("pyarrow.parquet", extra="io")
    try:
        file = parquet.ParquetFile(path)
        names = list(file.schema_arrow.names)
        wanted = None
        time = options.get("time")
        if columns is not None and time is not None:
            wanted = [choose(c, names) for c in ([columns] if isinstance(columns, str) else columns)]
            wanted += [choose(str(time), names)] if time is not False else []
        table = file.read(columns=wanted)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{path.name} is damaged or no Parquet file ({error}); save or copy it again") from error
    if not table.num_rows:
        raise InputError(f"{path.name} has columns ({', '.join(names)}) but no rows")
    found = {name: _values(pa, name, table.column(name)) for name in table.column_names}
    return as_sequence(label(found, unit=None if dt is not None else unit, select=columns, **options), dt=dt, unit=unit)


def _values(pa: Any, name: str, column: Any) -> np.ndarray:
    """One column as float64 or whole numbers, datetime64 in UTC, or text."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        # Arrow counts from 1970 in UTC whatever the time zone of display.
        return column.cast(pa.timestamp("ns")).to_numpy(zero_copy_only=False).astype("datetime64[ns]")
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return np.array(["" if cell is None else cell for cell in column.to_pylist()], dtype=object)
    if pa.types.is_integer(kind) and not column.null_count:
        return column.to_numpy()
    if pa.types.is_boolean(kind):
        column, kind = column.cast(pa.int8()), pa.int8()
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    raise InputError(
        f"column {name!r} holds {kind}; a sequence holds numbers, dates or text: leave it out with columns"
    )
