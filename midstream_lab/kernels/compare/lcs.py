"""Longest common subsequence by bits: 64 rows of the matrix to the word (Hyyro 2004).

A bit is 0 where the length grows from one row to the next. A column takes in the carry of the addition in the word
above and hands on its own; as in `edit`, the words on a diagonal are independent.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from .symbols import mark_positions, take_words

__all__ = ["grow_lcs", "trace_lcs"]

STRIP_WORDS = 256


@kernel
def sweep_carries(rows, here, above):
    """Move words to their next columns.

    here (words,) holds the matches, then the carries that go out; above (words,) those that come in.
    """
    top = np.uint64(63)
    for q in range(rows.size):
        v = rows[q]
        u = v & here[q]
        total = v + u + above[q]
        # the carry out of a sum of three, from its top bits
        here[q] = ((v & u) | ((v | u) & ~total)) >> top
        rows[q] = total | (v - u)


@kernel
def grow_lcs(a, b, codes):
    """Where the length of the longest common subsequence of b and the first elements of a grows.

    Parameters
    ----------
    a, b : ndarray of int64, shapes (n,) and (m,), not empty
        Codes from 0 to codes - 1.
    codes : int

    Returns
    -------
    ndarray of uint8, shape (n,)
        1 at i where the first i + 1 elements of a have a longer one with b than the first i; the sum is its length.
    """
    n, m = a.size, b.size
    local = np.zeros(codes, np.int64)
    grows = np.empty(n, np.uint8)
    edge = np.zeros(m, np.uint64)
    for begin in range(0, n, 64 * STRIP_WORDS):
        strip = a[begin : begin + 64 * STRIP_WORDS]
        masks, words = mark_positions(strip, local)
        starts = np.empty(m, np.uint64)
        for j in range(m):
            starts[m - 1 - j] = np.uint64(local[b[j]] * words)
        rows = np.full(words, ~np.uint64(0))
        now, before = np.zeros(words + 1, np.uint64), np.zeros(words + 1, np.uint64)
        for s in range(m + words - 1):
            low, high = max(0, s - m + 1), min(words - 1, s)
            if s < m:
                before[0] = edge[s]
            take_words(masks[low:], starts[m - 1 - s + low : m - s + high], now[low + 1 : high + 2])
            sweep_carries(rows[low : high + 1], now[low + 1 : high + 2], before[low : high + 1])
            if high == words - 1:
                edge[s - high] = now[words]
            now, before = before, now
        for i in range(strip.size):
            grows[begin + i] = np.uint8(~(rows[i >> 6] >> np.uint64(i & 63)) & np.uint64(1))
    return grows


@kernel
def trace_lcs(a, b):
    """Indices of one longest common subsequence from the whole matrix, (length, 2); for short pieces.

    Of several the one whose elements stand latest in a, and then latest in b.
    """
    n, m = a.size, b.size
    length = np.zeros((n + 1, m + 1), np.int32)
    for i in range(n):
        for j in range(m):
            if a[i] == b[j]:
                length[i + 1, j + 1] = length[i, j] + 1
            else:
                length[i + 1, j + 1] = max(length[i, j + 1], length[i + 1, j])
    pairs = np.empty((length[n, m], 2), np.int64)
    i, j, at = n, m, length[n, m]
    while at > 0:
        if a[i - 1] == b[j - 1]:
            i, j, at = i - 1, j - 1, at - 1
            pairs[at, 0], pairs[at, 1] = i, j
        elif length[i, j - 1] >= length[i - 1, j]:
            j -= 1
        else:
            i -= 1
    return pairs
