"""What a map is: a state that is iterated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ...errors import InputError
from ...kernels.attractors.maps import compute_map_jacobian
from ...kernels.attractors.systems import advance_state
from ...timebase import TimeBase
from .base import System, count_of, view
from .own import make_own

__all__ = ["Map"]


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
        own = make_own(cls, rule, jacobian, variables, initial, params, transient, basin, name)
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
        states = self.run(advance_state, view(self._state), count_of(n, "n"), 0.0, 1)
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
        skip = count_of(self.transient if transient is None else transient, "transient")
        states = self.run(advance_state, view(start), skip + count_of(n, "n"), 0.0, 1)
        return self._label(states[skip:], TimeBase(unit=self.unit))
