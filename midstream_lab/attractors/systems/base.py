"""What a dynamical system is: named variables, parameters and a state that moves."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...errors import ConvergenceError, InputError
from ...kernels.attractors.adaptive import advance_adaptive
from ...kernels.attractors.flows import compute_flow_jacobian, compute_velocity
from ...kernels.attractors.maps import compute_map_jacobian
from ...kernels.attractors.systems import advance_state
from ...timebase import TimeBase
from .own import Rule

__all__ = ["Flow", "Map", "System", "view"]

#: Adaptive steps that may be tried from one sample to the next.
MOST_STEPS = 1_000_000


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

    def run_until(self, t: float) -> np.ndarray:
        """Move on to time `t` and return the state."""
        raise NotImplementedError

    def divide(self, dt: float) -> tuple[float, int]:
        """Size and number of the steps that fill `dt`; the size is 0 for a map."""
        raise NotImplementedError

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the velocity or of the map at `state`; shape (dim, dim)."""
        raise NotImplementedError

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


class Flow(System):
    """A system of ordinary differential equations.

    The default integrator is classical Runge-Kutta with steps of fixed size: a sampling interval is divided into equal
    steps of at most `max_step`, so that the sampling does not change the accuracy. ``integrator="tsit5"`` controls the
    error of each step instead (Tsitouras 2011).

    Parameters
    ----------
    initial, rng, **params
        As for `System`.
    integrator : {"rk4", "tsit5"}, optional
        What moves the state; default ``"rk4"``. Tangent vectors are always moved by ``"rk4"``.
    rtol, atol : float, optional
        Tolerated error of one adaptive step, relative to the state and absolute; default 1e-9 both.
    """

    unit = "system time"
    #: Largest integration step, in `unit`.
    max_step: float
    #: Default sampling interval, about 50 samples to the dominant period.
    dt: float

    def __init__(
        self,
        *,
        initial: ArrayLike | None = None,
        rng: Any = None,
        integrator: str = "rk4",
        rtol: float = 1e-9,
        atol: float = 1e-9,
        **params: float,
    ):
        if integrator not in ("rk4", "tsit5"):
            raise InputError(f"integrator must be 'rk4' or 'tsit5', not {integrator!r}")
        if not (1e-14 <= rtol < 1 and 0 < atol < math.inf):
            raise InputError(f"rtol must lie in [1e-14, 1) and atol be positive, not {rtol!r} and {atol!r}")
        self.integrator, self.rtol, self.atol = integrator, float(rtol), float(atol)
        super().__init__(initial=initial, rng=rng, **params)

    @classmethod
    def from_function(
        cls,
        rule: Callable[..., Any],
        *,
        variables: Sequence[str],
        initial: ArrayLike,
        max_step: float,
        dt: float,
        params: Mapping[str, float] | None = None,
        jacobian: Callable[..., Any] | None = None,
        transient: float = 0.0,
        basin: tuple[ArrayLike, ArrayLike] | None = None,
        name: str = "own flow",
        **options: Any,
    ) -> Flow:
        """A flow from your own equations.

        Parameters
        ----------
        rule : callable
            ``rule(state, params)`` gives the velocity, as `dim` floats; both arguments are float64 arrays. Made by
            ``numba.njit`` it is compiled (anew in each process, some seconds); a plain function is called as it is.
        variables : sequence of str
        initial : array_like, shape (dim,)
        max_step : float
            Largest integration step.
        dt : float
            Default sampling interval.
        params : mapping of str to float, optional
            Parameters, in the order in which `rule` finds them.
        jacobian : callable, optional
            ``jacobian(state, params)``, (dim, dim); default: central differences. Compiled if both are njit functions.
        transient : float, optional
            Time that `trajectory` discards unless told; default 0.
        basin : pair of array_like, optional
            Corners of the box of random starts; default: `initial` alone.
        name : str, optional
        **options
            ``integrator``, ``rtol``, ``atol`` as for `Flow`.

        Examples
        --------
        >>> spring = Flow.from_function(
        ...     lambda s, p: (s[1], -p[0] * s[0]), variables=("x", "v"), initial=[1.0, 0.0], max_step=0.01, dt=0.1,
        ...     params={"stiffness": 1.0})
        >>> round(float(spring.run_until(3.141592653589793)[0]), 6)
        -1.0
        """
        if not (max_step > 0 and dt > 0 and math.isfinite(max_step + dt)):
            raise InputError(f"max_step and dt must be positive and finite, not {max_step!r} and {dt!r}")
        own = _make_own(cls, rule, jacobian, variables, initial, params, transient, basin, name)
        own.max_step, own.dt = float(max_step), float(dt)
        Flow.__init__(own, **options)
        return own

    def velocity(self, state: ArrayLike) -> np.ndarray:
        """Velocity at `state`; shape (dim,)."""
        out = np.empty(self.dim)
        self.run(compute_velocity, view(self.check_state(state, "state")), out)
        return out

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the velocity at `state`; shape (dim, dim)."""
        out = np.empty((self.dim, self.dim))
        self.run(compute_flow_jacobian, view(self.check_state(state, "state")), out)
        return out

    def divide(self, dt: float) -> tuple[float, int]:
        """Size and number of the integration steps that fill `dt`."""
        substeps = max(1, math.ceil(dt / self.max_step - 1e-9))
        return dt / substeps, substeps

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
        count = _count(n, "n")
        if count == 0:
            return np.empty((0, self.dim))
        states = self._advance(count, dt)
        self._state = states[-1].copy()
        self._now += n * dt
        return states

    def _advance(self, n: int, dt: float) -> np.ndarray:
        """`n` samples after the state, 1 or more; the caller moves the state."""
        start = view(self._state)
        if self.integrator == "rk4":
            return self.run(advance_state, start, n, *self.divide(dt))
        states = self.run(advance_adaptive, start, n, dt, self.max_step, self.rtol, self.atol, MOST_STEPS)
        if not np.isfinite(states[-1]).all() and np.isfinite(start).all():
            raise ConvergenceError(
                f"{self.name}: {MOST_STEPS} steps from one sample to the next do not keep rtol={self.rtol:g}, "
                f"atol={self.atol:g}; the state may run away, or the tolerance is too small",
                partial=states[np.isfinite(states).all(axis=1)],
            )
        return states

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
        skip = self.transient if transient is None else float(transient)
        if not (skip >= 0 and math.isfinite(skip)):
            raise InputError(f"transient must be 0 or more, not {transient!r}")
        run = copy.copy(self)
        run.reset(initial=initial, rng=rng)
        if skip > 0:
            run.advance(1, skip)
        return run._label(run.advance(n, float(time.dt)), time)


class Map(System):
    """An iterated map; its time counts iterates."""

    unit = "iterate"
    #: A map has one sampling interval, one iterate.
    dt = 1.0

    @classmethod
    def from_function(
        cls,
        rule: Callable[..., Any],
        *,
        variables: Sequence[str],
        initial: ArrayLike,
        params: Mapping[str, float] | None = None,
        jacobian: Callable[..., Any] | None = None,
        transient: int = 0,
        basin: tuple[ArrayLike, ArrayLike] | None = None,
        name: str = "own map",
    ) -> Map:
        """A map from your own equations; the parameters are those of `Flow.from_function`.

        Examples
        --------
        >>> half = Map.from_function(lambda s, p: (s[0] / 2,), variables=("x",), initial=[8.0])
        >>> half.advance(3).ravel().tolist()
        [4.0, 2.0, 1.0]
        """
        own = _make_own(cls, rule, jacobian, variables, initial, params, transient, basin, name)
        Map.__init__(own)
        return own

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the map at `state`; shape (dim, dim)."""
        out = np.empty((self.dim, self.dim))
        self.run(compute_map_jacobian, view(self.check_state(state, "state")), out)
        return out

    def divide(self, dt: float) -> tuple[float, int]:
        """Step 0 tells the kernels that this is a map; `dt` iterates are as many steps."""
        return 0.0, round(dt)

    def advance(self, n: int, dt: float | None = None) -> np.ndarray:
        """Move on and return the next `n` iterates; shape (n, dim). `dt` can only be 1."""
        if dt is not None and float(dt) != 1.0:
            raise InputError(f"{self.name} is a map: dt is 1 iterate, not {dt!r}")
        states = self.run(advance_state, view(self._state), _count(n, "n"), 0.0, 1)
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
        states = self.run(advance_state, view(start), skip + _count(n, "n"), 0.0, 1)
        return self._label(states[skip:], TimeBase(unit=self.unit))


