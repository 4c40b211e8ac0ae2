"""Lines that say how far a command is, and rates measured over the last seconds."""

from __future__ import annotations

import gc
import shutil
import sys
import time
from collections import deque
from collections.abc import Callable

__all__ = ["Meter", "Progress", "settle"]

#: Seconds over which a rate is measured.
SPAN = 5.0
#: Seconds between two looks at what runs.
LOOK = 0.5


def settle() -> None:
    """Keep what was imported out of garbage collections: going through it holds a stream up for 50 to 90 ms."""
    gc.collect()
    gc.freeze()


class Meter:
    """Rows and bytes per second.

    Parameters
    ----------
    clock : callable, optional
        Returns seconds; tests give their own.

    Examples
    --------
    >>> seconds = iter([0.0, 1.0, 2.0])
    >>> meter = Meter(clock=lambda: next(seconds))
    >>> meter.rate(1000, 8000), meter.rate(3000, 3_024_000)
    ('1,000 rows/s, 0.01 MB/s', '1,500 rows/s, 1.51 MB/s')
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen = deque([(clock(), 0, 0)])

    def rate(self, rows: int, size: int) -> str:
        """The rates over the last 5 s, or since the start, given what there was of both until now."""
        now = self._clock()
        self._seen.append((now, rows, size))
        while len(self._seen) > 2 and now - self._seen[1][0] >= SPAN:
            self._seen.popleft()
        then, rows_then, size_then = self._seen[0]
        seconds = max(now - then, 1e-3)
        return f"{(rows - rows_then) / seconds:,.0f} rows/s, {(size - size_then) / seconds / 1e6:,.2f} MB/s"


class Progress:
    """A few lines that are drawn over in a terminal; elsewhere only the last ones are printed."""

    def __init__(self) -> None:
        self._drawn = 0

    def show(self, *lines: str, last: bool = False) -> None:
        """Show the lines instead of those before; `last` ones stay."""
        if sys.stdout.isatty():
            width = shutil.get_terminal_size().columns - 1  # a line that went over the edge would be two
            lines = lines if last else tuple(line[:width] for line in lines)
            up = f"\033[{self._drawn - 1}F" if self._drawn > 1 else "\r"
            print(up + "\033[J" + "\n".join(lines), end="\n" if last else "", flush=True)
            self._drawn = 0 if last else len(lines)
        elif last:
            print("\n".join(lines), flush=True)
