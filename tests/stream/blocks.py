"""What the tests of sources share."""

from collections.abc import Iterable

from midstream_lab.feed import Block


def rows(blocks: Iterable[Block]) -> list[tuple]:
    """The values of each row, as Python's own."""
    return [row for block in blocks for row in zip(*(column.tolist() for column in block.columns), strict=True)]
