"""What a strange loop says, with labels: the schema of its feed and the Dataset of its result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..feed.schema import Channel, Schema

if TYPE_CHECKING:
    import xarray as xr

    from ..timebase import TimeBase

__all__ = ["label_rows", "output_schema", "pick_channel"]


def pick_channel(schema: Schema, name: str | None) -> int:
    """Position of the numeric channel `name`, by default of the first."""
    numeric = [channel.name for channel in schema.channels if channel.numeric]
    wanted = name or (numeric[0] if numeric else "")
    if wanted not in numeric:
        raise InputError(f"no numeric channel named {wanted!r}; there are {', '.join(numeric) or 'none'}")
    return schema.index(wanted)


def output_schema(schema: Schema, column: int, experts: Sequence[str]) -> Schema:
    """Prediction, loss, a weight for each expert, change and event."""
    unit = schema.channels[column].unit
    channels = (
        Channel(name="prediction", unit=unit),
        Channel(name="loss", unit=_squared(unit)),
        *(Channel(name=f"weight_{expert}") for expert in experts),
        Channel(name="change"),
        Channel(name="event", kind="category"),
    )
    return Schema(channels=channels, time=schema.time, attrs={**schema.attrs, "method": "StrangeLoop"})


def label_rows(
    rows: Mapping[str, np.ndarray], *, experts: Sequence[str], time: TimeBase, unit: str, attrs: dict[str, int]
) -> xr.Dataset:
    """Rows of a history as a Dataset over time and expert."""
    import xarray as xr

    from ..sequence import time_coordinate

    units = {"value": unit, "prediction": unit, "loss": _squared(unit)}
    data: dict[str, Any] = {
        name: ("time", rows[name], {"units": units[name]} if units.get(name) else {})
        for name in ("value", "prediction", "loss", "change")
    }
    data["weight"] = (("time", "expert"), rows["weights"])
    data["event"] = ("time", rows["event"].astype(str))
    coords = {
        "time": time_coordinate(rows["tick"], time),
        "row": ("time", rows["row"]),
        "expert": list(experts),
    }
    return xr.Dataset(data, coords=coords, attrs=attrs)


def _squared(unit: str) -> str:
    return f"({unit})^2" if unit else ""
