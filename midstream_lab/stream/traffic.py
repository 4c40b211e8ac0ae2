"""How a feed is doing: rows and bytes per second, and how late its rows come, over the last while."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import xarray as xr

from ..errors import InputError
from ..feed import Feed
from ..feed.reader import Reader
from .clock import ClockEstimate

__all__ = ["Measure", "Sample", "Traffic", "checked_seconds"]

Measure = Literal["one-way delay", "time between arrivals"]

#: Seconds over which rates and quantiles are taken.
SPAN = 1.0
#: Longest that samples are kept, in seconds, and most of them.
LONGEST, SAMPLES = 300.0, 4096
#: Most arrivals that are kept; of a faster feed the quantiles are those of the newest so many.
MOST = 8192
#: A row whose time is further from the present, in ns, was not stamped when it was sent: a replay of an old recording.
LIVE = 3600 * 10**9


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A feed at one moment, over the second before it.

    Parameters
    ----------
    at : float
        The moment, on the clock `time.monotonic` (s).
    rows, size : float
        Rows and bytes per second; what a row takes in the feed's window counts.
    measure : {"one-way delay", "time between arrivals"}
        What the quantiles are of.
    p50, p99 : float
        Quantiles in seconds; NaN if nothing came.
    error : float
        The one-way delays are off by no more than this (s), all alike; NaN for times between arrivals.
    """

    at: float
    rows: float
    size: float
    measure: Measure
    p50: float
    p99: float
    error: float


def checked_seconds(seconds: Any) -> float:
    """How long samples are kept, as a float; an `InputError` for what is not allowed."""
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not SPAN <= seconds <= LONGEST:
        raise InputError(f"seconds must be a number from {SPAN:g} to {LONGEST:g}, not {seconds!r}")
    return float(seconds)


