"""From what a batch function returns to the columns of a feed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from ..errors import InputError
from .schema import Channel, Kind, Schema

__all__ = ["channels_of", "values_of"]


def channels_of(result: Any, name: str) -> tuple[Channel, ...]:
    """The channels that hold such a result; `name` is what computed it."""
    channels = []
    for key, (value, unit) in _scalars(result, name).items():
        kind: Kind = "float"
        if isinstance(value, str):
            kind = "category" if key == "status" else "text"
        elif isinstance(value, (bool, np.bool_)):
            kind = "bool"
        elif isinstance(value, (int, np.integer)):
            kind = "int"
        channels.append(Channel(name=key, unit=unit, kind=kind))
    if not channels:
        raise InputError(f"{name} returned {type(result).__name__} without a single number or text")
    return tuple(channels)


def values_of(result: Any, schema: Schema, name: str) -> list[Any]:
    """The values of a result, in the order of the schema."""
    found = _scalars(result, name)
    missing = [channel.name for channel in schema.channels if channel.name not in found]
    if missing:
        raise InputError(f"{name} returned no {', '.join(missing)}; it returned {', '.join(found) or 'nothing'}")
    for channel in schema.channels:
        value = found[channel.name][0]
        if isinstance(value, str) is channel.numeric:
            raise InputError(f"{name} returned {value!r} for {channel.name!r}, which holds {channel.kind} values")
    return [found[channel.name][0] for channel in schema.channels]


def _scalars(result: Any, name: str) -> dict[str, tuple[Any, str]]:
    """Name, value and unit of everything in `result` that fits into one row."""
    items: dict[str, Any]
    if hasattr(result, "to_xarray"):  # a verdict, say
        result = result.to_xarray()
    if isinstance(result, xr.Dataset):
        items = {str(key): variable for key, variable in result.data_vars.items()}
    elif isinstance(result, Mapping):
        items = {str(key): value for key, value in result.items()}
    else:
        items = {str(getattr(result, "name", None) or name): result}
    found = {}
    for key, value in items.items():
        unit = str(value.attrs.get("units", "")) if isinstance(value, xr.DataArray) else ""
        array = np.asarray(value)
        if isinstance(value, xr.DataArray) and value.dims == ("end",) and value.size == 2:
            found[f"{key}_low"] = (array[0].item(), unit)
            found[f"{key}_high"] = (array[1].item(), unit)
        elif array.ndim == 0:
            found[key] = (array.item(), unit)
    wrong = [key for key, (value, _) in found.items() if not isinstance(value, (str, bool, int, float))]
    if wrong:
        raise InputError(f"{name} returned {type(found[wrong[0]][0]).__name__} for {wrong[0]!r}; give numbers or texts")
    return found
