"""How the rows of a feed are numbered on in a recording that has rows already."""

from __future__ import annotations

from ...errors import InputError
from ...feed.schema import Block
from ..frames import moved
from .runs import Position

__all__ = ["Numbering"]


class Numbering:
    """Gives the rows of one feed their numbers and times in a recording.

    Parameters
    ----------
    position : Position or None
        The newest row of the recording; None before the first.
    step : int
        Ticks between two rows, 0 where time is irregular.
    continues : bool, optional
        See `record`.
    """

    def __init__(self, position: Position | None, *, step: int, continues: bool | None) -> None:
        self._position = position
        self._step = step
        self._continues = True if position is None else continues
        self._shift: tuple[int, int] | None = None if position is not None else (0, 0)
        self.skipped = 0

    def place(self, block: Block) -> tuple[Block, bool]:
        """The rows of `block` that the recording does not hold, renumbered, and whether the source began anew.

        Raises
        ------
        InputError
            If the rows were said to continue the recording, and their times do not.
        """
        position = self._position
        if position is None:
            return block, False
        anew = False
        if self._shift is None:
            self._continues = self._fits(block, position) if self._continues is None else self._continues
            anew = not self._continues
            self._shift = self._after(block, position) if anew else (0, 0)
        rows, ticks = self._shift
        block = moved(block, rows=rows, ticks=ticks)
        behind = position.row + 1 - block.first
        if behind <= 0:
            self._check(block, position)
            return block, anew
        skip = min(len(block), -(-behind // block.stride))
        self.skipped += skip
        block = block.cut(skip, len(block), step=self._step) if skip < len(block) else block.cut(0, 0, step=self._step)
        self._check(block, position)
        return block, anew

    def _fits(self, block: Block, position: Position) -> bool:
        return block.first > position.row and self._in_time(block, position)

    def _in_time(self, block: Block, position: Position) -> bool:
        if self._step:
            return block.start == position.tick_of(block.first, self._step)
        return block.start >= position.tick

    def _check(self, block: Block, position: Position) -> None:
        if len(block) and not self._in_time(block, position):
            raise InputError(
                f"row {block.first} of the feed is at tick {block.start}, which does not continue the recording; it is "
                "another run of the source: leave out continues=True"
            )

    def _after(self, block: Block, position: Position) -> tuple[int, int]:
        """What to add to rows and ticks so that they come after the newest row: one row counts for the unknown gap."""
        row = position.row + 2
        if self._step:
            return row - block.first, position.tick_of(row, self._step) - block.start
        return row - block.first, max(0, position.tick - block.start)
