"""Compile every kernel of this room ahead of time, on tiny data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["warm"]


def warm() -> Iterator[tuple[str, int, int]]:
    """Call every face once, which compiles its kernels or loads them from the cache on disk.

    Yields
    ------
    kernel : str
        What is ready now.
    done, total : int
        How many are ready, of how many.

    Examples
    --------
    >>> [name for name, _, _ in warm()]
    ['tower', 'gate']
    """
    from .changes import Forget
    from .loop import StrangeLoop

    loop = StrangeLoop()
    x = np.sin(np.arange(40.0) ** 1.5)
    loop.update(x)
    yield "tower", 1, 2
    loop.propose(Forget([0]))
    loop.update(x)
    yield "gate", 2, 2
