"""What may enter a feed: blocks that fit the schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import InputError
from .schema import Block, Channel, Schema

__all__ = ["checked_block", "columns_from"]


def checked_block(block: Block, schema: Schema) -> Block:
    """`block` with columns of the schema's types, or an `InputError` that says what does not fit."""
    if not isinstance(block, Block):
        raise InputError(f"a feed takes blocks, not {type(block).__name__}; append_rows() takes arrays")
    if len(block.columns) != len(schema.channels):
        raise InputError(
            f"the block has {len(block.columns)} columns; the schema has {len(schema.channels)}: "
            f"{', '.join(schema.names)}"
        )
    if not isinstance(block.stride, (int, np.integer)) or block.stride < 1:
        raise InputError(f"the stride of a block is a whole number of rows, at least 1, not {block.stride!r}")
    columns = block.columns
    rows = len(columns[0]) if isinstance(columns[0], np.ndarray) else 0
    fits = True
    for channel, column in zip(schema.channels, columns, strict=True):
        if not isinstance(column, np.ndarray) or column.shape != (rows,):
            raise InputError(
                f"channel {channel.name!r} must be a 1-D array of {rows} rows, "
                f"not {type(column).__name__} of shape {np.shape(column)}"
            )
        fits = fits and column.dtype == channel.dtype != object
    if not fits:
        cast = tuple(_cast(channel, column) for channel, column in zip(schema.channels, columns, strict=True))
        block = replace(block, columns=cast)
    _check_time(block, schema)
    return block


def _cast(channel: Channel, column: np.ndarray) -> np.ndarray:
    if channel.dtype == object:
        texts = column.astype(object)
        wrong = next((value for value in texts if not isinstance(value, str)), None)
        if wrong is not None:
            raise InputError(f"channel {channel.name!r} holds texts, not {type(wrong).__name__}")
        return texts
    if column.dtype == object or not np.can_cast(column.dtype, channel.dtype, "same_kind"):
        raise InputError(f"channel {channel.name!r} holds {channel.kind} values; {column.dtype} does not fit")
    return column.astype(channel.dtype)


def _check_time(block: Block, schema: Schema) -> None:
    if schema.time.regular:
        if block.ticks is not None:
            raise InputError("the time base is regular: rows have no times of their own; leave out ticks")
        return
    ticks = block.ticks
    if not isinstance(ticks, np.ndarray) or ticks.shape != (len(block),) or ticks.dtype != np.int64:
        raise InputError(f"the time base is irregular: give ticks, one int64 for each of the {len(block)} rows")
    if len(ticks) and int(ticks[0]) != block.start:
        raise InputError(f"start must be the tick of the first row, {int(ticks[0])}, not {block.start}")
    if np.any(ticks[1:] < ticks[:-1]):
        raise InputError("ticks must not go back in time; sort the rows first")


def columns_from(columns: Any, schema: Schema) -> tuple[np.ndarray, ...]:
    """The columns of a 2-D array of rows, or of one array for each channel."""
    count = len(schema.channels)
    if isinstance(columns, np.ndarray):
        table = columns[:, np.newaxis] if columns.ndim == 1 and count == 1 else columns
        if table.ndim != 2 or table.shape[1] != count:
            raise InputError(f"rows must have the shape (rows, {count}), not {columns.shape}")
        return tuple(table[:, i] for i in range(count))
    if not isinstance(columns, (list, tuple)) or len(columns) != count:
        raise InputError(
            f"give a 2-D array of rows or a list with one array for each of the {count} channels "
            f"({', '.join(schema.names)}), not {type(columns).__name__}"
        )
    arrays = (
        np.asarray(column, object if channel.dtype == object else None)
        for channel, column in zip(schema.channels, columns, strict=True)
    )
    return tuple(arrays)
