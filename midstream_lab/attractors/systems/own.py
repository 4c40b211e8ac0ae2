"""A person's own equations, as something that the kernels can call."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...errors import InputError
from ...kernels.attractors.user import JACOBIAN

__all__ = ["Rule", "make_own"]

#: What the kernels call: what is asked for, the parameters, the state, where the answer goes.
SIGNATURE = ctypes.CFUNCTYPE(None, ctypes.c_int64, *3 * [ctypes.POINTER(ctypes.c_double)])
#: Half-width of the central differences that stand in for a Jacobian, relative to the size of the state.
NUDGE = 6e-6


class Rule:
    """Equations ``rule(state, params)`` and perhaps their ``jacobian(state, params)``.

    Functions made by ``numba.njit`` are compiled into the kernels' call, anew in each process; plain ones are called
    as they are, which is some hundred times slower. What a plain one raises is kept in `error` and the answer is NaN.
    """

    def __init__(self, rule: Callable[..., Any], jacobian: Callable[..., Any] | None, dim: int, n_params: int):
        self.rule, self.jacobian, self.dim, self.n_params = rule, jacobian, dim, n_params
        self.error: Exception | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Rule, (self.rule, self.jacobian, self.dim, self.n_params)

    @property
    def address(self) -> int:
        """Where the C function stands."""
        if isinstance(self._function, SIGNATURE):
            return ctypes.cast(self._function, ctypes.c_void_p).value or 0
        return int(self._function.address)

    @cached_property
    def _function(self) -> Any:
        given = [self.rule] if self.jacobian is None else [self.rule, self.jacobian]
        if all(hasattr(function, "py_func") for function in given):
            return _compile(self.rule, self.jacobian, self.dim, self.n_params)
        return SIGNATURE(self._call)

    def _call(self, mode: int, p: Any, s: Any, out: Any) -> None:
        params = np.ctypeslib.as_array(p, (self.n_params,)) if self.n_params else np.empty(0)
        state = np.ctypeslib.as_array(s, (self.dim,))
        shape = (self.dim, self.dim) if mode == JACOBIAN else (self.dim,)
        answer = np.ctypeslib.as_array(out, shape)
        try:
            if mode != JACOBIAN:
                answer[:] = self._shaped(self.rule(state, params), shape)
            elif self.jacobian is not None:
                answer[:] = self._shaped(self.jacobian(state, params), shape)
            else:
                for i in range(self.dim):
                    h = NUDGE * max(1.0, abs(state[i]))
                    ahead, behind = state.copy(), state.copy()
                    ahead[i] += h
                    behind[i] -= h
                    answer[:, i] = (np.array(self.rule(ahead, params)) - np.array(self.rule(behind, params))) / (2 * h)
        except Exception as error:
            self.error = error
            answer[:] = np.nan

    def _shaped(self, value: Any, shape: tuple[int, ...]) -> np.ndarray:
        values = np.asarray(value, dtype=np.float64)
        if values.shape != shape:
            raise InputError(f"the equations gave shape {values.shape}; {shape} is needed for {self.dim} variables")
        return values

    def raise_error(self) -> None:
        """Raise what a plain function raised since the last time."""
        error, self.error = self.error, None
        if error is not None:
            raise error


def _compile(rule: Any, jacobian: Any, dim: int, n_params: int) -> Any:
    """A numba cfunc around njit functions."""
    import numba
    from numba import types

    given = jacobian is not None
    slope = jacobian if given else rule

    def call(mode, p, s, out):
        params, state = numba.carray(p, n_params), numba.carray(s, dim)
        if mode != JACOBIAN:
            found = rule(state, params)
            velocity = numba.carray(out, dim)
            for i in range(dim):
                velocity[i] = found[i]
            return
        answer = numba.carray(out, (dim, dim))
        if given:
            rows = slope(state, params)
            for i in range(dim):
                for j in range(dim):
                    answer[i, j] = rows[i][j]
            return
        near = state.copy()
        for j in range(dim):
            h = NUDGE * max(1.0, abs(state[j]))
            near[j] = state[j] + h
            ahead = rule(near, params)
            near[j] = state[j] - h
            behind = rule(near, params)
            near[j] = state[j]
            for i in range(dim):
                answer[i, j] = (ahead[i] - behind[i]) / (2.0 * h)

    pointer = types.CPointer(types.double)
    try:
        return numba.cfunc(types.void(types.int64, pointer, pointer, pointer))(call)
    except numba.core.errors.NumbaError as error:
        raise InputError(
            f"numba cannot compile these equations for {dim} variables; they must return {dim} floats from "
            f"(state, params), two float64 arrays: {str(error).strip().splitlines()[-1]}"
        ) from error


def make_own(
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
