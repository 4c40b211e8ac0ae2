"""The 0-1 test in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from .._checks import check_whole
from ..zero_one import MIN_SAMPLES, zero_one_test
from .base import Twin

__all__ = ["OnlineZeroOne"]


class OnlineZeroOne(Twin):
    """`zero_one_test` of the newest complete block of `window` rows; a block ends at every row divisible by `window`.

    Parameters
    ----------
    window : int
        Rows of a block, 200 or more.
    decimation, angles, level, rng
        As for `zero_one_test`; `rng` is a seed, the same for every block.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineZeroOne(window=1000)
    >>> _ = twin.update(Block(first=0, start=0, columns=(Logistic().trajectory(1100).values[:, 0],)))
    >>> found = twin.result()
    >>> str(found["verdict"].item()), int(found["n_used"]), int(found["age"])
    ('irregular', 1000, 99)
    """

    name = "zero_one_test"
    lane = "slow"

    def __init__(
        self,
        *,
        window: int,
        decimation: int | None = None,
        angles: int = 100,
        level: float = 0.90,
        rng: int = 0,
        channel: str | None = None,
    ) -> None:
        check_whole(angles, "angles", least=10)
        self._options: dict[str, Any] = {"decimation": decimation, "angles": angles, "level": level, "rng": rng}
        super().__init__(window=window, every=window, channel=channel, least=MIN_SAMPLES)

    def begin(self) -> None:
        self._block_found: xr.Dataset | None = None
        self._since = 0

    def advance(self, values: np.ndarray) -> None:
        self._since += len(values)

    def hop(self) -> None:
        step, unit = self.clock
        self._block_found = zero_one_test(self._held, **self._options).assign_attrs(dt=step, time_unit=unit)
        self._since = 0

    def used(self) -> tuple[int, int]:
        return (self.window, self._since) if self._block_found is not None else (0, 0)

    def estimate(self) -> xr.Dataset:
        if self._block_found is not None:
            return self._block_found
        empty = zero_one_test(np.zeros(self.window), **self._options)
        return empty.assign(reasons=((), "no block is complete yet"))
