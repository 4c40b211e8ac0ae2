"""Lyapunov exponents from equations, and the dimension that follows from them."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from ..errors import InputError, require
from ..kernels.attractors.spectrum import grow_frame
from ._checks import check_whole
from ._equations import attributes, check_bounded, check_positive, check_system
from .systems import Flow, MackeyGlass, System
from .systems.base import view

__all__ = ["kaplan_yorke", "lyapunov_spectrum"]

#: Default duration, in sampling intervals: about 1000 dominant periods of a flow.
SAMPLES = 50_000
#: Integration steps between orthonormalisations, of a flow and of a delay equation.
EVERY, EVERY_DELAYED = 10, 200
#: Exponents of a delay equation unless told.
DELAYED = 3
#: The halves of the run differ by more than this many standard errors: not settled.
MAX_DRIFT = 5.0
#: Differences below this share of the largest exponent in size are no drift.
RESOLUTION = 2e-3


def lyapunov_spectrum(
    system: System,
    *,
    n_exponents: int | None = None,
    duration: float | None = None,
    transient: float | None = None,
    blocks: int = 20,
    level: float = 0.90,
) -> xr.Dataset:
    """Lyapunov exponents of a system from its equations.

    A frame of tangent vectors moves with the linearised equations and is orthonormalised as it goes; the mean
    growth of the vectors gives the exponents (Benettin et al. 1980).

    Parameters
    ----------
    system : Flow or Map
        The run begins at its start state. Flows are integrated by classical Runge-Kutta steps of its `max_step`.
    n_exponents : int, optional
        How many, from the largest on; default all, of a delay equation 3.
    duration : float, optional
        Length of the run in the system's unit; default 50,000 sampling intervals.
    transient : float, optional
        Time discarded before; default the system's `transient`. The frame then turns into place for another twentieth
        of the duration.
    blocks : int, optional
        Blocks of time, whose means give the standard error; 4 or more, default 20.
    level : float, optional
        Probability that each interval should hold the true value; default 0.90.

    Returns
    -------
    xarray.Dataset
        `spectrum` (dim ``exponent``; nats per unit of time, decreasing), its `standard_error` and `interval` (dim
        ``end``), `block_mean` (dim ``block``), `status` and `reasons`. ``inconclusive`` where the two halves of the
        run differ by more than chance allows.

    Raises
    ------
    InputError
        If the system has noise or leaves every bound, or a parameter is out of range.

    Notes
    -----
    The interval speaks of the length of the run. The error of the integration is not in it: halve
    `max_step` to see it; at the default it is below 1e-3 of the largest exponent of the named flows.

    References
    ----------
    Benettin, Galgani, Giorgilli & Strelcyn (1980), Meccanica 15, 9 and 21; Shimada & Nagashima (1979), Prog.
    Theor. Phys. 61, 1605; Farmer (1982), Physica D 4, 366, for delay equations.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> found = lyapunov_spectrum(Henon())
    >>> found["spectrum"].values.round(2)
    array([ 0.42, -1.62])
    """
    check_system(system, delayed=True)
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1, not {level!r}")
    check_whole(blocks, "blocks", least=4)
    delayed = isinstance(system, MackeyGlass)
    most = len(system.past) if isinstance(system, MackeyGlass) else system.dim
    count = min(DELAYED if delayed else most, most) if n_exponents is None else n_exponents
    check_whole(count, "n_exponents", least=1, most=most)
    duration = SAMPLES * system.dt if duration is None else check_positive(duration, "duration")

    h = system.max_step if isinstance(system, Flow) else 1.0
    every = EVERY_DELAYED if delayed else EVERY if isinstance(system, Flow) else 1
    rounds = round(duration / (blocks * every * h))
    if rounds < 1:
        raise InputError(f"duration={duration:g} is too short for {blocks} blocks; at least {blocks * every * h:g}")
    # Vectors along the axes may span a subspace that the equations never leave: random ones do not.
    frame = np.linalg.qr(np.random.default_rng(0).standard_normal((most, count)))[0]
    start = system.settled(transient)
    skip = max(1, blocks * rounds // 20)
    if isinstance(start, MackeyGlass):
        grown = _grow_delayed(start, frame, every, skip, blocks, rounds)
    else:
        step = h if isinstance(system, Flow) else 0.0
        check_bounded(start.state, system)
        grown, end = system.run(grow_frame, view(start.state), view(frame), step, every, skip, blocks, rounds)
        check_bounded(end, system)
    means = grown / (rounds * every * h)
    order = np.argsort(-means.mean(axis=0), kind="stable")
    return _label(means[:, order], system, duration=blocks * rounds * every * h, level=level)


def _grow_delayed(
    system: MackeyGlass, frame: np.ndarray, every: int, skip: int, blocks: int, rounds: int
) -> np.ndarray:
    grown = np.zeros((blocks, frame.shape[1]))
    for turn in range(-skip, blocks * rounds):
        frame, r = np.linalg.qr(system.push(frame, every))
        if turn >= 0:
            grown[turn // rounds] += np.log(np.abs(np.diag(r)))
    return grown


def _label(means: np.ndarray, system: System, *, duration: float, level: float) -> xr.Dataset:
    student = require("scipy.stats", extra="attractors").t
    blocks, count = means.shape
    spectrum = means.mean(axis=0)
    error = means.std(axis=0, ddof=1) / np.sqrt(blocks)
    reach = student.ppf(0.5 + level / 2.0, blocks - 1) * error
    halves = means[: blocks // 2], means[blocks // 2 :]
    drift = np.abs(halves[0].mean(axis=0) - halves[1].mean(axis=0))
    chance = np.sqrt(sum(half.var(axis=0, ddof=1) / len(half) for half in halves))
    with np.errstate(invalid="ignore"):
        unsettled = drift > np.maximum(MAX_DRIFT * chance, RESOLUTION * np.abs(spectrum).max())
    reasons = [
        f"not settled: exponent {i + 1} differs by {drift[i]:.2g} between the halves of the run; use a longer transient"
        for i in np.flatnonzero(unsettled)
    ]
    rate = {"units": f"nat / ({system.unit})"}
    return xr.Dataset(
        {
            "spectrum": ("exponent", spectrum, rate),
            "standard_error": ("exponent", error, rate),
            "interval": (("exponent", "end"), np.stack([spectrum - reach, spectrum + reach], axis=1), rate),
            "block_mean": (("block", "exponent"), means, rate),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={"exponent": np.arange(1, count + 1), "end": ["low", "high"]},
        attrs=attributes(
            system,
            "growth of an orthonormal frame of tangent vectors",
            "Benettin et al. (1980), Meccanica 15, 9",
            level=level,
            duration=duration,
        ),
    )


def kaplan_yorke(spectrum: xr.Dataset | ArrayLike, *, tol: float | None = None) -> float:
    """Kaplan-Yorke (Lyapunov) dimension of a spectrum of exponents.

    ``j + (l_1 + ... + l_j) / |l_{j+1}|`` for the largest j whose sum is not negative (Kaplan & Yorke 1979).

    Parameters
    ----------
    spectrum : Dataset of `lyapunov_spectrum` or array_like, shape (n,)
        Exponents in any order.
    tol : float, optional
        Exponents no larger in size are taken as 0: the zero exponent of a flow comes out a little negative
        as often as positive, which decides between 0 and 1 for a limit cycle. Default: of a Dataset, twice the largest
        standard error, or 1e-3 of the largest exponent in size if that is more; of an array, 0.

    Returns
    -------
    float
        From 0 to n; n where the exponents given do not sum to less than 0.

    Examples
    --------
    >>> round(kaplan_yorke([0.9056, 0.0, -14.5723]), 3)
    2.062
    >>> kaplan_yorke([-1e-5, -1.06], tol=1e-3)
    1.0
    """
    if isinstance(spectrum, xr.Dataset):
        values = spectrum["spectrum"].values
        wide = np.abs(values).max()
        default = max(2.0 * float(spectrum["standard_error"].max()), 1e-3 * float(wide))
    else:
        values, default = np.asarray(spectrum, dtype=np.float64), 0.0
    if values.ndim != 1 or not values.size or np.isnan(values).any():
        raise InputError(f"spectrum must be one or more exponents without NaN, not {spectrum!r}")
    tol = default if tol is None else tol
    if not tol >= 0:
        raise InputError(f"tol must be 0 or more, not {tol!r}")
    ordered = np.sort(np.where(np.abs(values) <= tol, 0.0, values))[::-1]
    sums = np.cumsum(ordered)
    j = int((sums >= 0).sum())
    if j in (0, len(ordered)):
        return float(j)
    return j + float(sums[j - 1] / abs(ordered[j]))
