"""From the rows of a feed to labelled arrays."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..errors import InputError
from ..sequence import from_ticks
from .schema import Block, Schema

__all__ = ["label_rows", "label_window"]


def label_window(begin: int, blocks: list[Block], schema: Schema) -> xr.DataArray:
    """The numeric columns of the rows in `blocks` as a sequence that begins with the sequence number `begin`."""
    picked = [i for i, channel in enumerate(schema.channels) if channel.numeric]
    if not picked:
        raise InputError(f"no channel is numeric ({', '.join(schema.names)}); feed.rows() holds all columns")
    channels = [schema.channels[i] for i in picked]
    present = sum(map(len, blocks))
    covered = blocks[-1].stop - begin
    step = schema.time.step
    if step:
        values = np.full((covered, len(picked)), np.nan)
        for block in blocks:
            for k, i in enumerate(picked):
                values[block.first - begin : block.stop - begin : block.stride, k] = block.columns[i]
        ticks = blocks[0].start + (np.arange(covered, dtype=np.int64) + begin - blocks[0].first) * step
    else:
        values = np.empty((present, len(picked)))
        for k, i in enumerate(picked):
            values[:, k] = np.concatenate([block.columns[i] for block in blocks])
        ticks = _ticks(blocks, schema)
    attrs = {**schema.attrs, "rows": present, "missing": covered - present}
    return from_ticks(values[:, 0] if len(picked) == 1 else values, ticks, schema.time, channels=channels, attrs=attrs)


def label_rows(blocks: list[Block], schema: Schema) -> xr.Dataset:
    """All columns of the rows in `blocks`."""
    ticks = _ticks(blocks, schema)
    time = from_ticks(np.zeros(len(ticks)), ticks, schema.time, channels=None).coords["time"]
    variables = {
        channel.name: ("time", np.concatenate([block.columns[i] for block in blocks]), {"units": channel.unit})
        for i, channel in enumerate(schema.channels)
    }
    numbers = np.concatenate([np.arange(block.first, block.stop, block.stride) for block in blocks])
    return xr.Dataset(variables, coords={"time": time, "row": ("time", numbers)}, attrs=dict(schema.attrs))


def _ticks(blocks: list[Block], schema: Schema) -> np.ndarray:
    """Time of every row that is there."""
    times = [
        block.start + np.arange(len(block), dtype=np.int64) * block.stride * schema.time.step
        if block.ticks is None
        else block.ticks
        for block in blocks
    ]
    return np.concatenate(times)
