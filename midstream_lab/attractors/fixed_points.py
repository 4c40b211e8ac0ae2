"""Fixed points and periodic orbits of flows and maps, with their stability."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import ConvergenceError, InputError
from ..kernels.attractors.ftle import push_frames
from ._checks import check_whole
from ._equations import attributes, check_positive, check_system
from .systems import Flow, System
from .systems.base import view

__all__ = ["fixed_points", "periodic_orbit"]

#: Newton steps before a search ends, and halvings of one of them.
NEWTON, HALVINGS = 60, 12
#: Points closer than this share of the box are one; eigenvalues this near to the border are marginal.
SAME, MARGINAL = 1e-6, 1e-8


def fixed_points(
    system: System,
    *,
    box: tuple[ArrayLike, ArrayLike] | None = None,
    starts: int = 200,
    tol: float = 1e-10,
    rng: Any = 0,
) -> xr.Dataset:
    """Fixed points in a box, by Newton's method from random starts, with the eigenvalues that decide their stability.

    Parameters
    ----------
    system : Flow or Map
    box : pair of array_like, shape (dim,), optional
        Lowest and highest corner; default: the system's `basin`, three times as wide.
    starts : int, optional
        Random starts; default 200. More starts miss fewer points; none is proof that all were found.
    tol : float, optional
        Largest velocity, or distance to the next iterate, that counts as none, relative to the size of the
        state where that is above 1; default 1e-10.
    rng : int or numpy.random.Generator, optional
        Seed of the starts; default 0.

    Returns
    -------
    xarray.Dataset
        `point` (dims ``fixed_point``, ``channel``), `eigenvalues` of the Jacobian (dims ``fixed_point``, ``mode``;
        complex, the least stable first), `stable` and `kind`: ``"sink"``, ``"source"``, ``"saddle"`` or ``"marginal"``.
        In order of the first variable; perhaps none (a driven system has none).

    Raises
    ------
    InputError
        If the system has noise or a parameter is out of range.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Lorenz
    >>> found = fixed_points(Lorenz())
    >>> found["point"].sel(channel="z").values.astype(int).tolist(), found["stable"].values.tolist()
    ([27, 0, 27], [False, False, False])
    """
    check_system(system)
    check_whole(starts, "starts", least=1)
    check_positive(tol, "tol")
    low, high = _corners(system, box)
    found: list[np.ndarray] = []
    for start in np.random.default_rng(rng).uniform(low, high, size=(starts, system.dim)):
        point = _newton(system, start, tol)
        if point is None or not ((low - 1e-9 <= point) & (point <= high + 1e-9)).all():
            continue
        if all((np.abs(point - other) > SAME * (1.0 + high - low)).any() for other in found):
            found.append(point)
    found.sort(key=lambda point: np.round(point, 9).tolist())
    points = np.array(found).reshape(-1, system.dim)
    values = np.array([_eigenvalues(system, point) for point in points]).reshape(-1, system.dim)
    margins = values.real if isinstance(system, Flow) else np.abs(values) - 1.0
    return xr.Dataset(
        {
            "point": (("fixed_point", "channel"), points),
            "eigenvalues": (("fixed_point", "mode"), values.astype(np.complex128)),
            "stable": ("fixed_point", (margins < -MARGINAL).all(axis=1)),
            "kind": ("fixed_point", np.array([_name(row) for row in margins], dtype=np.str_)),
        },
        coords={"channel": list(system.variables)},
        attrs=attributes(system, "Newton's method from random starts", system.citation, starts=starts, tol=tol),
    )


def _corners(system: System, box: tuple[ArrayLike, ArrayLike] | None) -> tuple[np.ndarray, np.ndarray]:
    if box is None:
        low, high = np.array(system.basin)
        return low - (high - low), high + (high - low)
    try:
        low, high = (np.array(corner, dtype=np.float64) for corner in box)
        fits = low.shape == high.shape == (system.dim,) and np.isfinite(low + high).all() and (low < high).all()
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise InputError(f"box must be two corners of {system.dim} finite numbers, low below high, not {box!r}")
    return low, high


def _defect(system: System, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What must vanish, and its Jacobian."""
    if isinstance(system, Flow):
        return system.velocity(point), system.jacobian(point)
    image = system.run(push_frames, view(point[None]), 0.0, 1)[0][0]
    return image - point, system.jacobian(point) - np.eye(system.dim)