class Traffic:
    """Follows a feed without reading its rows: it notes when each block came, and the time of its first row.

    Where the rows carry wall time (their `TimeBase` has an epoch, and they are less than an hour old) and the sender's
    clock is known, lateness is the one-way delay of the first row of each block. Elsewhere it is the time between the
    arrivals of two blocks.

    Parameters
    ----------
    feed : Feed
        What to follow. The producer never waits for this.
    seconds : float, optional
        How long samples are kept; default 30, from 1 to 300.
    steady, wall : callable, optional
        Clocks, in s and in ns since 1970; default `time.monotonic` and `time.time_ns`.

    Raises
    ------
    InputError
        If `seconds` is not allowed.

    Examples
    --------
    >>> from midstream_lab.feed import Channel, Schema
    >>> feed = Feed(Schema(channels=(Channel(name="x"),)))
    >>> traffic = Traffic(feed)
    >>> feed.append_rows([[0.5, 1.0]])
    >>> feed.append_rows([[1.5]])
    >>> sample = traffic.sample()
    >>> sample.measure, sample.p50 == sample.p99
    ('time between arrivals', True)
    >>> traffic.close()
    """

    def __init__(
        self,
        feed: Feed,
        *,
        seconds: float = 30.0,
        steady: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = time.time_ns,
    ) -> None:
        self.feed = feed
        self.seconds = checked_seconds(seconds)
        self.samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._steady = steady
        self._wall = wall
        base = feed.schema.time
        stamped = base.epoch is not None and base.unit == "s"
        self._epoch = int(np.datetime64(base.epoch, "ns").astype(np.int64)) if stamped else None
        self._tick = Fraction(base.tick * 10**9)
        #: Of each block: when it came by both clocks, and the wall time of its first row as the sender had it.
        self._arrivals: deque[tuple[float, int, int]] = deque(maxlen=MOST)
        self._counted: deque[tuple[float, int]] = deque(maxlen=MOST)
        self._total = feed.ring.total
        self._counted.append((steady(), self._total))
        self._reader = Reader(feed, self, "drop_oldest")

    # -- what a reader reads for -----------------------------------------------------------------

    def wake(self) -> None:
        """Rows have come: note when. Runs on the producer's thread."""
        now, stamp = self._steady(), self._wall()
        with self.feed.lock:
            ring = self.feed.ring
            first, self._total = max(self._total, ring.oldest), ring.total
            if first == ring.total:
                return
            tick = ring.tick_at(first)
        sent = 0 if self._epoch is None else self._epoch + tick * self._tick.numerator // self._tick.denominator
        self._arrivals.append((now, stamp, sent))

    def fail(self, error: BaseException) -> None:
        """A reader that lets rows go has no way to fail."""
        raise AssertionError("a reader with the policy 'drop_oldest' does not fail") from error

    # -- what it says ----------------------------------------------------------------------------

    def sample(self, clock: ClockEstimate | None = None) -> Sample:
        """Look now, and keep what was seen.

        Parameters
        ----------
        clock : ClockEstimate, optional
            The sender's clock; without it there are no one-way delays.
        """
        now = self._steady()
        rows, each = self._rate(now)
        kept = tuple(self._arrivals)
        arrivals = [entry for entry in kept if now - entry[0] <= SPAN]
        delays = self._delays(arrivals, clock)
        measure: Measure = "time between arrivals" if delays is None else "one-way delay"
        if not arrivals and self.samples:
            measure = self.samples[-1].measure
        if delays is None:  # the first of the intervals began before the span
            begin = max(0, len(kept) - len(arrivals) - 1) if arrivals else len(kept)
            times = np.diff([came for came, *_ in kept[begin:]])
        else:
            times = delays
        p50, p99 = np.quantile(times, [0.5, 0.99]).tolist() if len(times) else (math.nan, math.nan)
        error = math.nan if delays is None or clock is None else clock.error / 1e9
        found = Sample(at=now, rows=rows, size=rows * each, measure=measure, p50=p50, p99=p99, error=error)
        while self.samples and now - self.samples[0].at > self.seconds:
            self.samples.popleft()
        self.samples.append(found)
        return found

    def history(self) -> xr.Dataset:
        """The samples that are kept.

        Returns
        -------
        Dataset
            The variables `p50`, `p99` (s), `rows` and `size` (per s) over ``time``, which counts seconds up to the
            newest one, at 0. The attribute `measure` says what the newest quantiles are of; older ones of another
            measure are NaN.

        Raises
        ------
        InputError
            If there is no sample yet.
        """
        kept = tuple(self.samples)
        if not kept:
            raise InputError(f"nothing was sampled of {self.feed.label} yet; sample() looks")
        newest = kept[-1]
        table = np.array([(s.p50, s.p99, s.rows, s.size) for s in kept])
        table[[s.measure != newest.measure for s in kept], :2] = np.nan
        return xr.Dataset(
            {name: ("time", column) for name, column in zip(("p50", "p99", "rows", "size"), table.T, strict=True)},
            coords={"time": [s.at - newest.at for s in kept]},
            attrs={"measure": newest.measure},
        )

    @property
    def counts(self) -> dict[str, int]:
        """Rows that were `received`, `lost`, `decimated` or `late`, and those that readers here have `dropped`."""
        counts = self.feed.counts
        readers = [reader for reader in self.feed.readers if reader is not self._reader]
        return {
            "received": counts.received,
            "lost": counts.lost,
            "decimated": counts.decimated,
            "late": counts.late,
            "dropped": sum(reader.counts.dropped for reader in readers),
        }

    def close(self) -> None:
        """Follow the feed no longer. May be called again."""
        self._reader.detach()

    def _rate(self, now: float) -> tuple[float, float]:
        """Rows per second, and the bytes that one takes."""
        with self.feed.lock:
            ring = self.feed.ring
            total, each = ring.total, ring.bytes / max(ring.size, 1)
        self._counted.append((now, total))
        while len(self._counted) > 2 and now - self._counted[1][0] >= SPAN:
            self._counted.popleft()
        (begin, before), (end, after) = self._counted[0], self._counted[-1]
        return ((after - before) / (end - begin) if end > begin else 0.0), each

    def _delays(self, arrivals: list[tuple[float, int, int]], clock: ClockEstimate | None) -> np.ndarray | None:
        """One-way delays in seconds; None where the rows do not tell when they were sent."""
        if self._epoch is None or clock is None or not arrivals:
            return None
        stamps = np.array([stamp for _, stamp, _ in arrivals], np.int64)
        delays = stamps - clock.to_local(np.array([sent for *_, sent in arrivals], np.int64))
        return delays / 1e9 if abs(int(delays[-1])) < LIVE else None
