"""Delay vectors of the newest rows."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...feed import Block, Channel, Schema
from ...feed.labels import label_window
from .._checks import check_whole
from ..embedding import embed
from .base import Twin

__all__ = ["OnlineEmbedding"]


class OnlineEmbedding(Twin):
    """`embed` of the last `window` rows, exactly; and every delay vector once, as a row of the output.

    An output row has the number and the time t of the row that completes its vector: the channels are
    ``x(t - (dim - 1) delay)``, ..., ``x(t)``. `embed` labels the same vector with the time of its first component.

    Parameters
    ----------
    window : int
        Rows that `result()` embeds, at least those of one vector.
    delay, dim : int
        As for `embed`.
    channel : str, optional
        Which channel of the feed; needed where several are numeric.

    Notes
    -----
    No vector reaches across missing rows. A component that is not finite makes the whole row of the output NaN, and
    what `result()` embeds begins after it.

    Examples
    --------
    >>> from midstream_lab.feed import Block
    >>> twin = OnlineEmbedding(window=4, delay=2, dim=2)
    >>> block = twin.update(Block(first=0, start=0, columns=(np.array([0.0, 1, 2, 3, 4]),)))
    >>> block.first, [column.tolist() for column in block.columns]
    (2, [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]])
    >>> twin.result()["embedding"].values.tolist()
    [[1.0, 3.0], [2.0, 4.0]]
    """

    name = "embedding"
    _tail: np.ndarray

    def __init__(self, *, window: int, delay: int, dim: int, channel: str | None = None) -> None:
        self.delay = check_whole(delay, "delay", least=1)
        self.dim = check_whole(dim, "dim", least=1)
        self._reach = (self.dim - 1) * self.delay
        super().__init__(window=window, every=1, channel=channel, least=self._reach + 1)

    def channels(self) -> tuple[Channel, ...]:
        """A channel for each component."""
        unit = self._schema.channels[self._column].unit
        lags = range(self._reach, 0, -self.delay)
        return tuple(Channel(name=name, unit=unit) for name in [*(f"x(t - {lag})" for lag in lags), "x(t)"])

    def update(self, block: Block) -> Block | None:
        """Take a block; give the delay vectors that it completes."""
        values, _ = self._read(block)
        x = np.concatenate([self._tail, values])
        self._tail, self._newest = x[max(0, len(x) - self._reach) :], block.end_tick(self._schema.time.step)
        self._extend(values)
        rows = len(x) - self._reach
        if rows < 1:
            return None
        columns = np.stack([x[begin : begin + rows] for begin in range(0, self._reach + 1, self.delay)])
        columns[:, ~np.isfinite(columns).all(axis=0)] = np.nan
        late = len(values) - rows
        start = block.start + late * self._schema.time.step
        return Block(first=block.first + late, start=start, columns=tuple(columns))

    def estimate(self) -> xr.Dataset:
        time = self._schema.time
        x = self._held if self.known else np.zeros(self._reach + 1)
        rows = Block(first=0, start=self._newest - (len(x) - 1) * time.step, columns=(x,))
        one = Schema(channels=(self._schema.channels[self._column],), time=time, attrs=self._schema.attrs)
        found = embed(label_window(0, [rows], one), delay=self.delay, dim=self.dim)
        return xr.Dataset({"embedding": found[: self.known]}, attrs=found.attrs)

    @property
    def known(self) -> int:
        """Delay vectors in the rows held."""
        return max(0, len(self._held) - self._reach)

    def _cut(self) -> None:
        self._tail, self._newest = np.empty(0), 0
        super()._cut()
