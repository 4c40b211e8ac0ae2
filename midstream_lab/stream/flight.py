"""How much may be on its way so that the path is full and no queue stands in front of what is urgent."""

from __future__ import annotations

import math

__all__ = ["FlightBound"]

#: How long bytes may wait in queues along the path, in seconds, and the least and most of it in datagrams.
QUEUED, LEAST, MOST = 0.002, 2, 16
#: Rounds after which the bound is halved for `DRAIN` rounds, so that the round trip of the empty path shows again.
MEMORY, DRAIN = 512, 2
#: Round trip over that of the empty path at which the first search for the bandwidth ends.
FULL = 1.25


class FlightBound:
    """The bound on unacknowledged bytes of less urgent streams, from measured round trips.

    The bound moves half the way to ``bound * base / round_trip + queued`` once in a round trip, where `base` is the
    round trip of the empty path: at rest the path holds its bandwidth-delay product, and 2 ms of `queued` bytes wait in
    it. That is the rule of FAST TCP (Wei, Jin, Low and Hegde, 2006). Until the path is full for the first time, the
    bound doubles.

    Parameters
    ----------
    datagram : int
        Bytes of a full datagram.
    fixed : bool, optional
        Keep to the initial bound, which is two datagrams: on one machine the path holds nothing, and a second
        datagram is all that keeps both ends busy; default False.

    Examples
    --------
    >>> flight = FlightBound(datagram=1200)
    >>> before = flight.bound
    >>> for now in (0.02, 0.04, 0.06):
    ...     flight.limits()
    ...     flight.on_acked(now=now, sent_at=now - 0.02)
    >>> flight.bound > before
    True
    """

    def __init__(self, *, datagram: int, fixed: bool = False) -> None:
        self.bound = (2 if fixed else MOST) * datagram
        self._datagram = datagram
        self._fixed = fixed
        self._searching = True
        self._limits = False
        self._began = -math.inf
        self._sum, self._count = 0.0, 0
        self._round = 0
        self._bases = [math.inf, math.inf]

    def limits(self) -> None:
        """The bound has kept something back: only then it may grow."""
        self._limits = True

    def on_acked(self, *, now: float, sent_at: float) -> None:
        """A packet was acknowledged.

        Parameters
        ----------
        now, sent_at : float
            When the acknowledgement came and when the packet was sent, in seconds of one clock.
        """
        if self._fixed:
            return
        self._sum += now - sent_at
        self._count += 1
        if sent_at >= self._began:
            self._end_round(max(self._sum / self._count, 1e-6))
            self._sum, self._count, self._began = 0.0, 0, now

    def _end_round(self, round_trip: float) -> None:
        self._round += 1
        drained = self._round % MEMORY
        if drained == 0:
            self._bases = [math.inf, self._bases[0]]
            self.bound //= 2
        self._bases[0] = min(self._bases[0], round_trip)
        if drained > DRAIN or self._round < MEMORY:
            self._move(round_trip, round_trip / min(self._bases))
        elif drained == DRAIN:
            self.bound *= 2
        self._limits = False

    def _move(self, round_trip: float, crowding: float) -> None:
        if self._searching and crowding < FULL:
            wanted = 2 * self.bound
        else:
            self._searching = False
            wait = QUEUED * self.bound / round_trip
            queued = min(max(wait, LEAST * self._datagram), MOST * self._datagram)
            wanted = int((self.bound + self.bound / crowding + queued) / 2)
        if wanted < self.bound or self._limits:
            self.bound = max(wanted, LEAST * self._datagram)
