"""From the rows of a feed to the vertices of a picture, as far as they have not been taken yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from midstream_lab.feed.schema import Block

__all__ = ["COLUMNS", "Trail"]

#: A vertex: three coordinates, the speed there, and the number of the unbroken run it belongs to.
COLUMNS = 5

#: Larger values have no place in float32 when speeds and scales are to fit as well.
MOST = 1e30

#: Run numbers repeat after this many, so that float32 keeps them whole; only neighbours are compared.
_RUNS = 4096


class Trail:
    """Vertices of a trajectory, taken from a feed in the order of its rows.

    With one channel, vertex i is the delay vector x[i], x[i + delay], ..., as in `attractors.embed`; with
    two or three they are its coordinates. Vectors that touch a gap, a NaN or a value beyond 1e30 are left out,
    counted, and end the run.

    Parameters
    ----------
    feed : Feed
        Where rows come from; reading it never holds up who writes.
    columns : sequence of int
        Positions of the channels: one to embed, or two or three to draw directly.
    delay, dim : int
        Of the embedding; ignored with several channels.
    dt : float
        Time between rows, for speeds.
    rows : int
        How far back to begin, in rows.

    Attributes
    ----------
    left_out : int
        Vectors left out so far.
    taken : ndarray of int64
        Sequence number of the first row of each vertex that `take` gave last.
    """

    def __init__(self, feed: Any, columns: Sequence[int], *, delay: int, dim: int, dt: float, rows: int):
        self._feed = feed
        self._columns = tuple(columns)
        self._lags = [0] if len(columns) > 1 else [k * delay for k in range(dim)]
        self._dt = dt
        self._last: tuple[int, np.ndarray] | None = None
        self.run = 0
        self.left_out = 0
        self.taken = np.empty(0, np.int64)
        self.next = max(0, feed.next - rows - self._lags[-1])

    @property
    def waiting(self) -> int:
        """Vertices that could be taken now, if there is no gap."""
        return max(0, self._feed.next - self._lags[-1] - self.next)

    def skip(self, rows: int) -> None:
        """Go on `rows` later; the line breaks there."""
        self.next += rows

    def take(self, limit: int) -> np.ndarray:
        """At most `limit` new vertices, float64, shape (n, COLUMNS)."""
        pieces: list[np.ndarray] = []
        numbers: list[np.ndarray] = []
        block = self._feed.tail(self.next)
        while block is not None and limit > 0:
            piece, rows, self.next = self._vertices(block, limit)
            pieces.append(piece)
            numbers.append(rows)
            limit -= len(piece)
            following = self._feed.tail(block.stop)
            if following is None or following.first == block.stop or self.next < block.stop - self._lags[-1]:
                break
            # The run has ended: what lacks its later components will never have them.
            self.left_out += block.stop - self.next
            self.next, block = following.first, following
        self.taken = np.concatenate(numbers) if numbers else np.empty(0, np.int64)
        return np.concatenate(pieces) if pieces else np.empty((0, COLUMNS))

    def _vertices(self, block: Block, limit: int) -> tuple[np.ndarray, np.ndarray, int]:
        """Vertices of one unbroken block, at most about `limit`, their rows, and the row to go on from."""
        total = min(len(block) - self._lags[-1], limit)
        if total <= 0:
            return np.empty((0, COLUMNS)), np.empty(0, np.int64), block.first
        columns = [np.asarray(block.columns[c], dtype=np.float64) for c in self._columns]
        if len(columns) == 1:
            columns = [columns[0][lag : lag + total] for lag in self._lags]
        points = np.stack([column[:total] for column in columns], axis=1)
        keep = np.flatnonzero((np.abs(points) <= MOST).all(axis=1))
        self.left_out += total - len(keep)
        points, rows = points[keep], block.first + keep
        vertices = np.zeros((len(points), COLUMNS))
        if len(points):
            vertices[:, : min(points.shape[1], 3)] = points[:, :3]
            self._follow(vertices, points, rows)
        return vertices, rows, block.first + total

    def _follow(self, vertices: np.ndarray, points: np.ndarray, rows: np.ndarray) -> None:
        """Fill in speeds and run numbers, going on from the vertex before."""
        before = self._last or (int(rows[0]) - 2, points[0])
        known = np.concatenate(([before[0]], rows))
        breaks = np.diff(known) != 1
        steps = np.diff(np.concatenate((before[1][np.newaxis], points)), axis=0)
        speed = np.linalg.norm(steps, axis=1) / self._dt
        # The first vertex of a run has no step of its own: it takes the next one's.
        first = np.flatnonzero(breaks)
        speed[first] = np.where(first + 1 < len(speed), speed[np.minimum(first + 1, len(speed) - 1)], 0.0)
        vertices[:, 3] = speed
        vertices[:, 4] = (self.run + np.cumsum(breaks)) % _RUNS
        self.run = int(self.run + breaks.sum())
        self._last = (int(rows[-1]), points[-1])
