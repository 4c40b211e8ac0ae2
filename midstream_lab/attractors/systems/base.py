"""What a dynamical system is: named variables, parameters and a state that moves."""

from __future__ import annotations

import copy
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...errors import InputError
from ...timebase import TimeBase
from .own import Rule

__all__ = ["System", "count_of", "view"]


class System(ABC):
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
    name: str
    variables: tuple[str, ...]
    unit: str
    #: Number by which the kernels know the system.
    system: ClassVar[int]
    #: Default parameters, in the order of the kernels.
    defaults: ClassVar[Mapping[str, float]]
    #: Lowest and highest corner of a box of start states that reach the attractor.
    basin: tuple[tuple[float, ...], tuple[float, ...]]
    #: Time that `trajectory` discards unless told, in `unit`.
    transient: float
    #: Default sampling interval, in `unit`.
    dt: float
    citation: str
    #: Whether the state alone decides what follows.
    deterministic: ClassVar[bool] = True
    #: A person's own equations, if it is not built in.
    rule: Rule | None = None

    def __init__(self, *, initial: ArrayLike | None = None, rng: Any = None, **params: float):
        unknown = set(params) - set(self.defaults)
        if unknown:
            raise InputError(f"{self.name} has no parameter {sorted(unknown)}; it has {list(self.defaults)}")
        self.params: Mapping[str, float] = {**self.defaults, **{k: float(v) for k, v in params.items()}}
        if not all(math.isfinite(value) for value in self.params.values()):
            raise InputError(f"parameters must be finite, got {dict(self.params)}")
        self._p = view(np.concatenate([list(self.params.values()), self._constants()]))
        self.reset(initial=initial, rng=rng)

    def _constants(self) -> ArrayLike:
        """What the kernels need beside the parameters."""
        return ()

    @abstractmethod
    def run_until(self, t: float) -> np.ndarray:
        """Move on to time `t` and return the state."""

    @abstractmethod
    def divide(self, dt: float) -> tuple[float, int]:
        """Size and number of the steps that fill `dt`; the size is 0 for a map."""

    @abstractmethod
    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the velocity or of the map at `state`; shape (dim, dim)."""

    @property
    def vector(self) -> np.ndarray:
        """The parameters as the kernels take them, with what follows from them."""
        return self._p

    def run(self, kernel: Any, *args: Any) -> Any:
        """``kernel(number, parameters, *args)``; what a person's own equations raise is raised."""
        return self.run_each(kernel, self._p, *args)

    def run_each(self, kernel: Any, params: np.ndarray, *args: Any) -> Any:
        """As `run`, with `params` of one or many systems as `vector` gives them."""
        rule = self.rule
        found = kernel(self.system if rule is None else rule.address, view(params), *args)
        if rule is not None:
            rule.raise_error()
        return found

    def with_params(self, **params: float) -> Self:
        """The same system with other parameters, at its start.

        Examples
        --------
        >>> from midstream_lab.attractors.systems import Henon
        >>> Henon(b=0.2).with_params(a=1.2).params
        {'a': 1.2, 'b': 0.2}
        """
        unknown = set(params) - set(self.params)
        if unknown:
            raise InputError(f"{self.name} has no parameter {sorted(unknown)}; it has {list(self.params)}")
        other = copy.copy(self)
        other.params = {**self.params, **{key: float(value) for key, value in params.items()}}
        other._p = view(np.concatenate([list(other.params.values()), other._constants()]))
        other.reset()
        return other

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

    @property
    def start(self) -> np.ndarray:
        """State that `reset` goes back to, shape (dim,); a copy."""
        return self._start.copy()

    def settled(self, transient: float | None = None) -> Self:
        """A copy that went on from the start for `transient`, by default the system's own."""
        skip = self.transient if transient is None else float(transient)
        if not (skip >= 0 and math.isfinite(skip)):
            raise InputError(f"transient must be 0 or more and finite, not {transient!r}")
        other = copy.copy(self)
        other.reset()
        if skip:
            other.run_until(skip)
        return other

    def reset(self, *, initial: ArrayLike | None = None, rng: Any = None) -> None:
        """Go back to time 0 at `initial`, at a random state of the basin (`rng`), or where the system began."""
        if initial is not None or rng is not None or not hasattr(self, "_start"):
            self._start = self._choose(initial, rng)
        self._now = 0.0
        self._state = self._start.copy()

    def _choose(self, initial: ArrayLike | None, rng: Any) -> np.ndarray:
        if initial is not None and rng is not None:
            raise InputError("give initial or rng, not both")
        if initial is None:
            return self._draw(None if rng is None else np.random.default_rng(rng))
        return self.check_state(initial, "initial")

    def check_state(self, state: ArrayLike, name: str) -> np.ndarray:
        """`state` as `dim` finite floats, or an error that calls it `name`."""
        try:
            found = np.array(state, dtype=np.float64)
        except (TypeError, ValueError):
            found = np.empty(0)
        if found.shape != (self.dim,) or not np.isfinite(found).all():
            raise InputError(f"{name} must be {self.dim} finite numbers {self.variables}, not {state!r}")
        return found

    def _draw(self, rng: np.random.Generator | None) -> np.ndarray:
        """A state of the basin: at random, or the same one each time."""
        low, high = np.array(self.basin)
        return low + (high - low) * (0.7 if rng is None else rng.uniform(size=self.dim))

    def _label(self, states: np.ndarray, time: TimeBase) -> xr.DataArray:
        from ...feed.schema import Channel
        from ...sequence import from_ticks

        if not np.isfinite(states).all():
            raise InputError(
                f"{self.name} left every bound with {dict(self.params)} from {self._start.tolist()}; "
                "start inside the basin of the attractor or change the parameters"
            )
        ticks = np.arange(len(states), dtype=np.int64) * time.step
        return from_ticks(states, ticks, time, channels=[Channel(name=v) for v in self.variables], attrs=self._attrs())

    def _attrs(self) -> dict[str, Any]:
        attrs = {"title": self.name, "source": "midstream_lab.attractors.systems", "citation": self.citation}
        return attrs | {f"parameter_{key}": value for key, value in self.params.items()}

    def __repr__(self) -> str:
        inside = ", ".join(f"{key}={value:g}" for key, value in self.params.items())
        return f"{type(self).__name__}({inside})"


def view(values: np.ndarray) -> np.ndarray:
    """A read-only contiguous float64 view: the one kind of array that the kernels are compiled for."""
    frozen = np.ascontiguousarray(values, dtype=np.float64).view()
    frozen.flags.writeable = False
    return frozen


def count_of(n: Any, name: str) -> int:
    """`n` as a whole number, 0 or more, or an error that calls it `name`."""
    if isinstance(n, bool) or n != int(n) or n < 0:
        raise InputError(f"{name} must be a whole number, 0 or more, not {n!r}")
    return int(n)
