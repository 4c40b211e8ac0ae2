"""What the twins of delay vectors share."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...kernels.attractors.embedding import embed_delay
from .._checks import check_whole, frozen
from .._points import Points
from .base import Twin

__all__ = ["Delayed"]


class Delayed(Twin):
    """A twin over the delay vectors of the newest rows; each needs `ahead` rows after its last component too."""

    def __init__(
        self,
        *,
        window: int,
        every: int,
        delay: int,
        embedding_dim: int,
        theiler: int,
        channel: str | None,
        ahead: int = 0,
        least_theiler: int = 0,
    ) -> None:
        self.delay = check_whole(delay, "delay", least=1)
        self.embedding_dim = check_whole(embedding_dim, "embedding_dim", least=1)
        self.theiler = check_whole(theiler, "theiler", least=least_theiler)
        self._reach = (self.embedding_dim - 1) * self.delay + ahead
        super().__init__(window=window, every=every, channel=channel, least=self._reach + self.theiler + 2)

    @property
    def rows(self) -> int:
        """Delay vectors in a full window."""
        return self.window - self._reach

    @property
    def known(self) -> int:
        """Delay vectors in the rows held."""
        return max(0, len(self._held) - self._reach)

    def vectors(self, x: np.ndarray) -> Points:
        """The delay vectors of the samples `x`."""
        step, unit = self.clock
        return Points(
            points=embed_delay(frozen(x), self.delay, self.embedding_dim, max(0, len(x) - self._reach)),
            delay=self.delay,
            embedding_dim=self.embedding_dim,
            theiler=self.theiler,
            dt=step,
            unit=unit,
        )

    def attrs(self) -> dict[str, Any]:
        """What a result says of the delay vectors."""
        return self.vectors(np.empty(0)).attrs
