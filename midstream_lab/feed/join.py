"""Two feeds side by side, by time."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from ..errors import InputError
from .delay import initial_columns
from .feed import Feed
from .node import BLOCK_ROWS, Node, Runner
from .reader import Reader
from .schema import Block, Channel

if TYPE_CHECKING:
    from ..timebase import TimeBase

__all__ = ["join"]


def join(
    left: Feed,
    right: Feed,
    *,
    how: str = "last",
    tolerance: float | Fraction | None = None,
    name: str | None = None,
) -> Feed:
    """Every row of one feed beside the last row of another that is not newer.

    A row waits until it is certain that no better partner comes, so the result is the same however the feeds
    are cut into blocks and whichever runs ahead. If the window of `left` is half full of waiting rows while
    nothing is on its way to `right`, they go on with what is known, and the feed's health counts them.

    Parameters
    ----------
    left, right : Feed
        With times in the same unit and, where both have one, the same epoch.
    how : {"last"}
        ``"last"``: the newest row of `right` at the time of the row of `left`, or before.
    tolerance : float or Fraction, optional
        Largest age of the partner, in the unit of time; default no limit.
    name : str, optional
        Default the names of both.

    Returns
    -------
    Feed
        The rows and times of `left`, with the channels of both; a name that both have gets ``_right``. Where
        there is no partner, numbers are NaN and texts empty (integer and boolean channels of `right` are
        carried as float for that).

    Examples
    --------
    >>> from midstream_lab.feed import Channel, Feed, Schema
    >>> x, y = (Feed(Schema(channels=(Channel(name=key),))) for key in "xy")
    >>> both = x.join(y)
    >>> x.append_rows([[1.0, 2.0, 3.0]])
    >>> y.append_rows([[10.0, 20.0]])
    >>> x.close(), y.close(), both.wait(timeout=10)
    (None, None, True)
    >>> both.window().values.tolist()
    [[1.0, 10.0], [2.0, 20.0], [3.0, 20.0]]
    """
    if how != "last":
        raise InputError(f"how must be 'last', not {how!r}")
    if not isinstance(right, Feed):
        raise InputError(f"join takes a feed, not {type(right).__name__}")
    scale = _Scale(left.schema.time, right.schema.time, tolerance)
    key = f"join.{right.name}" if right.name is not None else "join"
    if name is None and left.name is not None:
        name = f"{left.name}.{key}"
    taken = set(left.schema.names)
    partners = tuple(
        replace(
            channel,
            name=f"{channel.name}_right" if channel.name in taken else channel.name,
            kind="float" if channel.numeric else channel.kind,
        )
        for channel in right.schema.channels
    )
    schema = replace(left.schema, channels=left.schema.channels + partners)
    feed = Feed(schema, name=name, lanes=left.lanes, window=left.ring.capacity)
    _Join(feed, left, right, partners=partners, scale=scale, key=key)
    return feed


class _Scale:
    """Ticks of two time bases on one exact scale."""

    def __init__(self, left: TimeBase, right: TimeBase, tolerance: float | Fraction | None) -> None:
        if left.unit != right.unit:
            raise InputError(f"times in {left.unit!r} and in {right.unit!r} cannot be joined; resample one of them")
        if left.epoch != right.epoch and left.epoch is not None and right.epoch is not None:
            raise InputError(f"the feeds count time from {left.epoch} and from {right.epoch}; give them one epoch")
        common = Fraction(
            math.gcd(left.tick.numerator * right.tick.denominator, right.tick.numerator * left.tick.denominator),
            left.tick.denominator * right.tick.denominator,
        )
        self.left = int(left.tick / common)
        self.right = int(right.tick / common)
        if tolerance is not None and not tolerance >= 0:
            raise InputError(f"tolerance must not be negative, got {tolerance!r}")
        self.tolerance = None if tolerance is None else math.floor(Fraction(tolerance) / common)

    def scaled(self, block: Block, step: int, factor: int) -> np.ndarray:
        """Times of the rows of `block`, as Python integers where int64 would overflow."""
        ticks = block.ticks if block.ticks is not None else block.start + np.arange(len(block), dtype=np.int64) * step
        large = max(abs(int(ticks[0])), abs(int(ticks[-1]))) * factor >= 2**62
        return (ticks.astype(object) if large else ticks) * factor


class _Join(Node):
    def __init__(
        self, feed: Feed, left: Feed, right: Feed, *, partners: tuple[Channel, ...], scale: _Scale, key: str
    ) -> None:
        super().__init__(feed, key=key)
        self.close_older(left)
        self._partners = partners
        self._scale = scale
        self._block: Block | None = None  # rows of the left that wait for a partner
        self._known: deque[tuple[np.ndarray, Block]] = deque()  # rows of the right that may still be partners
        self._guessed = 0
        self._left = Reader(left, self, "block")
        self._right = Reader(right, self, "block")
        self.inputs = (self._left, self._right)
        self.wake()

    def report(self) -> list[str]:
        return [f"{self._guessed} rows did not wait for their partners any longer"] * bool(self._guessed)

    def turn(self) -> bool:
        if self.feed.closed or not self.deliver():
            return False
        if self._block is None:
            self._block = self._left.take(BLOCK_ROWS)
        if self._block is None:
            if self._left.ended:
                self.feed.close(self._left.feed.error)
            return False
        times = self._scale.scaled(self._block, self._left.feed.schema.time.step, self._scale.left)
        certain = self._read_right(times[-1])
        ready = len(times) if certain is None else int(np.searchsorted(times, certain, side="right"))
        if not ready and self._is_stuck():
            ready = len(times)
            self._guessed += ready
        if not ready:
            return False
        step = self._left.feed.schema.time.step
        begin, self._block = (
            self._block.cut(0, ready, step=step),
            (self._block.cut(ready, len(times), step=step) if ready < len(times) else None),
        )
        self.hold(replace(begin, columns=begin.columns + self._matched(times[:ready])))
        self.deliver()
        if self._block is None:
            self._left.release()
        return True

    def _read_right(self, until: int) -> float | None:
        """Take what is needed of the right; the time up to which partners are certain, None for beyond `until`."""
        step = self._right.feed.schema.time.step
        while True:
            if self._known and self._known[-1][0][-1] > until:
                return None
            horizon = self._right.feed.horizon  # asked first: what it promises is then there to be taken
            block = self._right.take(BLOCK_ROWS)
            if block is None:
                if math.isinf(horizon):
                    return None if horizon > 0 else -math.inf
                return (int(horizon) + 1) * self._scale.right - 1
            self._known.append((self._scale.scaled(block, step, self._scale.right), block))
            self._right.release()

    def _matched(self, times: np.ndarray) -> tuple[np.ndarray, ...]:
        """For each time the partner's columns."""
        while len(self._known) > 1 and self._known[1][0][0] <= times[0]:
            self._known.popleft()
        columns = initial_columns(self._partners, len(times), math.nan)
        if not self._known:
            return columns
        theirs = np.concatenate([known for known, _ in self._known])
        at = np.searchsorted(theirs, times, side="right") - 1
        found = at >= 0
        if self._scale.tolerance is not None:
            found &= (times - theirs[at] <= self._scale.tolerance).astype(bool)
        for i, column in enumerate(columns):
            column[found] = np.concatenate([block.columns[i] for _, block in self._known])[at[found]]
        return columns

    def _is_stuck(self) -> bool:
        """Whether the left is half full of waiting rows and nothing is on its way to the right."""
        ring, right = self._left.feed.ring, self._right.feed
        if 2 * (ring.total - self._left.done) < ring.capacity:
            return False
        horizon = right.horizon
        # Asked last: what was on its way may have arrived while the nodes above were looked at.
        return not _is_coming(right, {self}) and not self._right.waiting and right.horizon == horizon


def _is_coming(feed: Feed, seen: set[Runner]) -> bool:
    """Whether rows are on their way to `feed`; the nodes furthest up are asked first, as rows only move down."""
    node = feed.upstream
    if node is None or node in seen:
        return False
    seen.add(node)
    above = [_is_coming(reader.feed, seen) for reader in node.inputs]
    return any(above) or node.active