def _newton(system: System, point: np.ndarray, tol: float) -> np.ndarray | None:
    """The fixed point that damped Newton steps reach, if any."""
    rest, slope = _defect(system, point)
    for _ in range(NEWTON):
        size = np.linalg.norm(rest)
        if size <= tol * max(1.0, float(np.abs(point).max())):
            return point
        step = np.linalg.lstsq(slope, -rest, rcond=None)[0]
        for _ in range(HALVINGS):
            trial = point + step
            if np.isfinite(trial).all():
                rest, slope = _defect(system, trial)
                if np.isfinite(slope).all() and np.linalg.norm(rest) < size:
                    break
            step = step / 2.0
        else:
            return None
        point = trial
    return None


def _eigenvalues(system: System, point: np.ndarray) -> np.ndarray:
    values = np.linalg.eigvals(system.jacobian(point)).astype(np.complex128)
    weight = values.real if isinstance(system, Flow) else np.abs(values)
    return values[np.argsort(-weight, kind="stable")]


def _name(margins: np.ndarray) -> str:
    if (np.abs(margins) <= MARGINAL).any():
        return "marginal"
    return "sink" if (margins < 0).all() else "source" if (margins > 0).all() else "saddle"


def periodic_orbit(system: System, guess: ArrayLike, period: float, *, tol: float = 1e-9) -> xr.Dataset:
    """A periodic orbit near a guess, by shooting, with its Floquet multipliers.

    Newton's method on the condition that the orbit closes after one period; of a flow the period is found with it.

    Parameters
    ----------
    system : Flow or Map
        Without a driving phase; of a driven flow give the drive as variables of your own.
    guess : array_like, shape (dim,)
        A state near the orbit.
    period : float
        About the period of a flow; exactly that of a map, in iterates.
    tol : float, optional
        Largest distance of the orbit's ends, relative to the size of the guess where that is above 1; default 1e-9.

    Returns
    -------
    xarray.Dataset
        `point` (dim ``channel``) on the orbit, `period`, `multipliers` (dim ``mode``; complex, largest first) and
        `stable`. One multiplier of a flow is 1, along the orbit; it does not count for `stable`.

    Raises
    ------
    InputError
        If the guess or the period does not fit.
    ConvergenceError
        If no orbit was reached; `partial` holds the last state and period.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import VanDerPol, Logistic
    >>> found = periodic_orbit(Logistic(r=3.2), [0.5], 2)
    >>> round(float(found["multipliers"][0].real), 4)
    0.16
    """
    check_system(system)
    check_positive(tol, "tol")
    state = system.check_state(guess, "guess")
    time = check_positive(period, "period")
    flow = isinstance(system, Flow)
    reach = tol * max(1.0, float(np.abs(state).max()))
    if not flow and time != int(time):
        raise InputError(f"the period of a map is a whole number of iterates, not {period!r}")
    for _ in range(NEWTON):
        h, steps = system.divide(time)
        ends, matrix, scale = system.run(push_frames, view(state[None]), h, steps)
        monodromy = matrix[0] * np.exp(scale[0])
        gap = state - ends[0]
        if not (np.isfinite(gap).all() and np.isfinite(monodromy).all()):
            break
        if np.linalg.norm(gap) <= reach:
            return _label_orbit(system, state, time, monodromy, tol)
        slope = monodromy - np.eye(system.dim)
        if isinstance(system, Flow):
            # The period is one more unknown; the point may not slide along the orbit.
            velocity, along = system.velocity(ends[0]), system.velocity(state)
            slope = np.block([[slope, velocity[:, None]], [along[None, :], np.zeros((1, 1))]])
            gap = np.append(gap, 0.0)
        step = np.linalg.lstsq(slope, gap, rcond=None)[0]
        state = state + step[: system.dim]
        if flow:
            # No more than half a period at a time: far from the orbit a full step overshoots.
            time += float(np.clip(step[-1], -0.5 * time, 0.5 * time))
    raise ConvergenceError(
        f"no periodic orbit of {system.name} found within {NEWTON} Newton steps from {guess!r} and period {period!r}; "
        "start nearer to it",
        partial=(state, time),
    )


def _label_orbit(system: System, point: np.ndarray, period: float, monodromy: np.ndarray, tol: float) -> xr.Dataset:
    values = np.linalg.eigvals(monodromy).astype(np.complex128)
    values = values[np.argsort(-np.abs(values), kind="stable")]
    others = np.delete(values, np.argmin(np.abs(values - 1.0))) if isinstance(system, Flow) else values
    return xr.Dataset(
        {
            "point": ("channel", point),
            "period": ((), period, {"units": system.unit}),
            "multipliers": ("mode", values),
            "stable": ((), bool((np.abs(others) < 1.0 - MARGINAL).all())),
        },
        coords={"channel": list(system.variables)},
        attrs=attributes(system, "shooting with Newton's method", system.citation, tol=tol),
    )
