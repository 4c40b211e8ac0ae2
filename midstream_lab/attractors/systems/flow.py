"""What a flow is: a system of ordinary differential equations."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...errors import ConvergenceError, InputError
from ...kernels.attractors.adaptive import advance_adaptive
from ...kernels.attractors.flows import compute_flow_jacobian, compute_velocity
from ...kernels.attractors.systems import advance_state
from ...timebase import TimeBase
from .base import System, count_of, view
from .own import make_own

__all__ = ["Flow"]

#: Adaptive steps that may be tried from one sample to the next.
MOST_STEPS = 1_000_000


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
        own = make_own(cls, rule, jacobian, variables, initial, params, transient, basin, name)
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
        count = count_of(n, "n")
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
