"""A simulated system as a stream source."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from ...errors import InputError
from ...feed.schema import Block, Channel, Schema
from ...timebase import TimeBase
from .pacing import SLOT, Paced, Pacer, Speed

__all__ = ["Advances", "Simulation"]

#: Rows of a block at speed "max".
CHUNK = 4096


class Advances(Protocol):
    """What can be simulated: every system of `midstream_lab.attractors.systems`, or one of your own."""

    name: Any
    variables: Any

    def advance(self, n: int, dt: float) -> np.ndarray:
        """Go on by `n` samples that are `dt` apart and return them; shape (n, len(variables))."""
        ...


class Simulation(Paced):
    """Streams a system as it is simulated. It never ends by itself; a run begins at the system's start state.

    Parameters
    ----------
    system : object with advance(n, dt), variables and name
        For example ``midstream_lab.attractors.systems.Lorenz()``. The simulation works on a copy.
    dt : float, str or Fraction, optional
        Sampling interval in the system's own time; default the system's `dt`.
    channels : sequence of str, optional
        Which variables to send; default all.
    speed : float or "max", optional
        Units of the system's time per second; default 1. ``"max"``: as fast as the readers take it.
    transient : float, optional
        Time to discard at the start; default the system's own `transient`, else 0.
    rows : int, optional
        End after so many rows; default never.

    Raises
    ------
    InputError
        If the system cannot advance, or has no such variable.

    Examples
    --------
    >>> import threading
    >>> from midstream_lab.attractors.systems import Lorenz
    >>> source = Simulation(Lorenz(), dt="1/100", channels=["x"], speed="max", rows=1000)
    >>> sum(len(block) for block in source.blocks(threading.Event()))
    1000
    """

    def __init__(
        self,
        system: Any,
        *,
        dt: float | str | Fraction | None = None,
        channels: Sequence[str] | None = None,
        speed: Speed = 1.0,
        transient: float | None = None,
        rows: int | None = None,
    ) -> None:
        if not callable(getattr(system, "advance", None)) or not getattr(system, "variables", ()):
            raise InputError(f"{type(system).__name__} cannot be simulated: it needs advance(n, dt) and variables")
        if rows is not None and rows < 1:
            raise InputError(f"rows must be 1 or more, not {rows}")
        self._pacer = Pacer(speed)
        self._system = copy.deepcopy(system)
        variables = tuple(system.variables)
        chosen = variables if channels is None else tuple(channels)
        if not chosen or not set(chosen) <= set(variables):
            raise InputError(f"channels {list(chosen)} are not variables of {system.name}: {', '.join(variables)}")
        self._columns = [variables.index(name) for name in chosen]
        self._rows = rows
        skip = getattr(system, "transient", 0.0) if transient is None else transient
        if not 0 <= skip < float("inf"):
            raise InputError(f"transient must be 0 or more, not {transient!r}")
        self._transient = float(skip)
        self.name = str(getattr(system, "name", type(system).__name__))
        attrs: dict[str, str | int | float] = {"title": self.name, "source": "simulation"}
        attrs |= {f"parameter_{key}": float(value) for key, value in getattr(system, "params", {}).items()}
        time = TimeBase.from_dt(dt if dt is not None else system.dt, unit=getattr(system, "unit", "system time"))
        self.schema = Schema(channels=tuple(Channel(name=name) for name in chosen), time=time, attrs=attrs)

    def blocks(self, stop: Any) -> Iterator[Block]:
        """Yield the rows when they are due, until `stop` is set."""
        dt = float(self.schema.time.dt)
        system = copy.deepcopy(self._system)
        if self._transient:
            system.advance(math.ceil(self._transient / dt), dt)
        row = 0
        self._pacer.restart()
        while (self._rows is None or row < self._rows) and self._pacer.wait(row * dt, stop):
            count = self._due(row, dt)
            states = np.asarray(system.advance(count, dt), np.float64)
            if not np.isfinite(states).all():
                raise InputError(f"{self.name} left every bound after row {row}; change its parameters or start")
            columns = tuple(np.ascontiguousarray(states[:, index]) for index in self._columns)
            yield Block(first=row, start=row * self.schema.time.step, columns=columns)
            row += count

    def _due(self, row: int, dt: float) -> int:
        """How many rows are due now or within the slot; at least one."""
        speed = self._pacer.speed
        most = CHUNK if self._rows is None else min(CHUNK, self._rows - row)
        if speed == "max":
            return most
        ahead = (self._pacer.position() + SLOT * speed) / dt - row
        return max(1, min(most, math.floor(ahead) + 1))
