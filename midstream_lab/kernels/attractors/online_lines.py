"""Lines of the recurrence plot of a window that moves: each row that comes or goes changes one point of each line."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import MAXIMUM
from .recurrence import flag_span
from .rqa import count_runs

#: Rows of the state of the lines, a column for each diagonal or column of the plot: length of the line that the newest
#: points lie on; the row when it last grew; what is left of a line that the oldest points lie on, 0 if not yet known.
RUN, LAST, LEFT = 0, 1, 2


@kernel
def recurs(columns, i, j, limit, norm):
    """Whether points i and j of `columns` (m, n) recur."""
    total = 0.0
    for axis in range(columns.shape[0]):
        gap = abs(columns[axis, i] - columns[axis, j])
        total = max(total, gap) if norm == MAXIMUM else total + gap * gap
    return total <= limit


@kernel
def grow_line(lines, place, row, lengths):
    """A recurrence point comes to the newest end of `place` with row number `row`."""
    run = lines[RUN, place] if lines[LAST, place] == row - 1 else 0
    if run > 0:
        lengths[run] -= 1
    lines[RUN, place], lines[LAST, place] = run + 1, row
    lengths[run + 1] += 1


@kernel
def shrink_line(lines, place, newest, size, columns, i, j, step, limit, norm, lengths):
    """The recurrence point (i, j) goes from the oldest end of `place`, which holds `size` points up to row `newest`.

    The next points of `place` are (i + step, j + 1), ...: they are measured where the line is met for the first time.
    """
    if lines[LAST, place] == newest and lines[RUN, place] == size:
        length = size
        lines[RUN, place] -= 1
    else:  # the line ends before the newest point
        length = lines[LEFT, place]
        if length == 0:
            length = 1
            while recurs(columns, i + step * length, j + length, limit, norm):
                length += 1
        lines[LEFT, place] = length - 1
    lengths[length] -= 1
    if length > 1:
        lengths[length - 1] += 1


@kernel
def slide_lines(columns, before, known, rows, limit, norm, theiler, diagonals, verticals, diagonal, vertical, by_lag):
    """Bring what `count_lines` finds up to date when a window of `rows` points moves to the end of `columns` (m, n).

    Parameters
    ----------
    columns : (m, n) float64
        The points of the window so far, of which `known` have been seen, and those that come.
    before, known, rows : int
        Points that came before the first of `columns`; points seen; size of the window.
    limit : float
    norm, theiler : int
        As for `count_lines`.
    diagonals, verticals : (3, rows) and (3, n) int64
        State of the lines by lag, and by point of `columns`. At first 0, but -2 for the rows when they last grew.
    diagonal, vertical, by_lag : (rows + 1,), (rows + 1,), (rows,) int64
        What is brought up to date.
    """
    n = columns.shape[1]
    row, flags = np.empty(rows), np.zeros((rows + 7) // 8 * 8, np.uint8)
    words = flags.view(np.int64)
    for i in range(known, n):
        begin = max(0, i - rows + 1)
        if i >= rows:
            old = i - rows
            flag_span(columns, old, old, i, limit, norm, row, flags)
            count_runs(flags, rows, vertical, -1)
            for word in range(words.shape[0]):
                if words[word] == 0:
                    continue
                for lag in range(max(1, 8 * word), min(8 * word + 8, rows)):
                    if not flags[lag]:
                        continue
                    shrink_line(
                        verticals, old + lag, before + i - 1, rows, columns, old + lag, old, 0, limit, norm, vertical
                    )
                    if lag > theiler:
                        by_lag[lag] -= 1
                        shrink_line(
                            diagonals, lag, before + i - 1, rows - lag,
                            columns, old, old + lag, 1, limit, norm, diagonal,
                        )  # fmt: skip
        size = i + 1 - begin
        flag_span(columns, i, begin, i + 1, limit, norm, row, flags)
        count_runs(flags, size, vertical, 1)
        run = 0
        while run < size and flags[size - 1 - run]:
            run += 1
        verticals[RUN, i], verticals[LAST, i], verticals[LEFT, i] = run, before + i, 0
        for word in range((size + 7) // 8):
            if words[word] == 0:
                continue
            for place in range(8 * word, min(8 * word + 8, size - 1)):
                if not flags[place]:
                    continue
                grow_line(verticals, begin + place, before + i, vertical)
                lag = size - 1 - place
                if lag > theiler:
                    by_lag[lag] += 1
                    grow_line(diagonals, lag, before + i, diagonal)
        flags[:] = 0
