"""Nearest neighbours within a window that moves."""

from __future__ import annotations

import numpy as np

from ..preset import kernel
from .correlation import EUCLIDEAN, measure_row


@kernel
def scan_span(columns, i, begin, end, row, near, far):
    """Take the nearest of the points begin to end for the neighbour of point i, if it is nearer than ``far[i]``."""
    if end <= begin:
        return
    measure_row(columns, i, begin, end, EUCLIDEAN, row)
    for j in range(end - begin):
        if 0.0 < row[j] < far[i]:
            far[i], near[i] = row[j], begin + j


@kernel
def slide_neighbours(columns, known, rows, theiler, near, far):
    """Keep the nearest neighbour of every point of a window of `rows` points that moves to the end of `columns`.

    As `find_neighbours` with one neighbour: more than `theiler` samples away, and no exact duplicate. A point that
    comes is measured against all; who loses its neighbour looks for another, which on average is one point a row.

    Parameters
    ----------
    columns : (m, n) float64
        The points of the window so far, of which `known` have been seen, and those that come.
    known, rows, theiler : int
    near, far : (n,) int64 and float64
        Neighbour of each point (-1 for none) and its squared distance (inf); brought up to date.
    """
    row = np.empty(columns.shape[1])
    for i in range(known, columns.shape[1]):
        begin, gone = max(0, i - rows + 1), i - rows
        if gone >= 0:
            for j in range(begin, i):
                if near[j] == gone:
                    near[j], far[j] = -1, np.inf
                    scan_span(columns, j, begin, j - theiler, row, near, far)
                    scan_span(columns, j, j + theiler + 1, i, row, near, far)
        near[i], far[i] = -1, np.inf
        end = i - theiler
        if end <= begin:
            continue
        scan_span(columns, i, begin, end, row, near, far)
        spans, nearest = far[begin:end], near[begin:end]
        for j in range(end - begin):
            if 0.0 < row[j] < spans[j]:
                spans[j], nearest[j] = row[j], i
