"""The run table: which rows follow each other without a hole, and what is missing between the runs."""

from __future__ import annotations

from dataclasses import astuple, dataclass

import numpy as np

from ...feed.schema import Block

__all__ = ["FIELDS", "UNKNOWN", "Position", "Run", "follow", "place_of", "table"]

#: Columns of the table.
FIELDS = ("begin", "first", "start", "stride", "gap")
#: Rows missing before a run where nobody knows how many.
UNKNOWN = -1


@dataclass(frozen=True, kw_only=True)
class Run:
    """Rows that follow each other.

    Parameters
    ----------
    begin : int
        Place of its first row in the arrays of the recording, from 0.
    first : int
        Sequence number of that row.
    start : int
        Time of that row, in ticks.
    stride : int, optional
        Distance of the numbers of two rows; default 1. More where a reader took every so many rows only.
    gap : int, optional
        Rows missing before the run; -1 if unknown: the source began anew, and its rows were numbered on.
    """

    begin: int
    first: int
    start: int
    stride: int = 1
    gap: int = 0

    @classmethod
    def of(cls, row: np.ndarray) -> Run:
        """The run in a row of the table."""
        return cls(**dict(zip(FIELDS, map(int, row), strict=True)))


@dataclass(frozen=True, kw_only=True)
class Position:
    """The newest row: its place, number, time and stride; where the numbering began."""

    count: int
    row: int
    tick: int
    stride: int
    origin: tuple[int, int]

    def tick_of(self, row: int, step: int) -> int:
        """Time that a regular sequence gives to a sequence number."""
        return self.origin[1] + (row - self.origin[0]) * step


def follow(block: Block, position: Position | None, *, unknown: bool, step: int) -> tuple[Run | None, Position]:
    """The run that `block` begins, None if it goes on with the last one, and the position after it.

    Parameters
    ----------
    block : Block
        The next rows.
    position : Position or None
        The newest row; None before the first.
    unknown : bool
        Whether the source began anew before the block.
    step : int
        Ticks between two rows of the schema, 0 where time is irregular.
    """
    count = 0 if position is None else position.count
    last = block.first + (len(block) - 1) * block.stride
    after = Position(
        count=count + len(block),
        row=last,
        tick=block.end_tick(step),
        stride=block.stride,
        origin=(block.first, block.start) if position is None else position.origin,
    )
    if position is None:
        return Run(begin=0, first=block.first, start=block.start, stride=block.stride), after
    if not unknown and block.stride == position.stride and block.first == position.row + block.stride:
        return None, after
    gap = UNKNOWN if unknown else block.first - position.row - 1
    return Run(begin=count, first=block.first, start=block.start, stride=block.stride, gap=gap), after


def place_of(row: int, runs: np.ndarray, count: int) -> int:
    """Place of the first row whose sequence number is `row` or more, in a recording of `count` rows.

    Examples
    --------
    >>> place_of(12, np.array([[0, 0, 0, 1, 0], [5, 10, 10, 1, 5]]), 9)
    7
    """
    index = int(np.searchsorted(runs[:, 1], row, side="right")) - 1
    if index < 0:
        return 0
    begin, first, _, stride, _ = map(int, runs[index])
    end = int(runs[index + 1, 0]) if index + 1 < len(runs) else count
    return min(begin - (first - row) // stride, end)


def table(runs: list[Run], rows: int) -> np.ndarray:
    """The runs as a part of the table, filled up to `rows`; shape (rows, fields)."""
    filled = np.zeros((rows, len(FIELDS)), np.int64)
    if runs:
        filled[: len(runs)] = [astuple(run) for run in runs]
    return filled
