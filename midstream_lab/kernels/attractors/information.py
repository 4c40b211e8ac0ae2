"""Average mutual information between a sequence and its own past."""

from __future__ import annotations

import math

import numpy as np

from ..preset import kernel


@kernel
def bin_equiprobable(x, bins):
    """Bin number (n,) of each value such that the `bins` bins hold equally many; equal values share a bin."""
    n = x.shape[0]
    order = np.argsort(x, kind="mergesort")
    label = np.empty(n, np.int64)
    current = 0
    for rank in range(n):
        if rank == 0 or x[order[rank]] != x[order[rank - 1]]:
            current = rank * bins // n
        label[order[rank]] = current
    return label


@kernel
def count_information(label, bins, max_lag):
    """Mutual information in nats (max_lag + 1,) of `label` (n,) and itself, lags 0 to `max_lag`."""
    n = label.shape[0]
    information = np.zeros(max_lag + 1)
    joint = np.empty(bins * bins, np.int64)
    before, after = np.empty(bins, np.int64), np.empty(bins, np.int64)
    for lag in range(max_lag + 1):
        pairs = n - lag
        joint[:] = 0
        before[:] = 0
        after[:] = 0
        for i in range(pairs):
            joint[label[i] * bins + label[i + lag]] += 1
        for a in range(bins):
            for b in range(bins):
                before[a] += joint[a * bins + b]
                after[b] += joint[a * bins + b]
        total = 0.0
        for a in range(bins):
            for b in range(bins):
                both = joint[a * bins + b]
                if both > 0:
                    total += both * math.log(both * pairs / (before[a] * after[b]))
        information[lag] = total / pairs
    return information
