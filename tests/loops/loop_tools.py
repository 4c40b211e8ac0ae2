"""Streams with a planted world for the tests of the strange loop."""

from __future__ import annotations

import numpy as np

BEFORE, AFTER = (1.6, -0.8), (-0.9, -0.5)


def ar2(seed: int, n: int, *, jump: int | None = None) -> np.ndarray:
    """An AR(2) process with unit noise whose coefficients change at row `jump`."""
    noise = np.random.default_rng(seed).standard_normal(n)
    x = np.zeros(n)
    for t in range(2, n):
        a, b = BEFORE if jump is None or t < jump else AFTER
        x[t] = a * x[t - 1] + b * x[t - 2] + noise[t]
    return x
