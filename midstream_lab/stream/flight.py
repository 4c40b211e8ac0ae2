"""How much may be on its way so that the path is full and no queue stands in front of what is urgent."""

from __future__ import annotations

import math
from collections import deque

__all__ = ["FlightBound"]

#: How long bytes may wait in queues along the path, in seconds and of its round trip: it takes some to see that the
#: path has become faster.
QUEUED, SHARE = 0.0005, 0.15
#: Datagrams of the first bound, and the least that it may become.
FIRST, LEAST = 16, 4
#: Rounds whose bandwidth counts. After the search the best is left out: acknowledgements that come in a lump feign it.
RECENT = 10
#: Growth of the bandwidth below which a round shows a full path, and how many of them end the first search for it.
FULL, ENOUGH = 1.25, 3
#: Rounds after which the bound is halved for `DRAIN` rounds, so that the round trip of the empty path shows again.
MEMORY, DRAIN = 512, 2


class FlightBound:
    """The bound on unacknowledged bytes of less urgent streams: the measured bandwidth-delay product and a little more.

    The bandwidth is what was acknowledged in a round trip, at its best of late; the delay is the shortest round trip.
    These are the measures of BBR (Cardwell, Cheng, Gunn, Yeganeh and Jacobson, 2016), here without its pacing. At
    first the bound doubles in every round, until the bandwidth grows no more.

    Parameters
    ----------
    datagram : int
        Bytes of a full datagram.
    fixed : bool, optional
        Keep to two datagrams: on one machine the path holds nothing, and a second datagram is all that keeps both
        ends busy; default False.

    Examples
    --------
    A path of 10 MB/s and 20 ms holds 200 kB:

    >>> flight = FlightBound(datagram=1200)
    >>> for step in range(10_000):
    ...     now = step * 1200 / 10e6
    ...     flight.leave_over()
    ...     flight.on_acked(now=now, sent_at=now - 0.02, size=1200)
    >>> 200_000 < flight.bound < 240_000
    True
    """

    def __init__(self, *, datagram: int, fixed: bool = False) -> None:
        self.bound = (2 if fixed else FIRST) * datagram
        self._datagram = datagram
        self._fixed = fixed
        self._search = ENOUGH
        self._left_over = False
        self._began = -math.inf
        self._acked = 0
        self._shortest = math.inf
        self._round = 0
        self._bases = [math.inf, math.inf]
        self._rates: deque[float] = deque(maxlen=RECENT)

    def leave_over(self) -> None:
        """There was more to send than could be sent: only then a round shows the bandwidth."""
        self._left_over = True

    def on_acked(self, *, now: float, sent_at: float, size: int) -> None:
        """A packet was acknowledged.

        Parameters
        ----------
        now, sent_at : float
            When the acknowledgement came and when the packet was sent, in seconds of one clock.
        size : int
            Its bytes.
        """
        if self._fixed:
            return
        self._acked += size
        self._shortest = min(self._shortest, now - sent_at)
        if sent_at >= self._began:
            if self._began > -math.inf:
                self._end_round(self._acked / max(now - self._began, 1e-6))
            self._shortest, self._began, self._acked, self._left_over = math.inf, now, 0, False

    def _end_round(self, rate: float) -> None:
        self._round += 1
        since = self._round % MEMORY
        if since == 0:
            self._bases = [math.inf, self._bases[0]]
            self.bound = max(self.bound // 2, LEAST * self._datagram)
        self._bases[0] = min(self._bases[0], self._shortest)
        if since > DRAIN or self._round < MEMORY:
            self._measure(rate)

    def _measure(self, rate: float) -> None:
        best = max(self._rates, default=0.0)
        if not self._left_over and rate < best:
            return
        self._rates.append(rate)
        if self._search and self._left_over:
            self._search = ENOUGH if rate > FULL * best else self._search - 1
        base = min(self._bases)
        usual = sorted(self._rates)[-1 if self._search else -2 :][0]
        more = base if self._search else max(QUEUED, SHARE * base)
        # the whole datagram lets a bound of a few datagrams grow
        self.bound = max(int(usual * (base + more)) + self._datagram, LEAST * self._datagram)
