"""What a feed carries: typed channels, a time base, and blocks of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, runtime_checkable

import numpy as np

from ..errors import InputError
from ..timebase import TimeBase

__all__ = ["Block", "Channel", "Kind", "Schema", "Source"]

Kind = Literal["float", "int", "bool", "category", "text"]

#: numpy type of a column of each kind; categories and text travel as Python strings.
DTYPES: dict[str, np.dtype] = {
    "float": np.dtype(np.float64),
    "int": np.dtype(np.int64),
    "bool": np.dtype(np.bool_),
    "category": np.dtype(object),
    "text": np.dtype(object),
}


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One column of a feed: its name, unit and kind."""

    name: str
    unit: str = ""
    kind: Kind = "float"

    def __post_init__(self) -> None:
        if not self.name:
            raise InputError("a channel needs a name")
        if self.kind not in DTYPES:
            raise InputError(f"kind of channel {self.name!r} is {self.kind!r}; allowed: {', '.join(DTYPES)}")

    @property
    def dtype(self) -> np.dtype:
        """numpy type of this column."""
        return DTYPES[self.kind]

    @property
    def numeric(self) -> bool:
        """Whether the column can stand in a float window."""
        return self.kind in ("float", "int", "bool")


@dataclass(frozen=True, kw_only=True)
class Schema:
    """What every row of a feed holds.

    Parameters
    ----------
    channels : tuple of Channel
        At least one, with distinct names.
    time : TimeBase
        What one tick is, and the number of ticks between rows.
    attrs : dict of str to str or number, optional
        Provenance: title, source, citation, licence.
    """

    channels: tuple[Channel, ...]
    time: TimeBase = field(default_factory=TimeBase)
    attrs: dict[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = self.names
        if not names:
            raise InputError("a schema needs at least one channel")
        if len(set(names)) != len(names):
            raise InputError(f"channel names must be distinct, got {list(names)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the channels, in order."""
        return tuple(channel.name for channel in self.channels)

    def index(self, name: str) -> int:
        """Position of the channel `name`; an error lists what there is."""
        try:
            return self.names.index(name)
        except ValueError:
            raise InputError(f"no channel named {name!r}; there are {', '.join(self.names)}") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """An unbroken run of rows, or evenly spaced rows of one.

    Parameters
    ----------
    first : int
        Sequence number of the first row; rows are numbered from 0. Row ``i`` has the number ``first + i * stride``.
    start : int
        Time of the first row, in ticks. On a regular time base row ``i`` is at ``start + i * stride * step``.
    columns : tuple of ndarray
        One 1-D array per channel, in schema order, all of the same length.
    ticks : ndarray of int64, optional
        Time of each row, given exactly where the time base is irregular.
    gap : int, optional
        Rows known to be missing between the previous block and this one.
    stride : int, optional
        Distance of the numbers of two rows; default 1: unbroken. Only readers with the policy ``"decimate"`` and
        operators that say so (`Operator`) are given others.
    """

    first: int
    start: int
    columns: tuple[np.ndarray, ...]
    ticks: np.ndarray | None = None
    gap: int = 0
    stride: int = 1

    def __len__(self) -> int:
        return len(self.columns[0])

    @property
    def stop(self) -> int:
        """Sequence number after the last row."""
        rows = len(self)
        return self.first + (rows - 1) * self.stride + 1 if rows else self.first

    def end_tick(self, step: int) -> int:
        """Time of the last row; `step` is the schema's ticks per row."""
        return int(self.ticks[-1]) if self.ticks is not None else self.start + (len(self) - 1) * self.stride * step

    def cut(self, begin: int, end: int, *, step: int) -> Block:
        """Rows ``begin:end`` (counted within the block) as views; `step` is the schema's ticks per row."""
        return Block(
            first=self.first + begin * self.stride,
            start=int(self.ticks[begin]) if self.ticks is not None else self.start + begin * self.stride * step,
            columns=tuple(column[begin:end] for column in self.columns),
            ticks=None if self.ticks is None else self.ticks[begin:end],
            gap=self.gap if begin == 0 else 0,
            stride=self.stride,
        )

    def thinned(self, stride: int, *, step: int) -> Block:
        """The rows whose numbers are divisible by `stride`, as they are; all, if they are further apart already.

        Rows are chosen by their numbers, so that it does not matter how they were cut into blocks.

        Examples
        --------
        >>> block = Block(first=3, start=3, columns=(np.arange(3.0, 12.0),))
        >>> block.thinned(4, step=1).columns[0]
        array([4., 8.])
        """
        every = max(1, stride // self.stride)
        begin = -(self.first // self.stride) % every
        if begin >= len(self):
            return self.cut(0, 0, step=step)
        rest = self.cut(begin, len(self), step=step)
        columns = tuple(column[::every] for column in rest.columns)
        ticks = None if rest.ticks is None else rest.ticks[::every]
        return replace(rest, columns=columns, ticks=ticks, stride=self.stride * every)


@runtime_checkable
class Source(Protocol):
    """What can be streamed: a schema and an iterator of blocks.

    ``blocks(stop)`` yields blocks at the source's own pace and ends when the data end or soon after
    the `threading.Event` `stop` is set. ``live`` says whether the source cannot wait for a slow reader
    (a sensor); a replay or a simulation can, and is not live.
    """

    schema: Schema
    live: bool

    def blocks(self, stop: object) -> Iterator[Block]:
        """Yield blocks until the data end or `stop` is set."""
        ...
