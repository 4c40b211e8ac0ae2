"""The running Lyapunov estimate of a feed, and how it is told in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["RunningEstimate"]


class RunningEstimate:
    """The largest Lyapunov exponent of a feed's newest window, again and again on the slow lane.

    It computes on a window that it copies and skips what it cannot keep up with, so the network never waits.

    Parameters
    ----------
    feed : Feed
        What to estimate.
    channel : str
        The channel to take.
    name : str
        Name of the feed of estimates; one with the same name is closed first.
    options : mapping, optional
        ``window`` (rows; default 5000, or what the feed holds), ``every`` (rows; default a tenth of the
        window), and keywords of `midstream_lab.attractors.lyapunov_max`.
    """

    def __init__(self, feed: Any, channel: str, *, name: str, options: Mapping[str, Any] | None = None):
        from midstream_lab.attractors import lyapunov_max
        from midstream_lab.feed import Channel, Schema, Windowed

        options = dict(options or {})
        window = min(int(options.pop("window", 5000)), feed.ring.capacity)
        every = int(options.pop("every", max(1, window // 10)))

        def estimate(x: Any) -> dict[str, Any]:
            result = lyapunov_max(x.sel(channel=channel) if "channel" in x.dims else x, **options)
            low, high = (float(end) for end in result["interval"])
            return {
                "exponent": float(result["exponent"]),
                "low": low,
                "high": high,
                "status": str(result["status"].item()),
                "reasons": str(result["reasons"].item()),
            }

        self._source = feed
        self._window = window
        self._unit = f"1/{feed.schema.time.unit}"
        # Named here, so that making the pipe does not compute a first estimate to see what comes back.
        numbers = tuple(Channel(name=each, unit=self._unit) for each in ("exponent", "low", "high"))
        texts = (Channel(name="status", kind="category"), Channel(name="reasons", kind="text"))
        windowed = Windowed(
            estimate,
            window=window,
            every=every,
            late="skip",
            schema=Schema(channels=numbers + texts),
            name="lyapunov_max",
        )
        self.feed = feed.pipe(windowed, name=name)

    @property
    def text(self) -> str:
        """One line: the value with its interval and unit, or why there is none, and how old it is."""
        if self.feed.error is not None:
            return f"λ: the estimate ended: {self.feed.error}"
        newest = self.feed.tail(self.feed.next - 1) if self.feed.counts.received else None
        if newest is None:
            rows = min(self._source.counts.received, self._window)
            return f"λ: gathering {rows:,} of {self._window:,} samples"
        row = dict(zip(self.feed.schema.names, (column[-1] for column in newest.columns), strict=True))
        tick = newest.start if newest.ticks is None else int(newest.ticks[-1])
        said = describe(row, self._unit)
        return f"{said}; {self._age(tick)} old"

    def _age(self, newest_used: int) -> str:
        """Time between the newest sample that the estimate used and the newest there is, in the source's time."""
        time = self._source.schema.time
        block = self._source.tail(self._source.next - 1)
        now = newest_used if block is None else block.start
        return f"{float(max(0, now - newest_used) * time.tick):.1f} {time.unit}"

    def close(self) -> None:
        """Stop estimating."""
        self.feed.close()


def describe(row: Mapping[str, Any], unit: str) -> str:
    """An estimate as text.

    Examples
    --------
    >>> describe({"exponent": 0.906, "low": 0.85, "high": 0.96, "status": "ok", "reasons": ""}, "1/s")
    'λ = 0.906 [0.85, 0.96] 1/s, ok'
    >>> describe({"exponent": float("nan"), "status": "inconclusive", "reasons": "too short"}, "1/s")
    'λ: inconclusive (too short)'
    """
    if row["status"] == "ok" and np.isfinite(row["exponent"]):
        return f"λ = {row['exponent']:.3g} [{row['low']:.3g}, {row['high']:.3g}] {unit}, ok"
    return f"λ: {row['status']} ({row['reasons']})"
