"""From named columns to a labelled Dataset, whatever file they come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from ..sequence import sequence, time_coordinate
from ..timebase import TimeBase
from .columns import Moments, choose, find_time, moments, split_unit

__all__ = ["as_sequence", "label"]


def label(
    columns: Mapping[str, np.ndarray],
    *,
    time: str | bool | None = None,
    unit: str | None = None,
    select: str | Sequence[str] | None = None,
    sort: bool = False,
    dayfirst: bool | None = None,
) -> xr.Dataset:
    """A Dataset with the dimension ``time`` from the columns of a file.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n,)
        Numbers, dates (datetime64) or text (object), by header.
    time : str or False, optional
        The column that holds the time; False if none does. Default: found by name and content.
    unit : str, optional
        Unit of a numeric time column; default: as its header says, else ``"s"``.
    select : str or sequence of str, optional
        The columns to keep beside the time; default: all.
    sort : bool, optional
        Whether to put the rows in the order of time.
    dayfirst : bool, optional
        How to read dates such as ``03/04/2020``; default: found from all rows.

    Returns
    -------
    Dataset
        Numbers as float64 with ``units`` where the header names them, text as objects. Missing cells are NaN
        and are counted in the attribute ``missing`` of the variable and of the Dataset. A column of values called
        ``time`` is named ``time_column``.

    Raises
    ------
    InputError
        If a column is not there, nothing is left beside the time, or the time is not usable.
    """
    split = {header: split_unit(header) for header in columns}
    if len({name for name, _ in split.values()}) < len(split):
        split = {header: (header, unit_of) for header, (_, unit_of) in split.items()}
    named = {split[header][0]: values for header, values in columns.items()}
    units = dict(split.values())
    aliases = {header: name for header, (name, _) in split.items()} | {name: name for name in named}
    if time is True:
        raise InputError("time names a column, or is False for none; it is not True")
    where: tuple[str, ...] = ()
    if time is None:
        where = find_time(named)
    elif time is not False:
        where = (aliases[choose(str(time), aliases, what="column")],)
    kept = [name for name in named if name not in where]
    if select is not None:
        wanted = [select] if isinstance(select, str) else list(select)
        kept = [aliases[choose(name, aliases, what="column")] for name in wanted]
    if not kept:
        raise InputError(
            f"there is no column beside the time {', '.join(map(repr, where))}; give time=False to keep it"
        )
    stamps = None
    if where:
        stamps = moments(named, where, header_unit=units[where[0]], unit=unit, dayfirst=dayfirst)
        order = _order(stamps.values, where, sort=sort)
        stamps = Moments(stamps.values[order], stamps.unit)
        named = {name: named[name][order] for name in kept}
    count = len(named[kept[0]])
    ticks, base = stamps.ticks() if stamps else (np.arange(count, dtype=np.int64), TimeBase())
    # A column of values called "time" would take the place of the coordinate.
    other = "time_column"
    while other in kept:
        other += "_"
    shown = {name: name if name != "time" else other for name in kept}
    units = {shown[name]: units.get(name, "") for name in kept}
    return _dataset({shown[name]: named[name] for name in kept}, units, time_coordinate(ticks, base))


def as_sequence(data: xr.Dataset, *, dt: Any = None, unit: str | None = None) -> xr.DataArray | xr.Dataset:
    """`data` as a DataArray where every column is numeric: one as ("time",), several as ("time", "channel").

    Text columns keep it a Dataset. `dt` gives the time of rows that have none, and is refused where it contradicts.
    """
    numeric = [name for name in data.data_vars if data[name].dtype.kind == "f"]
    if not numeric:
        first = next(iter(data.data_vars))
        raise InputError(
            f"no column is numeric; {first!r} holds {data[first].values[0]!r}. Check the delimiter and the decimal "
            "sign, or choose other columns"
        )
    array = sequence(data, dt=dt, unit=unit if dt is not None else None, nan="keep")
    if len(numeric) < len(data.data_vars):
        return data.assign_coords(time=array["time"])
    if len(numeric) > 1:
        return array
    return array.isel(channel=0).drop_vars(["channel", "unit"], errors="ignore").rename(str(numeric[0]))


def _order(stamps: np.ndarray, where: tuple[str, ...], *, sort: bool) -> np.ndarray:
    """The order of the rows, an error where it is not that of time."""
    order = np.argsort(stamps, kind="stable") if sort else np.arange(len(stamps))
    sorted_stamps = stamps[order]
    backward = np.flatnonzero(sorted_stamps[1:] <= sorted_stamps[:-1])
    if not len(backward):
        return order
    first, second = int(order[backward[0]]), int(order[backward[0] + 1])
    column = " and ".join(where)
    if stamps[first] == stamps[second]:
        raise InputError(
            f"rows {first} and {second} have the same time ({column}: {stamps[first]}), and {len(backward)} rows in "
            "all do not come after the row before; remove the duplicates, or number the rows with time=False"
        )
    raise InputError(
        f"row {second} ({column}: {stamps[second]}) lies before row {first} ({stamps[first]}); give sort=True to sort"
    )


def _dataset(columns: dict[str, np.ndarray], units: Mapping[str, str], time: Any) -> xr.Dataset:
    data: dict[str, Any] = {}
    total = 0
    for name, values in columns.items():
        attrs: dict[str, Any] = {"units": units[name]} if units.get(name) else {}
        if values.dtype.kind == "O":
            missing = int((values == "").sum())
        elif values.dtype.kind in "fiub":
            values = values.astype(np.float64)
            missing = int(np.isnan(values).sum())
        else:
            values = np.where(np.isnat(values), "", np.datetime_as_string(values)).astype(object)
            missing = int((values == "").sum())
        total += missing
        data[name] = ("time", values, attrs | ({"missing": missing} if missing else {}))
    return xr.Dataset(data, coords={"time": time}, attrs={"missing": total} if total else {})
