"""What runs in a pipe: the operator protocol."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from .schema import Block, Schema

__all__ = ["Operator"]


@runtime_checkable
class Operator(Protocol):
    """What `Feed.pipe` runs: rows in, rows out.

    `update` gets unbroken blocks of at most 4,096 rows, in order, from one thread at a time. How the rows
    are cut into blocks carries no meaning, so an operator must give the same rows however they are cut. Where
    ``block.gap`` is not 0 rows are missing before the block, and an operator with memory starts again.

    An output row bears the time of the newest row that it used. An operator that keeps the rate keeps the
    numbers (``first=block.first``); one that changes it numbers its rows by hop.

    These attributes and methods are optional:

    - `name`: stands in the default name of the feed;
    - `lane`: ``"slow"`` for work of more than 50 ms;
    - `policy`: the default policy of the pipe;
    - `strided`: True if it takes evenly spaced rows as one block (`Block.stride`), as they come of the policy
      ``"decimate"``; default False: each comes as a block of one row, after a gap;
    - `turn_rows`: most rows of a block, if fewer than 4,096;
    - `prompt`: True if, after `update`, no row for that time or before will still come;
    - ``warm(schema)``: compile; called by `pipe`;
    - ``attach(feed)``: called by `pipe` with the feed to read;
    - ``behind(rows)``: called before each `update` with the rows that wait behind the block;
    - ``report()``: lines for the health of the feed.
    """

    def schema_out(self, schema: Schema) -> Schema:
        """The schema of the output, for this input; called once, before the first block."""
        ...

    def update(self, block: Block) -> Block | None:
        """Take a block; give a block of output, or None."""
        ...

    def finish(self) -> Block | None:
        """The input has ended: give what is left, or None."""
        ...
