"""Delay differential equations: their state is a stretch of the past."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...kernels.attractors.delays import push_delayed
from .base import view
from .flow import Flow

__all__ = ["MackeyGlass"]

#: Integration steps to the delay.
LAGS = 200


class MackeyGlass(Flow):
    """The Mackey-Glass (1977) equation of blood cells: x' = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x.

    The default delay of 17 is weakly chaotic: largest exponent 0.0052. Classical Runge-Kutta with 200 steps to the
    delay. `state` is x alone; a start is a constant past. Samples between the steps are interpolated
    cubically. It has no Jacobian in one variable: `lyapunov_spectrum` moves tangent histories.

    Examples
    --------
    >>> MackeyGlass(tau=17).trajectory(500, rng=0).sizes["time"]
    500
    """

    name = "Mackey-Glass"
    variables = ("x",)
    system = -1
    defaults: ClassVar[dict[str, float]] = {"beta": 0.2, "gamma": 0.1, "n": 10.0, "tau": 17.0}
    basin = ((0.4,), (1.4,))
    transient = 3000.0
    citation = "Mackey & Glass (1977), Science 197, 287"

    def __init__(self, *, initial: ArrayLike | None = None, rng: Any = None, **params: float):
        tau = params.get("tau", self.defaults["tau"])
        if not (tau > 0 and math.isfinite(tau)):
            raise InputError(f"tau must be positive and finite, not {tau!r}")
        self.max_step = tau / LAGS
        self.dt = 10 * self.max_step
        super().__init__(initial=initial, rng=rng, **params)  # type: ignore[arg-type]

    def reset(self, *, initial: ArrayLike | None = None, rng: Any = None) -> None:
        """Go back to time 0 and a constant past."""
        super().reset(initial=initial, rng=rng)
        self._past = np.full(LAGS + 2, self._state[0])
        self._steps = 0

    @property
    def past(self) -> np.ndarray:
        """The past one delay and a step long, newest first, `max_step` apart; shape (202,); a copy."""
        return self._past.copy()

    def run_each(self, kernel: Callable[..., Any], params: np.ndarray, *args: Any) -> Any:
        """Not for a delay equation: the kernels of ordinary flows do not know its past."""
        raise InputError(
            f"{self.name} is a delay equation, whose state is a stretch of the past; here use trajectory() "
            "or lyapunov_spectrum(), or embed a trajectory"
        )

    def push(self, frame: np.ndarray, steps: int) -> np.ndarray:
        """Move on by `steps` integration steps with tangent histories `frame` (202, k); returns them there."""
        _, self._past, moved = push_delayed(self._p, view(self._past), view(frame), self.max_step, 1, steps)
        self._steps += steps
        self._now = self._steps * self.max_step
        self._state = self._past[:1].copy()
        return moved

    def _advance(self, n: int, dt: float) -> np.ndarray:
        # Two steps beyond the last sample, for the interpolation.
        places = (self._now + dt * np.arange(1, n + 1)) / self.max_step
        places = np.where(np.abs(places - np.rint(places)) < 1e-6, np.rint(places), places)
        whole = np.floor(places).astype(np.int64)
        more = int(whole[-1]) + 2 - self._steps
        if more > 0:
            x, past, _ = push_delayed(self._p, view(self._past), view(np.empty((LAGS + 2, 0))), self.max_step, more, 1)
        else:
            x, past = np.empty(0), self._past
        grid = np.concatenate([self._past[::-1], x])
        first = whole - self._steps + LAGS
        f = places - whole
        weights = (
            -f * (f - 1.0) * (f - 2.0) / 6.0,
            (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0,
            -(f + 1.0) * f * (f - 2.0) / 2.0,
            (f + 1.0) * f * (f - 1.0) / 6.0,
        )
        values = np.sum([weight * grid[first + shift] for shift, weight in enumerate(weights)], axis=0)
        self._past, self._steps = past, self._steps + max(more, 0)
        return values[:, None]
