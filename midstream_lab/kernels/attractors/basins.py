"""Which attractor each start reaches, by the recurrences of its trajectory on a grid of cells."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .systems import step_state


@kernel
def find_cell(s, low, width, counts):
    """Number of the cell that holds `s` (dim,), -1 outside of the box."""
    cell = 0
    for i in range(s.shape[0]):
        place = (s[i] - low[i]) / width[i]
        if not 0.0 <= place < counts[i]:
            return -1
        cell = cell * counts[i] + int(place)
    return cell


@kernel
def find_marked(cell, counts, marked):
    """Attractor of one of the cells around `cell`, 0 if there is none."""
    dim = counts.shape[0]
    around = 1
    for _ in range(dim):
        around *= 3
    for turn in range(around):
        code, rest, stride, near, inside = turn, cell, 1, 0, True
        for k in range(dim):
            i = dim - 1 - k
            place = rest % counts[i] + code % 3 - 1
            rest //= counts[i]
            code //= 3
            inside = inside and 0 <= place < counts[i]
            near += place * stride
            stride *= counts[i]
        if inside and marked[near] > 0:
            return marked[near]
    return 0


@kernel
def label_basins(
    system, p, starts, h, substeps, low, width, counts, marked, visited, before, recur, locate, hits, lost, most
):
    """Label starts by their attractor, after Datseris & Wagemakers (2022).

    A trajectory that visits `recur` times running cells where it was before has found an attractor, whose cells are
    marked over the next `locate` samples; one that visits cells of one attractor `hits` times running belongs to it;
    one that is outside of the box `lost` times running has left.

    Parameters
    ----------
    starts : (n, dim) float64
    low, width : (dim,) float64, counts : (dim,) int64: the box and its cells
    marked : (cells,) int32: attractor of each cell, 0 for none; written
    visited : (cells,) int32: the last start whose trajectory was there, counted from 1; written
    before : int: starts that were labelled before with these cells
    most : int: samples before the search ends

    Returns
    -------
    label : (n,) int64: attractor from 1 on, -1 left the box, 0 undecided
    """
    n, dim = starts.shape
    label, s, work = np.zeros(n, np.int64), np.empty(dim), np.empty((5, dim))
    attractors = marked.max()
    for row in range(n):
        start = before + row + 1
        for i in range(dim):
            s[i] = starts[row, i]
        again, away, same, last = 0, 0, 0, 0
        for _ in range(most):
            cell = find_cell(s, low, width, counts)
            if cell < 0:
                away += 1
                again, same = 0, 0
                if away >= lost:
                    label[row] = -1
                    break
            elif marked[cell] > 0:
                same = same + 1 if marked[cell] == last else 1
                last = marked[cell]
                again, away = 0, 0
                if same >= hits:
                    label[row] = last
                    break
            else:
                away, same = 0, 0
                again = again + 1 if visited[cell] == start else 0
                visited[cell] = start
                if again >= recur:
                    # An attractor on the border of two cells is found once from each side.
                    name = find_marked(cell, counts, marked)
                    if name == 0:
                        attractors += 1
                        name = attractors
                    label[row] = name
                    for _ in range(locate):
                        if cell >= 0 and marked[cell] == 0:
                            marked[cell] = name
                        for _ in range(substeps):
                            step_state(system, p, s, h, work)
                        cell = find_cell(s, low, width, counts)
                    break
            for _ in range(substeps):
                step_state(system, p, s, h, work)
    return label
