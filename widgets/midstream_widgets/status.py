"""The status line of a live view: how fast rows come and what became of them."""

from __future__ import annotations

from typing import Any

__all__ = ["Status"]


class Status:
    """Follows the counts of a feed.

    Parameters
    ----------
    feed : Feed
        What to follow.
    smoothing : float, optional
        Seconds over which the rate is taken; default 1.
    """

    def __init__(self, feed: Any, *, smoothing: float = 1.0):
        self._feed = feed
        self._smoothing = smoothing
        self._seen: list[tuple[float, int]] = []
        self.note = ""

    def lines(self, now: float, *, skipped: int, left_out: int, paused: bool) -> dict[str, str]:
        """Short texts by field.

        `skipped` is how many points were never drawn because the browser was behind, `left_out` how many of the
        trail cannot be drawn because they touch a gap, a NaN or a value that is too large.
        """
        counts = self._feed.counts
        self._seen.append((now, counts.received))
        while len(self._seen) > 2 and now - self._seen[0][0] > self._smoothing:
            del self._seen[0]
        (begin, before), (end, after) = self._seen[0], self._seen[-1]
        rate = (after - before) / (end - begin) if end > begin else 0.0
        lost = {"lost": counts.lost, "late": counts.late, "dropped": counts.dropped}
        lost |= {"decimated": counts.decimated, "not drawn": skipped, "left out (gaps, NaN)": left_out}
        told = [f"received {counts.received:,}", f"overwritten {counts.overwritten:,}"]
        told += [f"{name} {count:,}" for name, count in lost.items() if count or name in ("lost", "dropped")]
        return {
            "rate": f"{rate:,.0f} samples/s",
            "counts": " · ".join(told),
            "state": self._state(paused),
        }

    def _state(self, paused: bool) -> str:
        if self._feed.error is not None:
            return f"ended: {self._feed.error}"
        if self._feed.closed:
            return "ended"
        if interruption := self._feed.interruption:
            return str(interruption)
        return "paused (the stream goes on)" if paused else self.note
