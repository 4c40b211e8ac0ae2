"""Levenshtein distance by bits: 64 rows of the matrix to the word (Myers 1999; Hyyro 2003).

Each word holds the differences between neighbouring rows of one column, +1 in one bit vector and -1 in another. A
column takes in the difference along its top edge and gives out that along its bottom edge. The word below needs it
one column later, so that the words on a diagonal are independent, and the sweep over them vectorises.
"""

from __future__ import annotations

import numpy as np

from .. import kernel
from .symbols import mark_positions, take_words

__all__ = ["measure_edits"]

#: Words of a strip; longer sequences go strip by strip, so that the masks stay small whatever the alphabet.
STRIP_WORDS = 256
#: The band is tried with these numbers of edits, and then given up; each is quick beside the next.
FIRST_BAND, LAST_BAND, WIDEN = 64, 8192, 4
#: Shorter sequences go without a band.
BAND_FROM = 256


@kernel
def sweep_words(plus, minus, here, above):
    """Move words to their next columns.

    plus, minus (words,) are overwritten. here (words,) holds the matches of each word's column and then the
    difference along its bottom edge: bit 0 for +1, bit 1 for -1. above (words,) is that along its top edge.
    """
    one, top = np.uint64(1), np.uint64(63)
    for q in range(plus.size):
        match, p, m = here[q], plus[q], minus[q]
        came_plus, came_minus = above[q] & one, above[q] >> one
        vertical = match | m
        match |= came_minus
        horizontal = (((match & p) + p) ^ p) | match
        more, less = m | ~(horizontal | p), p & horizontal
        here[q] = (more >> top) | ((less >> top) << one)
        more, less = (more << one) | came_plus, (less << one) | came_minus
        plus[q], minus[q] = less | ~(vertical | more), more & vertical


@kernel
def cross_strip(a, b, local, edge):
    """Put the rows of a strip a (n,) under the edge and overwrite it with the strip's lower edge.

    b (m,) are the columns. edge (m,) holds the differences along the top of the strip; bits as in `sweep_words`.
    Returns the sum of the differences down the last column.
    """
    masks, words = mark_positions(a, local)
    m = b.size
    starts = np.empty(m, np.uint64)
    for j in range(m):
        starts[m - 1 - j] = np.uint64(local[b[j]] * words)
    plus, minus = np.full(words, ~np.uint64(0)), np.zeros(words, np.uint64)
    # one place further than the words, so that what a word gives out stands where the next one takes it in
    now, before = np.zeros(words + 1, np.uint64), np.zeros(words + 1, np.uint64)
    for s in range(m + words - 1):
        low, high = max(0, s - m + 1), min(words - 1, s)
        if s < m:
            before[0] = edge[s]
        take_words(masks[low:], starts[m - 1 - s + low : m - s + high], now[low + 1 : high + 2])
        sweep_words(plus[low : high + 1], minus[low : high + 1], now[low + 1 : high + 2], before[low : high + 1])
        if high == words - 1:
            edge[s - high] = now[words]
        now, before = before, now
    down = np.int64(0)
    for i in range(a.size):
        bit = np.uint64(i & 63)
        down += np.int64((plus[i >> 6] >> bit) & np.uint64(1)) - np.int64((minus[i >> 6] >> bit) & np.uint64(1))
    return down


@kernel
def measure_within(masks, words, n, starts, most):
    """Edits if they are at most `most`, else some larger number; only near the diagonal (Ukkonen 1985).

    A path that leaves the diagonals between the two ends by h costs 2 h, which bounds the band. Cells outside count as
    if no symbol matched there, which never makes a distance smaller. Column by column, as narrow bands have few words.
    """
    one, top = np.uint64(1), np.uint64(63)
    m = starts.size
    apart = n - m
    slack = (most - abs(apart)) // 2
    if slack < 0:
        return most + 1
    lowest, highest = min(0, apart) - slack, max(0, apart) + slack
    plus, minus = np.full(words, ~np.uint64(0)), np.zeros(words, np.uint64)
    last = min(words - 1, highest >> 6)
    score = (last + 1) * 64
    for j in range(m):
        down_to = min(words - 1, (j + highest) >> 6)
        while last < down_to:
            last += 1
            score += 64
        first = min(max(0, (j + lowest) >> 6), last)
        start = starts[j]
        came_plus, came_minus = one, np.uint64(0)
        for q in range(np.uint64(first), np.uint64(last + 1)):
            match, p, mi = masks[start + q], plus[q], minus[q]
            vertical = match | mi
            match |= came_minus
            horizontal = (((match & p) + p) ^ p) | match
            more, less = mi | ~(horizontal | p), p & horizontal
            out_plus, out_minus = more >> top, less >> top
            more, less = (more << one) | came_plus, (less << one) | came_minus
            plus[q], minus[q] = less | ~(vertical | more), more & vertical
            came_plus, came_minus = out_plus, out_minus
        score += np.int64(came_plus) - np.int64(came_minus)
        # no cell of the column is less than the bottom one minus the height of the band
        if score - 64 * (last - first + 1) > most:
            return most + 1
    for i in range(n, 64 * words):
        bit = np.uint64(i & 63)
        score -= np.int64((plus[i >> 6] >> bit) & one) - np.int64((minus[i >> 6] >> bit) & one)
    return score


@kernel
def measure_edits(a, b, codes):
    """Fewest insertions, deletions and substitutions that turn one sequence into the other.

    Parameters
    ----------
    a, b : ndarray of int64, shapes (n,) and (m,), not empty
        Codes from 0 to codes - 1.
    codes : int

    Returns
    -------
    int
    """
    n, m = a.size, b.size
    local = np.zeros(codes, np.int64)
    if min(n, m) >= BAND_FROM and n <= 64 * STRIP_WORDS:
        masks, words = mark_positions(a, local)
        starts = np.empty(m, np.uint64)
        for j in range(m):
            starts[j] = np.uint64(local[b[j]] * words)
        most = FIRST_BAND
        while most <= LAST_BAND and most < max(n, m) // 4:
            found = measure_within(masks, words, n, starts, most)
            if found <= most:
                return found
            most *= WIDEN
    edge = np.full(m, np.uint64(1))
    total = m
    for first in range(0, n, 64 * STRIP_WORDS):
        total += cross_strip(a[first : first + 64 * STRIP_WORDS], b, local, edge)
    return total
