"""Permutation entropy of the newest rows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr

from ...kernels.attractors.entropy import count_patterns, slide_patterns
from ..entropy import check_order, describe_patterns
from .base import Twin

__all__ = ["OnlinePermutationEntropy"]


class OnlinePermutationEntropy(Twin):
    """`permutation_entropy` of the last `window` rows, exactly: one pattern comes, one goes.

    Parameters
    ----------
    window : int
        Rows of the window, at least one pattern.
    every : int, optional
        Rows between two results; default 1.
    order, delay : int, optional
        As for `permutation_entropy`; default 3 and 1.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlinePermutationEntropy(window=7, order=2)
    >>> _ = twin.update(Block(first=0, start=0, columns=(np.array([4.0, 7, 9, 10, 6, 11, 3]),)))
    >>> float(twin.result()["entropy"].round(3))
    0.637
    """

    name = "permutation_entropy"

    def __init__(
        self, *, window: int, every: int = 1, order: int = 3, delay: int = 1, channel: str | None = None
    ) -> None:
        self.order, self.delay = check_order(order, delay)
        super().__init__(window=window, every=every, channel=channel, least=(self.order - 1) * self.delay + 1)

    def begin(self) -> None:
        self._counts = np.zeros(math.factorial(self.order), np.int64)

    def advance(self, values: np.ndarray) -> None:
        room = self.window - len(self._held)
        x = np.concatenate([self._held, values])
        x.flags.writeable = False
        if room > 0 or len(values) >= self.window:
            filled = x[: self.window] if len(values) <= room else x[-self.window :]
            self._counts[:] = 0
            count_patterns(filled, self.order, self.delay, self._counts)
        else:
            slide_patterns(x, self.order, self.delay, self.window - (self.order - 1) * self.delay, self._counts)

    def estimate(self) -> xr.Dataset:
        step, unit = self.clock
        attrs: dict[str, Any] = {"order": self.order, "delay": self.delay, "weighted": 0, "dt": step, "time_unit": unit}
        return describe_patterns(self._counts, self._counts.astype(np.float64), attrs=attrs)
