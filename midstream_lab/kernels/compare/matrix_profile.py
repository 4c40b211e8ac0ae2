"""The best partner of every window of one series among the windows of another, along diagonals."""

from __future__ import annotations

import numpy as np

from .. import kernel

__all__ = ["LANES", "follow_diagonals"]

#: Diagonals that are followed side by side, in the lanes of vector instructions.
LANES = 256
#: Covariances are summed anew after this many rows, or this many windows, so that rounding cannot add up.
ROWS, WINDOWS = 2048, 8


@kernel
def follow_diagonals(x, y, m, x_windows, y_windows, first, last, row_best, row_index, col_best, col_index):
    """Largest correlation of window i of x with windows i + lag of y, for the lags from `first` up to `last`.

    Along a diagonal the covariance is updated with the sample that comes and the one that goes. The loops over the
    lanes are kept apart so that each of them compiles to vector instructions.

    Parameters
    ----------
    x : ndarray of float64, shape (n,)
        Finite.
    y : ndarray of float64, shape (k + LANES,)
        Finite, filled up.
    m : int
        Length of a window.
    x_windows : ndarray of float64, shape (5, n - m + 1)
        Mean, scale and bias as `summarise_windows` gives them, and the two factors of the update.
    y_windows : ndarray of float64, shape (5, k - m + 1 + LANES)
        Filled up with zeros, the bias with -inf.
    first, last : int
        Lags, from 0; a multiple of LANES apart, or `last` beyond the end of y.
    row_best, row_index : ndarray of float64 and int64, shape (n - m + 1,)
        Best so far for each window of x, and where in y; updated.
    col_best, col_index : ndarray of float64 and int64, shape (k - m + 1 + LANES,)
        Best so far for each window of y, and where in x; updated.
    """
    rows, cols = x_windows.shape[1], y_windows.shape[1] - LANES
    means, scales, biases, comes, goes = y_windows
    tile = max(ROWS, WINDOWS * m)
    covariance, match, most = np.empty(LANES), np.empty(LANES), np.empty(LANES // 2)
    for lag in range(first, min(last, cols), LANES):
        for i in range(min(rows, cols - lag)):
            j = i + lag
            scale, bias, come, gone = (
                scales[j : j + LANES],
                biases[j : j + LANES],
                comes[j : j + LANES],
                goes[j : j + LANES],
            )
            if i % tile == 0:
                covariance[:] = 0.0
                mean = means[j : j + LANES]
                for q in range(m):
                    apart, part = x[i + q] - x_windows[0, i], y[j + q : j + q + LANES]
                    for d in range(LANES):
                        covariance[d] += apart * (part[d] - mean[d])
            else:
                x_come, x_gone = x_windows[3, i], x_windows[4, i]
                for d in range(LANES):
                    covariance[d] += x_come * gone[d] + come[d] * x_gone
            x_scale, x_bias = x_windows[1, i], x_windows[2, i]
            for d in range(LANES):
                match[d] = covariance[d] * (x_scale * scale[d]) + (x_bias + bias[d])
            best, index = col_best[j : j + LANES], col_index[j : j + LANES]
            for d in range(LANES):
                better = match[d] > best[d]
                best[d] = match[d] if better else best[d]
                index[d] = i if better else index[d]
            half = LANES // 2
            low, high = match[:half], match[half:]
            for d in range(half):
                most[d] = low[d] if low[d] > high[d] else high[d]
            while half > 8:
                half //= 2
                low, high = most[:half], most[half : 2 * half]
                for d in range(half):
                    low[d] = low[d] if low[d] > high[d] else high[d]
            top = most[0]
            for d in range(1, half):
                top = max(top, most[d])
            if top > row_best[i]:
                d = 0
                while match[d] != top:
                    d += 1
                row_best[i], row_index[i] = top, j + d
