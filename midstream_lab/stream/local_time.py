"""Times of other machines on our clock, so that streams from several line up, and how long rows were on their way."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

import numpy as np
import xarray as xr

from ..errors import InputError, StreamError
from ..feed import Feed
from ..feed.schema import Block, Channel, Schema
from .clock import ClockEstimate

__all__ = ["LocalTime", "one_way_delays"]

#: Seconds for which an estimate is used before the next is asked for.
FRESH = 0.5


class Clocked(Protocol):
    """What knows how another clock stands against ours; a `Client` does."""

    @property
    def clock(self) -> ClockEstimate: ...


class LocalTime:
    """An operator that puts rows stamped by another machine's clock on ours.

    The rows keep their numbers and get two more channels: ``source_time``, the stamp as it came, and ``clock_error``,
    the bound on what the mapping is off by (both int, in ns). Rows of several servers, each piped through one of these
    with its own client, stand on one axis. Where a new estimate would put a row before the one that it follows, it
    is put at the same time, and its bound says so.

    Parameters
    ----------
    client : Client
        The connection over which the rows come.

    Raises
    ------
    InputError
        In `pipe`, if the rows are not stamped with ns since 1970.
    StreamError
        If no exchange with the server was answered in time.

    Examples
    --------
    >>> from midstream_lab.stream import Generator, connect, serve
    >>> numbers = Generator(lambda: iter(range(5)), channels=["n"])
    >>> with serve(numbers) as server, connect(server.card) as client:
    ...     feed = client.subscribe(policy="block").pipe(LocalTime(client))
    ...     _ = feed.wait(timeout=10)
    ...     feed.schema.names[-2:]
    ('source_time', 'clock_error')
    """

    name = "local_time"

    def __init__(self, client: Clocked) -> None:
        self._client = client
        self._estimate: ClockEstimate | None = None
        self._asked = float("-inf")
        self._last = -(2**62)

    def schema_out(self, schema: Schema) -> Schema:
        """The same, with the two channels."""
        check_stamped(schema)
        more = (Channel(name="source_time", unit="ns", kind="int"), Channel(name="clock_error", unit="ns", kind="int"))
        return replace(schema, channels=schema.channels + more)

    def update(self, block: Block) -> Block:
        """The rows at our times."""
        assert block.ticks is not None
        estimate = self._newest()
        mapped = estimate.to_local(block.ticks)
        ticks = np.maximum.accumulate(np.maximum(mapped, self._last))
        self._last = int(ticks[-1])
        error = estimate.error_at(mapped) + (ticks - mapped)
        columns = (*block.columns, block.ticks, error)
        return replace(block, start=int(ticks[0]), ticks=ticks, columns=columns)

    def finish(self) -> None:
        """Nothing is kept back."""

    def _newest(self) -> ClockEstimate:
        now = time.monotonic()
        if self._estimate is None or now - self._asked > FRESH:
            self._asked = now
            try:
                self._estimate = self._client.clock
            except StreamError:  # while the connection is being made again the last one serves, with a growing bound
                if self._estimate is None:
                    raise
        return self._estimate


def one_way_delays(feed: Feed, clock: ClockEstimate) -> xr.Dataset:
    """How long the newest row of each batch was on its way: when it came, less when it was stamped.

    Parameters
    ----------
    feed : Feed
        A feed of rows that are stamped by the clock of their source.
    clock : ClockEstimate
        How that clock stands against ours.

    Returns
    -------
    Dataset
        Over the dimension ``batch`` (the newest 4,096 at most), in ns: ``delay``, and ``error``, the bound of the
        clock's estimate at that time; with the coordinates ``row``, its sequence number, and ``arrived``, in ns since
        1970. Batches from before a clock has jumped are left out.

    Raises
    ------
    InputError
        If the rows are not stamped with ns since 1970, or none has come yet.
    """
    check_stamped(feed.schema)
    rows, ticks, arrived = feed.arrivals()
    known = arrived >= clock.since
    rows, ticks, arrived = rows[known], ticks[known], arrived[known]
    if not len(rows):
        raise InputError("no row has come yet, or none since a clock has jumped; feed.wait(n=...) waits for rows")
    sent = clock.to_local(ticks)
    return xr.Dataset(
        {
            "delay": ("batch", arrived - sent, {"units": "ns", "long_name": "one-way delay"}),
            "error": ("batch", clock.error_at(sent), {"units": "ns", "long_name": "error bound of the delay"}),
        },
        coords={"row": ("batch", rows), "arrived": ("batch", arrived, {"units": "ns"})},
        attrs={"method": "arrival less source time, mapped by NTP-like exchanges", "citation": "RFC 5905, section 8"},
    )


def check_stamped(schema: Schema) -> None:
    """Refuse rows that are not stamped with ns since 1970."""
    base = schema.time
    if (
        base.regular
        or base.unit != "s"
        or base.tick != Fraction(1, 10**9)
        or not str(base.epoch).startswith("1970-01-01")
    ):
        raise InputError(
            f"this needs rows that are stamped with ns since 1970 (irregular time, tick 1/1000000000 s, epoch "
            f"1970-01-01), not steps of {base.step} x {base.tick} {base.unit} since {base.epoch}"
        )