def _make_own(
    kind: type[Any],
    rule: Callable[..., Any],
    jacobian: Callable[..., Any] | None,
    variables: Sequence[str],
    initial: ArrayLike,
    params: Mapping[str, float] | None,
    transient: float,
    basin: tuple[ArrayLike, ArrayLike] | None,
    name: str,
) -> Any:
    """A system that is still to be initialised, with a person's own equations."""
    if isinstance(variables, str) or not variables or len(set(variables)) != len(variables):
        raise InputError(f"variables must be a sequence of different names, not {variables!r}")
    if not callable(rule) or not (jacobian is None or callable(jacobian)):
        raise InputError("rule and jacobian must be functions of (state, params)")
    own = object.__new__(kind)
    own.name, own.variables, own.transient, own.citation = name, tuple(variables), transient, "own equations"
    own.defaults = dict(params or {})
    own.rule = Rule(rule, jacobian, len(own.variables), len(own.defaults))
    start = own.check_state(initial, "initial")
    low, high = (start, start) if basin is None else (own.check_state(corner, "basin") for corner in basin)
    own.basin = (tuple(low), tuple(high))
    if basin is not None:
        own._start = start
    return own


def view(values: np.ndarray) -> np.ndarray:
    """A read-only contiguous float64 view: the one kind of array that the kernels are compiled for."""
    frozen = np.ascontiguousarray(values, dtype=np.float64).view()
    frozen.flags.writeable = False
    return frozen


def _count(n: Any, name: str) -> int:
    if isinstance(n, bool) or n != int(n) or n < 0:
        raise InputError(f"{name} must be a whole number, 0 or more, not {n!r}")
    return int(n)
