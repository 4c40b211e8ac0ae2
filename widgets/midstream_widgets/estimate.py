"""The running Lyapunov estimate of a feed, and how it is told in one line."""

from __future__ import annotations

import inspect
from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np

from midstream_lab.errors import InputError, LabError

from .base import reject_unknown

__all__ = ["RunningEstimate", "checked_options", "suggest_delay"]


def checked_options(given: Any) -> dict[str, Any] | None:
    """What `estimate=` of a view says: a mapping of options, or None for no estimate.

    Raises
    ------
    InputError
        If it is neither a truth value nor a mapping, or holds a keyword or a value that is not allowed.
    """
    if isinstance(given, (bool, np.bool_)):
        return {} if given else None
    if not isinstance(given, Mapping):
        raise InputError(f"estimate must be True, False or a mapping of options, not {given!r}")
    from midstream_lab.attractors import lyapunov_max

    # The feed says which channel is drawn and what its dt is.
    known = inspect.signature(lyapunov_max).parameters.keys() - {"x", "channel", "dt"}
    pace = {"window", "every"}
    reject_unknown(given.keys() - known - pace, known | pace, what="estimate")
    for name in given.keys() & pace:
        if isinstance(given[name], bool) or not isinstance(given[name], (int, np.integer)) or given[name] < 1:
            raise InputError(f"{name} must be a whole number of rows, at least 1, not {given[name]!r}")
    # A constant is answered at once: of this call only the check of the values remains.
    lyapunov_max(np.zeros(2), dt=1, **{name: given[name] for name in given.keys() & known})
    return dict(given)


def suggest_delay(feed: Any, channel: str) -> tuple[int, str]:
    """A delay for the newest rows of a feed, and a note where none could be found."""
    from midstream_lab.attractors import estimate_delay

    window = feed.window(5000, unbroken=True)
    try:
        return int(estimate_delay(window, channel=channel if "channel" in window.dims else None)["delay"]), ""
    except LabError as error:
        return 1, f"delay 1: {error}"


#: Status of an estimate that a window does not allow.
UNMADE = "not estimated"


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
        window = min(int(options.pop("window", 5000)), feed.capacity)
        every = int(options.pop("every", max(1, window // 10)))

        def estimate(x: Any) -> dict[str, Any]:
            try:
                result = lyapunov_max(x, channel=channel if "channel" in x.dims else None, **options)
            except LabError as error:  # a gap, say: it leaves the window again
                return {**dict.fromkeys(("exponent", "low", "high"), np.nan), "status": UNMADE, "reasons": str(error)}
            low, high = (float(end) for end in result["interval"])
            return {
                "exponent": float(result["exponent"]),
                "low": low,
                "high": high,
                "status": str(result["status"].item()),
                "reasons": str(result["reasons"].item()),
            }

        self._source = feed
        self._window, self._every = window, every
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=10_000)  # when the source had come how far
        self._unit = f"nat/{feed.schema.time.unit}"
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

    def text(self, now: float) -> str:
        """One line: the value with its interval and unit, or why there is none, and how old it is.

        The age is the time since the newest sample that it used arrived; `now` is `time.monotonic`.
        """
        self._arrivals.append((now, self._source.next))
        if self.feed.error is not None:
            return f"λ: the estimate ended: {self.feed.error}"
        newest = self.feed.tail(self.feed.next - 1) if self.feed.counts.received else None
        if newest is None:
            rows = min(self._source.counts.received, self._window)
            return f"λ: gathering {rows:,} of {self._window:,} samples"
        row = dict(zip(self.feed.schema.names, (column[-1] for column in newest.columns), strict=True))
        used = (newest.stop - 1) * self._every
        while len(self._arrivals) > 1 and self._arrivals[0][1] <= used:
            self._arrivals.popleft()
        return f"{describe(row, self._unit)}, {now - self._arrivals[0][0]:.1f} s ago"

    def close(self) -> None:
        """Stop estimating."""
        self.feed.close()


def describe(row: Mapping[str, Any], unit: str) -> str:
    """An estimate as text.

    Examples
    --------
    >>> describe({"exponent": 0.906, "low": 0.85, "high": 0.96, "status": "ok", "reasons": ""}, "nat/s")
    'λ = 0.906 [0.85, 0.96] nat/s, ok'
    >>> describe({"exponent": float("nan"), "status": "inconclusive", "reasons": "too short"}, "nat/s")
    'λ: inconclusive (too short)'
    """
    if row["status"] == "ok" and np.isfinite(row["exponent"]):
        return f"λ = {row['exponent']:.3g} [{row['low']:.3g}, {row['high']:.3g}] {unit}, ok"
    return f"λ: {row['status']} ({row['reasons']})"
