"""Where each symbol stands, as bits: 64 elements of a sequence to the word."""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["find_range", "mark_positions", "take_words"]


@kernel
def find_range(a, b):
    """Least and largest value of two arrays of int64; 0 and 0 if both are empty."""
    low, high = np.int64(0), np.int64(0)
    if a.size:
        low = high = a[0]
    elif b.size:
        low = high = b[0]
    for value in a:
        low, high = min(low, value), max(high, value)
    for value in b:
        low, high = min(low, value), max(high, value)
    return low, high


@kernel
def mark_positions(a, local):
    """Bit masks of the symbols of a (n,), and the number of each symbol among those that occur.

    Parameters
    ----------
    a : ndarray of int64, shape (n,)
        Codes from 0 on.
    local : ndarray of int64, shape (codes,)
        Overwritten: the row of each code in the masks; 0, a row without bits, for one that does not occur.

    Returns
    -------
    masks : ndarray of uint64, shape (rows * words,)
        Bit i & 63 of word i >> 6 of a symbol's row tells whether it stands at i.
    words : int
    """
    local[:] = 0
    rows = 1
    for code in a:
        if local[code] == 0:
            local[code] = rows
            rows += 1
    words = (a.size + 63) >> 6
    masks = np.zeros(rows * words, np.uint64)
    for i in range(a.size):
        masks[local[a[i]] * words + (i >> 6)] |= np.uint64(1) << np.uint64(i & 63)
    return masks, words


@kernel
def take_words(masks, starts, out):
    """Word q of the row that begins at starts[q], for all q; out (words,), masks from word 0 of these words on."""
    for q in range(np.uint64(out.size)):
        out[q] = masks[starts[q] + q]
