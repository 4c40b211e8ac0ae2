"""What a dynamical system is: named variables, parameters and a state that moves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...errors import InputError
from ...kernels.attractors.systems import (
    advance_flow,
    advance_map,
    compute_flow_jacobian,
    compute_map_jacobian,
    compute_velocity,
)
from ...timebase import TimeBase

__all__ = ["Flow", "Map", "System"]


class System:
    """A deterministic system with a current state. Use `Flow` or `Map`.

    Parameters
    ----------
    initial : array_like of float, optional
        Start state, shape (dim,); default: a fixed point of departure of the system.
    rng : int or numpy.random.Generator, optional
        Draw the start state at random from the system's `basin` instead.
    **params : float
        Parameters that differ from the defaults.
    """

    #: Title, variables and the unit of time.
    name: ClassVar[str]
    variables: ClassVar[tuple[str, ...]]
    unit: ClassVar[str]
    #: Number by which the kernels know the system.
    system: ClassVar[int]
    #: Default parameters, in the order of the kernels.
    defaults: ClassVar[dict[str, float]]
    #: Lowest and highest corner of a box of start states that reach the attractor.
    basin: ClassVar[tuple[tuple[float, ...], tuple[float, ...]]]
    #: Time that `trajectory` discards unless told, in `unit`.
    transient: ClassVar[float]
    citation: ClassVar[str]

    def __init__(self, *, initial: ArrayLike | None = None, rng: Any = None, **params: float):
        unknown = set(params) - set(self.defaults)
        if unknown:
            raise InputError(f"{self.name} has no parameter {sorted(unknown)}; it has {list(self.defaults)}")
        self.params: Mapping[str, float] = {**self.defaults, **{k: float(v) for k, v in params.items()}}
        if not all(math.isfinite(value) for value in self.params.values()):
            raise InputError(f"parameters must be finite, got {dict(self.params)}")
        self._p = _view(np.array(list(self.params.values())))
        self.reset(initial=initial, rng=rng)

    @property
    def dim(self) -> int:
        """Number of variables."""
        return len(self.variables)

    @property
    def now(self) -> float:
        """Time since the last `reset`, in `unit`."""
        return self._now

    @property
    def state(self) -> np.ndarray:
        """Current state, shape (dim,); a copy."""
        return self._state.copy()

    def reset(self, *, initial: ArrayLike | None = None, rng: Any = None) -> None:
        """Go back to time 0 at `initial`, at a random state of the basin (`rng`), or where the system began."""
        if initial is not None or rng is not None or not hasattr(self, "_start"):
            self._start = self._choose(initial, rng)
        self._now = 0.0
        self._state = self._start.copy()

    def _choose(self, initial: ArrayLike | None, rng: Any) -> np.ndarray:
        low, high = np.array(self.basin)
        if initial is not None and rng is not None:
            raise InputError("give initial or rng, not both")
        if initial is None:
            draw = 0.7 if rng is None else np.random.default_rng(rng).uniform(size=self.dim)
            return low + (high - low) * draw
        start = np.array(initial, dtype=np.float64)
        if start.shape != (self.dim,) or not np.isfinite(start).all():
            raise InputError(f"initial must be {self.dim} finite numbers {self.variables}, not {initial!r}")
        return start

    def _label(self, states: np.ndarray, time: TimeBase) -> xr.DataArray:
        from ...feed.schema import Channel
        from ...sequence import from_ticks

        if not np.isfinite(states).all():
            raise InputError(
                f"{self.name} left every bound with {dict(self.params)} from {self._start.tolist()}; "
                "start inside the basin of the attractor or change the parameters"
            )
        attrs: dict[str, Any] = {
            "title": self.name,
            "source": "midstream_lab.attractors.systems",
            "citation": self.citation,
        }
        attrs |= {f"parameter_{key}": value for key, value in self.params.items()}
        ticks = np.arange(len(states), dtype=np.int64) * time.step
        return from_ticks(states, ticks, time, channels=[Channel(name=v) for v in self.variables], attrs=attrs)

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value:g}" for key, value in self.params.items())
        return f"{type(self).__name__}({inside})"


class Flow(System):
    """A system of ordinary differential equations, integrated by classical Runge-Kutta steps of fixed size.

    A sampling interval is divided into equal steps of at most `max_step`, so that the sampling does not
    change the accuracy.
    """

    unit = "system time"
    #: Largest integration step, in `unit`.
    max_step: ClassVar[float]
    #: Default sampling interval, about 50 samples to the dominant period.
    dt: ClassVar[float]

    def velocity(self, state: ArrayLike) -> np.ndarray:
        """Velocity at `state`; shape (dim,)."""
        out = np.empty(self.dim)
        compute_velocity(self.system, self._p, _view(np.array(state, dtype=np.float64)), out)
        return out

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the velocity at `state`; shape (dim, dim)."""
        return compute_flow_jacobian(self.system, self._p, _view(np.array(state, dtype=np.float64)))

    def advance(self, n: int, dt: float | None = None) -> np.ndarray:
        """Move on and return the next `n` samples, `dt` apart; shape (n, dim).

        Parameters
        ----------
        n : int
            Number of samples.
        dt : float, optional
            Sampling interval in `unit`; default `self.dt`.
        """
        dt = self.dt if dt is None else float(dt)
        if not (dt > 0 and math.isfinite(dt)):
            raise InputError(f"dt must be positive and finite, not {dt!r}")
        states = self._integrate(self._state, _count(n, "n"), dt)
        if len(states):
            self._state = states[-1].copy()
        self._now += n * dt
        return states

    def _integrate(self, start: np.ndarray, n: int, dt: float) -> np.ndarray:
        substeps = max(1, math.ceil(dt / self.max_step - 1e-9))
        return advance_flow(self.system, self._p, _view(start), n, dt / substeps, substeps)

    def step(self, dt: float | None = None) -> np.ndarray:
        """Move on by one sampling interval and return the state."""
        return self.advance(1, dt)[0]

    def run_until(self, t: float) -> np.ndarray:
        """Move on to time `t` exactly and return the state."""
        if t < self._now:
            raise InputError(f"time {t!r} has passed: now is {self._now!r}; reset() goes back to 0")
        if t > self._now:
            self.advance(1, t - self._now)
            self._now = float(t)
        return self.state

    def trajectory(
        self,
        n: int,
        *,
        dt: float | str | None = None,
        transient: float | None = None,
        initial: ArrayLike | None = None,
        rng: Any = None,
    ) -> xr.DataArray:
        """A labelled run; the system's own state does not move.

        Parameters
        ----------
        n : int
            Number of samples.
        dt : float or str, optional
            Sampling interval in `unit`, for example ``"1/50"``; default `self.dt`.
        transient : float, optional
            Time to discard first; default `self.transient`.
        initial, rng : optional
            Start state, or a seed that draws it, as in the constructor; default: the system's start.

        Returns
        -------
        xarray.DataArray, shape (n, dim)
            Dimensions ``time`` (exact, regular) and ``channel``.
        """
        time = TimeBase.from_dt(self.dt if dt is None else dt, unit=self.unit)
        start = self._start if initial is None and rng is None else self._choose(initial, rng)
        skip = self.transient if transient is None else float(transient)
        if not (skip >= 0 and math.isfinite(skip)):
            raise InputError(f"transient must be 0 or more, not {transient!r}")
        if skip > 0:
            start = self._integrate(start, 1, skip)[0]
        return self._label(self._integrate(start, _count(n, "n"), float(time.dt)), time)


