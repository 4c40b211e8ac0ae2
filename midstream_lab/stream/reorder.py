"""Put numbered things back in order, as far as a short wait allows; no sockets, no clock of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

__all__ = ["Reorder"]

T = TypeVar("T")


class Reorder(Generic[T]):
    """Holds what came too early until what is before it has come, but no longer than `wait` seconds.

    What comes after its place was passed, or twice, is given out at once or beside its like: whoever takes it counts
    it as late.

    Parameters
    ----------
    wait : float, optional
        Seconds; default 0.005.
    most : int, optional
        Most that are held; one more ends the wait of the first. Default 64.
    clock : callable
        Seconds, never going back.

    Examples
    --------
    >>> order = Reorder(clock=lambda: 0.0)
    >>> order.push(0, "a"), order.push(2, "c"), order.push(1, "b")
    (['a'], [], ['b', 'c'])
    """

    def __init__(self, *, clock: Callable[[], float], wait: float = 0.005, most: int = 64) -> None:
        self._clock = clock
        self._wait = wait
        self._most = most
        self._next = 0
        self._held: list[tuple[int, float, T]] = []

    def push(self, index: int, thing: T) -> list[T]:
        """Take the thing of that number; return what is in order now."""
        if index < self._next:
            return [thing]
        self._held.append((index, self._clock(), thing))
        self._held.sort(key=lambda entry: entry[0])
        if len(self._held) > self._most:
            self._next = max(self._next, self._held[0][0])
        return self._due()

    @property
    def deadline(self) -> float | None:
        """When something has waited long enough; None if nothing waits."""
        return min((came for _, came, _ in self._held)) + self._wait if self._held else None

    def overdue(self) -> list[T]:
        """What has waited long enough, with all that is before it."""
        now = self._clock()
        passed = [index for index, came, _ in self._held if now >= came + self._wait]
        self._next = max(self._next, max(passed, default=0))
        return self._due()

    def flush(self) -> list[T]:
        """All that is held."""
        self._next = max(self._next, self._held[-1][0] if self._held else 0)
        return self._due()

    def _due(self) -> list[T]:
        found = []
        while self._held and self._held[0][0] <= self._next:
            index, _, thing = self._held.pop(0)
            self._next = max(self._next, index + 1)
            found.append(thing)
        return found
