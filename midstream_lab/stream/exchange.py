"""The exchanges of clock readings on one connection: when to ask, and what becomes of the answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ._aioquic import Endpoint
from .clock import ClockEstimate, ClockEstimator
from .datagrams import Answer, Ask, pack_ask

__all__ = ["ClockExchange"]

#: Questions at the start, the seconds between them, and those between the later ones.
BURST, SOON, EVERY = 8, 0.02, 1.0
#: Most questions whose answers are waited for.
OPEN = 16


class ClockExchange:
    """Asks the server for its clock, eight times at the start and then every second. Lives in the loop thread.

    Parameters
    ----------
    endpoint : Endpoint
        The connection.
    now : callable, optional
        Our clock, in ns since 1970; default `time.time_ns`.

    Attributes
    ----------
    answered : Event
        Set when the first answer has come.
    on_note : callable
        Called with a line when a clock has jumped.
    """

    def __init__(self, endpoint: Endpoint, *, now: Callable[[], int] = time.time_ns) -> None:
        self.answered = asyncio.Event()
        self.on_note: Callable[[str], None] = _nobody
        self._endpoint = endpoint
        self._now = now
        self._estimator = ClockEstimator(on_note=lambda line: self.on_note(line))
        self._asked: dict[int, int] = {}
        self._count = 0
        self._timer: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Ask now, and again when it is time."""
        if self._endpoint.datagram_room:
            self._asked[self._count] = t1 = self._now()
            while len(self._asked) > OPEN:
                del self._asked[next(iter(self._asked))]
            self._endpoint.send_datagram(pack_ask(Ask(number=self._count, t1=t1)))
        self._count = (self._count + 1) % 2**32
        wait = SOON if self._count < BURST else EVERY
        self._timer = asyncio.get_running_loop().call_later(wait, self.ask)

    def receive(self, answer: Answer) -> None:
        """Take an answer; one that was not asked for, or comes twice, is left out."""
        t4 = self._now()
        if self._asked.pop(answer.number, None) == answer.t1:
            self._estimator.add(answer, t4)
            if self._estimator.ready:
                self.answered.set()

    async def estimate(self) -> ClockEstimate:
        """The estimate for now, once there is one."""
        await self.answered.wait()
        return self._estimator.estimate(self._now())

    def stop(self) -> None:
        """Ask no more; the estimate stays. May be called again."""
        if self._timer is not None:
            self._timer.cancel()


def _nobody(line: str) -> None:
    """What becomes of a note until somebody wants it."""