class Map(System):
    """An iterated map; its time counts iterates."""

    unit = "iterate"
    #: A map has one sampling interval, one iterate.
    dt: ClassVar[float] = 1.0

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the map at `state`; shape (dim, dim)."""
        return compute_map_jacobian(self.system, self._p, _view(np.array(state, dtype=np.float64)))

    def advance(self, n: int, dt: float | None = None) -> np.ndarray:
        """Move on and return the next `n` iterates; shape (n, dim). `dt` can only be 1."""
        if dt is not None and float(dt) != 1.0:
            raise InputError(f"{self.name} is a map: dt is 1 iterate, not {dt!r}")
        states = advance_map(self.system, self._p, _view(self._state), _count(n, "n"))
        if len(states):
            self._state = states[-1].copy()
        self._now += n
        return states

    def step(self, dt: float | None = None) -> np.ndarray:
        """Iterate once and return the state."""
        return self.advance(1, dt)[0]

    def run_until(self, t: float) -> np.ndarray:
        """Iterate until time `t`, a whole number, and return the state."""
        if t < self._now or t != int(t):
            raise InputError(f"t must be a whole number of iterates from {self._now:g} on, not {t!r}")
        self.advance(int(t - self._now))
        return self.state

    def trajectory(
        self,
        n: int,
        *,
        transient: int | None = None,
        initial: ArrayLike | None = None,
        rng: Any = None,
    ) -> xr.DataArray:
        """A labelled run of `n` iterates after `transient`; parameters and result as for `Flow.trajectory`."""
        start = self._start if initial is None and rng is None else self._choose(initial, rng)
        skip = _count(self.transient if transient is None else transient, "transient")
        states = advance_map(self.system, self._p, _view(start), skip + _count(n, "n"))
        return self._label(states[skip:], TimeBase(unit=self.unit))


def _view(values: np.ndarray) -> np.ndarray:
    """A read-only contiguous float64 view: the one kind of array that the kernels are compiled for."""
    view = np.ascontiguousarray(values, dtype=np.float64).view()
    view.flags.writeable = False
    return view


def _count(n: Any, name: str) -> int:
    if isinstance(n, bool) or n != int(n) or n < 0:
        raise InputError(f"{name} must be a whole number, 0 or more, not {n!r}")
    return int(n)
