"""Ordinal patterns of a sequence, and how often each comes."""

from __future__ import annotations

import numpy as np

from ..preset import kernel

#: Patterns that are coded at once, so that they stay in the nearest cache.
CHUNK = 1024


@kernel
def code_patterns(x, order, delay, begin, codes):
    """Number of the ordinal pattern (Lehmer code) of the windows from `begin` on, into `codes` (k,) int32.

    The window at i holds x[i], x[i + delay], ..., `order` of them. Of equal values the earlier counts as the smaller.
    """
    rows = codes.shape[0]
    codes[:] = 0
    weight = np.int32(1)
    for a in range(order - 1, -1, -1):
        first = x[begin + a * delay : begin + a * delay + rows]
        for b in range(a + 1, order):
            second = x[begin + b * delay : begin + b * delay + rows]
            for i in range(rows):
                codes[i] += weight if second[i] < first[i] else np.int32(0)
        weight *= np.int32(order - a)


@kernel
def count_patterns(x, order, delay, counts):
    """Add the number of times that each ordinal pattern of `x` (n,) comes to `counts` (order!,) int64."""
    rows = x.shape[0] - (order - 1) * delay
    codes = np.empty(CHUNK, np.int32)
    for begin in range(0, rows, CHUNK):
        size = min(CHUNK, rows - begin)
        code_patterns(x, order, delay, begin, codes[:size])
        for i in range(size):
            counts[codes[i]] += 1


@kernel
def weigh_patterns(x, order, delay, weights):
    """Add the variance of every window of `x` (n,) to the `weights` (order!,) of its ordinal pattern."""
    rows = x.shape[0] - (order - 1) * delay
    codes = np.empty(CHUNK, np.int32)
    for begin in range(0, rows, CHUNK):
        size = min(CHUNK, rows - begin)
        code_patterns(x, order, delay, begin, codes[:size])
        for i in range(size):
            mean, variance = 0.0, 0.0
            for k in range(order):
                mean += x[begin + i + k * delay]
            mean /= order
            for k in range(order):
                variance += (x[begin + i + k * delay] - mean) ** 2
            weights[codes[i]] += variance / order


@kernel
def slide_patterns(x, order, delay, rows, counts):
    """Move the window of `rows` patterns over `x` by one pattern at a time to its end: one comes, one goes."""
    ahead = x.shape[0] - (order - 1) * delay - rows
    come, go = np.empty(CHUNK, np.int32), np.empty(CHUNK, np.int32)
    for begin in range(0, ahead, CHUNK):
        size = min(CHUNK, ahead - begin)
        code_patterns(x, order, delay, begin + rows, come[:size])
        code_patterns(x, order, delay, begin, go[:size])
        for i in range(size):
            counts[come[i]] += 1
            counts[go[i]] -= 1
