"""Where another machine's clock stands against ours, with an error bound; no sockets.

An exchange is four readings (Mills, RFC 5905, section 8): ours as a question leaves (t1), theirs as it comes (t2) and
as the answer leaves (t3), ours as that comes (t4). Neither way takes less than no time, so their clock is ahead
of ours by between t3 - t4 and t2 - t1, whatever the path does. All exchanges of a window bound offset and drift; within
those bounds the estimate is a regression over the exchanges of least delay.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .datagrams import Answer

__all__ = ["ClockEstimate", "ClockEstimator"]

#: Exchanges that are kept, and how many successive ones compete for the least delay (RFC 5905 has eight stages, too).
KEPT, STAGES = 64, 8
#: Most that two clocks are taken to drift apart: what the kernel's clock discipline allows.
MAX_DRIFT = 500e-6
#: Most that the drift is taken to change while an exchange is kept.
WANDER = 2e-6
#: What a drift is taken to be as long as the exchanges do not say otherwise: 0, give or take this (common quartz).
QUARTZ = 50e-6

_Floats = NDArray[np.float64]
_Columns = tuple[_Floats, _Floats, _Floats, _Floats]


@dataclass(frozen=True, kw_only=True)
class ClockEstimate:
    """Their clock against ours; all times in ns.

    Parameters
    ----------
    offset : int
        Their clock minus ours, at the time `at`.
    drift : float
        Parts per million by which their clock runs faster than ours.
    error : int
        `offset` is off by no more than this, at `at`. The bound holds whatever the delays of the two ways, as
        long as the drift stays below 500 ppm and changes by less than 2 ppm in the time that the exchanges cover.
    drift_error : float
        `drift` is off by no more than this (ppm), on the same conditions.
    round_trip : int
        Least round trip of the exchanges that were used.
    n_used : int
        Exchanges in the window.
    age : int
        Time since the newest of them.
    at : int
        Our clock at the estimate.
    since : int
        Our clock at the last restart after a jump; times before it cannot be mapped. 0 if there was none.

    Examples
    --------
    >>> estimate = ClockEstimate(offset=300, drift=0.0, error=10, drift_error=0.0, round_trip=20, n_used=1, age=0, at=0)
    >>> int(estimate.to_local(1300))
    1000
    """

    offset: int
    drift: float
    error: int
    drift_error: float
    round_trip: int
    n_used: int
    age: int
    at: int
    since: int = 0

    def to_local(self, ns: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """What our clock shows when theirs shows `ns`."""
        # first the difference, as int64: float64 does not hold the ns since 1970
        apart = (np.asarray(ns, np.int64) - np.int64(self.at + self.offset)).astype(np.float64)
        moved = np.rint(apart / (1 + self.drift * 1e-6) - apart).astype(np.int64)
        return np.asarray(np.asarray(ns, np.int64) - np.int64(self.offset) + moved)

    def error_at(self, ns: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """Error bound (ns) of what `to_local` gives, at our times `ns`."""
        apart = np.abs((np.asarray(ns, np.int64) - np.int64(self.at)).astype(np.float64))
        return np.asarray(self.error + np.ceil(apart * (self.drift_error * 1e-6)).astype(np.int64))


class ClockEstimator:
    """Exchanges to an estimate.

    Parameters
    ----------
    on_note : callable, optional
        Called with a line when a clock has jumped.

    Attributes
    ----------
    jumps : int
        How often a clock has jumped, so that the estimate began anew.

    Examples
    --------
    A question that takes 100 ns and an answer that takes 300 ns, between clocks 4,000 ns apart:

    >>> clock = ClockEstimator()
    >>> clock.add(Answer(number=0, t1=1_000, t2=5_100, t3=5_200), 1_500)
    >>> found = clock.estimate(1_500)
    >>> found.round_trip, abs(found.offset - 4_000) <= found.error
    (400, True)
    """

    def __init__(self, *, on_note: Callable[[str], None] | None = None) -> None:
        self.jumps = 0
        self._on_note = on_note
        self._since = 0
        #: Our clock at both ends of an exchange, the offset's least value at the second, its greatest at the first.
        self._kept: deque[tuple[int, int, int, int]] = deque(maxlen=KEPT)

    @property
    def ready(self) -> bool:
        """Whether an exchange was completed."""
        return bool(self._kept)

    def add(self, answer: Answer, t4: int) -> None:
        """Take an answer that came when our clock showed `t4`. One that took less than no time is left out."""
        if answer.t3 < answer.t2 or (t4 - answer.t1) < (answer.t3 - answer.t2):
            return  # a clock went back meanwhile; the next exchange shows by how much
        self._kept.append((answer.t1, t4, answer.t3 - t4, answer.t2 - answer.t1))
        if len(self._kept) == 1:
            return
        before = self._kept[-2][1]
        slow, fast, lower, upper = self._bounds(t4)
        if t4 >= before and slow <= fast and lower <= upper:
            return
        newest = self._kept[-1]
        self._kept.clear()
        self._kept.append(newest)
        self.jumps += 1
        self._since = answer.t1
        if self._on_note is not None:
            self._on_note("a clock has jumped, ours or the server's: the estimate of its offset began anew")

    def estimate(self, now: int) -> ClockEstimate:
        """The estimate when our clock shows `now`; there must have been an exchange."""
        slow, fast, lower, upper = self._bounds(now)
        begun, ended, least, most, base = self._columns(now)
        width = most - least
        groups = range(0, len(width), STAGES)
        best = [at + int(np.argmin(width[at : at + STAGES])) for at in groups]
        x, y = ((begun + ended) / 2)[best], ((least + most) / 2)[best]
        # what the least delay hides is the same for all, so it says little about the slope
        weight = 1 / ((width[best] - width.min()) / 2 + width.min() / 20 + 1e3) ** 2
        mean_x, mean_y = np.average(x, weights=weight), np.average(y, weights=weight)
        spread = float(np.sum(weight * (x - mean_x) ** 2))
        drift = float(np.sum(weight * (x - mean_x) * (y - mean_y))) / (spread + QUARTZ**-2)
        drift = float(np.clip(drift, slow, fast))
        offset = round(float(np.clip(mean_y - drift * mean_x, lower, upper)))
        return ClockEstimate(
            offset=base + offset,
            drift=drift * 1e6,
            error=int(np.ceil(max(upper - offset, offset - lower))),
            drift_error=(max(fast - drift, drift - slow) + WANDER) * 1e6,
            round_trip=int(width.min()),
            n_used=len(width),
            age=max(0, now - self._kept[-1][1]),
            at=now,
            since=self._since,
        )

    def _columns(self, now: int) -> tuple[*_Columns, int]:
        """What is kept, in small numbers: times counted from `now`, offsets from the newest (the last result)."""
        begun, ended, least, most = (np.array(column, dtype=object) for column in zip(*self._kept, strict=True))
        base = least[-1]
        columns = begun - now, ended - now, least - base, most - base
        begun, ended, least, most = (column.astype(np.float64) for column in columns)
        return begun, ended, least, most, int(base)

    def _bounds(self, now: int) -> tuple[float, float, float, float]:
        """Least and greatest drift, and least and greatest offset at `now`, that all exchanges allow."""
        begun, ended, least, most, _ = self._columns(now)
        apart = begun[None, :] - ended[:, None]  # from the end of one to the beginning of a later one
        later = apart > 0
        rise = (most[None, :] - least[:, None])[later] / apart[later]
        apart = ended[None, :] - begun[:, None]
        later = np.triu(np.ones_like(later), 1) & (apart > 0)
        fall = (least[None, :] - most[:, None])[later] / apart[later]
        slow = max(-MAX_DRIFT, float(fall.max(initial=-1.0)) - WANDER)
        fast = min(MAX_DRIFT, float(rise.min(initial=1.0)) + WANDER)
        # the drift from an exchange until now differs from the present one by what it may wander
        lower = float(np.max(least - (slow - WANDER) * ended))
        upper = float(np.min(most - (fast + WANDER) * begun))
        return slow, fast, lower, upper
