"""Flows with noise: stochastic differential equations."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...kernels.attractors.noise import advance_noisy
from .base import view
from .flow import Flow

__all__ = ["NoisyFlow"]

#: Numbers drawn at a time.
CHUNK = 1 << 16


class NoisyFlow(Flow):
    """A flow with additive white noise, dx = f(x) dt + noise dW, by steps of Euler and Maruyama.

    The steps are at most the flow's `max_step`: of strong order 1 for additive noise (Maruyama 1955), and in the
    deterministic part of order 1 too, less accurate than the flow itself.

    Parameters
    ----------
    flow : Flow
        The deterministic part; a delay equation cannot be.
    noise : float or array_like, shape (dim,)
        Strength for each variable, in its unit per square root of time.
    rng : int or numpy.random.Generator, optional
        Seed of the noise; default 0. `reset` begins the same noise again.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import VanDerPol
    >>> x = NoisyFlow(VanDerPol(), noise=[0.0, 0.2, 0.0], rng=1).trajectory(200)
    >>> x.attrs["noise"]
    '[0.0, 0.2, 0.0]'
    """

    deterministic = False

    def __init__(self, flow: Flow, *, noise: ArrayLike, rng: Any = 0):
        if not isinstance(flow, Flow) or not flow.deterministic or not flow.dim == len(flow.jacobian(flow.state)):
            raise InputError(f"flow must be a deterministic Flow, not {flow!r}")
        strength = np.asarray(noise, dtype=np.float64)
        if (
            strength.ndim > 1
            or strength.size not in (1, flow.dim)
            or not (np.isfinite(strength) & (strength >= 0)).all()
        ):
            raise InputError(f"noise must be one number or {flow.dim}, 0 or more, not {noise!r}")
        self.flow, self.noise = flow, view(np.broadcast_to(strength, flow.dim))
        self.name, self.variables, self.unit = f"noisy {flow.name}", flow.variables, flow.unit
        self.transient, self.citation = flow.transient, flow.citation
        self.defaults = flow.params  # type: ignore[misc]
        self.max_step, self.dt = flow.max_step, flow.dt
        self._generator = np.random.default_rng(rng)
        super().__init__(initial=flow.state)

    def velocity(self, state: ArrayLike) -> np.ndarray:
        """Velocity of the deterministic part at `state`; shape (dim,)."""
        return self.flow.velocity(state)

    def jacobian(self, state: ArrayLike) -> np.ndarray:
        """Jacobian of the deterministic part at `state`; shape (dim, dim)."""
        return self.flow.jacobian(state)

    def reset(self, *, initial: ArrayLike | None = None, rng: Any = None) -> None:
        """Go back to time 0 and the same noise; `rng` draws the start, as for `Flow`."""
        super().reset(initial=initial, rng=rng)
        self._noise = copy.deepcopy(self._generator)

    def _draw(self, rng: np.random.Generator | None) -> np.ndarray:
        return self.flow._draw(rng)

    def _advance(self, n: int, dt: float) -> np.ndarray:
        h, substeps = self.divide(dt)
        states, s = np.empty((n, self.dim)), self._state
        for row in range(n):
            for done in range(0, substeps, CHUNK):
                draws = self._noise.standard_normal((min(CHUNK, substeps - done), self.dim))
                s = self.flow.run(advance_noisy, view(s), h, self.noise, view(draws))
            states[row] = s
        return states

    def _attrs(self) -> dict[str, Any]:
        return {**super()._attrs(), "noise": str(self.noise.tolist())}
