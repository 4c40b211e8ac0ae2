"""How fast neighbouring trajectories part: divergence curves and the slope of their straight part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.divergence import follow_balls, follow_pairs
from ..kernels.attractors.embedding import embed_delay
from ..kernels.common.neighbours import find_neighbours
from ..sequence import series
from ._checks import check_length, check_radius, check_whole
from .delay import choose_delay, refuse_constant
from .dimension import choose_dim
from .theiler import choose_theiler

__all__ = ["divergence_curve"]

#: Largest dimension that is chosen.
MAX_DIM = 7
#: Fewest points in a ball, and its default radius: the usual distance of a neighbour of this rank.
BALL, RANK = 5, 10
#: The straight part of a curve is taken between these shares of its rise.
FIT_SHARE = (0.15, 0.75)


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Straight part of a curve: first and last step, slope in nats per step, and share of variance explained."""

    first: int
    last: int
    slope: float
    r2: float


def fit_rise(curve: np.ndarray) -> Fit:
    """Least-squares line through the part of a curve between `FIT_SHARE` of its rise."""
    nothing = Fit(first=0, last=0, slope=float("nan"), r2=0.0)
    if not np.isfinite(curve).all() or len(curve) < 3:
        return nothing
    low, high = curve[0], curve.max()
    top = int(np.argmax(curve >= low + FIT_SHARE[1] * (high - low)))
    under = np.flatnonzero(curve[: top + 1] <= low + FIT_SHARE[0] * (high - low))
    first, last = (int(under[-1]) if len(under) else 0), max(top, 2)
    first = min(first, last - 2)
    step = np.arange(first, last + 1)
    part = curve[first : last + 1]
    if np.ptp(part) == 0:
        return nothing
    slope, offset = np.polyfit(step, part, 1)
    r2 = 1.0 - ((part - slope * step - offset) ** 2).sum() / ((part - part.mean()) ** 2).sum()
    return Fit(first=first, last=last, slope=float(slope), r2=float(r2))


def divergence_curve(
    x: Any,
    *,
    method: str = "rosenstein",
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    neighbours: int = 1,
    radius: float | None = None,
    steps: int | None = None,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Mean log distance of neighbouring delay vectors as they move on.

    Each delay vector is paired with its nearest neighbour outside the Theiler window (exactly, by a k-d tree), or with
    all in a ball, and they are followed. Where the curve is straight, its slope is an estimate of the largest Lyapunov
    exponent; no straight part means that there is no estimate. `lyapunov_max` judges that, and gives an interval.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    method : str, optional
        ``"rosenstein"`` (default): the log of the distance to the nearest neighbour; ``"kantz"``: the log of the mean
        distance, in the newest component, to all neighbours in a ball, which noise disturbs less.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default from `estimate_delay` and `estimate_embedding_dim`.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default from `estimate_theiler`.
    neighbours : int, optional
        Of ``"rosenstein"``: 1 (default) follows the nearest neighbour; more follow the root mean square distance of
        several: smoother, but it saturates earlier.
    radius : float, optional
        Of ``"kantz"``: Euclidean radius of the balls, in the units of the data; default the median distance of the
        tenth neighbour. Balls with fewer than 5 neighbours are left out.
    steps : int, optional
        Samples to follow; default 20 autocorrelation times, at most n / 5.
    dt : float or str, optional
        Sampling interval, for data that bring no time.
    channel : str, optional
        Which channel to take, if there are several.

    Returns
    -------
    xarray.Dataset
        Over ``lag`` (in units of time): `divergence` in nats, `local_slope` in nats per unit of time, `pairs`
        (how many reference points are in the mean);
        `slope` between 15% and 75% of the rise, `fit_region` (dim ``end``) in units of time and `r2` of the fit.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or `dt` is missing.
    GapError
        If samples are missing.

    Notes
    -----
    Exact duplicates are never paired: they say nothing about divergence. Memory grows linearly with n.

    References
    ----------
    Rosenstein, Collins & De Luca (1993), Physica D 65, 117; Kantz (1994), Phys. Lett. A 185, 77.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Logistic
    >>> curve = divergence_curve(Logistic().trajectory(2000), embedding_dim=2)
    >>> abs(float(curve["slope"]) - 0.693) < 0.07
    True
    """
    values, step, unit = series(x, dt=dt, channel=channel)
    refuse_constant(values)
    neighbours = check_whole(neighbours, "neighbours", least=1)
    _check_method(method, neighbours, radius)
    delay, dim, theiler, steps = _parameters(values, delay, embedding_dim, theiler, steps)
    attrs = {"delay": delay, "embedding_dim": dim, "theiler": theiler, "dt": step}
    if method == "rosenstein":
        curve, pairs = follow_pairs(values, delay, dim, theiler, neighbours, steps)
        return describe_curve(curve, pairs, step, unit, attrs | {"neighbours": neighbours})
    ball = choose_ball(values, delay, dim, theiler) if radius is None else check_radius(radius)
    curve, pairs = follow_balls(values, delay, dim, theiler, ball, BALL, steps)
    words = "mean log of the mean distance in a ball; line between 15% and 75% of the rise"
    told = {"method": words, "citation": "Kantz (1994)", "radius": ball}
    return describe_curve(curve, pairs, step, unit, attrs | told)


def _check_method(method: str, neighbours: int, radius: float | None) -> None:
    """An error if the method is unknown, or if what is given belongs to the other one."""
    if method not in ("rosenstein", "kantz"):
        raise InputError(f"method must be 'rosenstein' or 'kantz', not {method!r}")
    if method == "rosenstein" and radius is not None:
        raise InputError(f"radius={radius!r} is for method='kantz'; 'rosenstein' takes neighbours")
    if method == "kantz" and neighbours != 1:
        raise InputError(f"neighbours={neighbours} is for method='rosenstein'; 'kantz' takes a radius")


def choose_ball(values: np.ndarray, delay: int, dim: int, theiler: int) -> float:
    """Median distance of the neighbour of rank `RANK`; 0, which leaves every ball empty, if there is none."""
    points = embed_delay(values, delay, dim, len(values) - (dim - 1) * delay)
    farthest = find_neighbours(points, RANK, theiler)[1][:, -1]
    some = farthest[np.isfinite(farthest)]
    return float(np.sqrt(np.median(some))) if len(some) else 0.0


def describe_curve(curve: np.ndarray, pairs: np.ndarray, step: float, unit: str, attrs: dict[str, Any]) -> xr.Dataset:
    """The result of `divergence_curve` from the curve and the number of pairs at each of its steps."""
    fit = fit_rise(curve)
    return xr.Dataset(
        {
            "divergence": ("lag", curve, {"units": "nat"}),
            "local_slope": ("lag", np.gradient(curve, step), {"units": f"nat / ({unit})"}),
            "pairs": ("lag", pairs, {"units": "1"}),
            "slope": ((), fit.slope / step, {"units": f"nat / ({unit})"}),
            "fit_region": ("end", np.array([fit.first, fit.last]) * step, {"units": unit}),
            "r2": ((), fit.r2, {"units": "1"}),
        },
        coords={"lag": ("lag", np.arange(len(curve)) * step, {"units": unit}), "end": ["low", "high"]},
        attrs={
            "method": "mean log distance of nearest neighbours; line between 15% and 75% of the rise",
            "citation": "Rosenstein, Collins & De Luca (1993)",
            "version": __version__,
            **attrs,
        },
    )


def _parameters(
    values: np.ndarray, delay: int | None, dim: int | None, theiler: int | None, steps: int | None
) -> tuple[int, int, int, int]:
    """Delay, dimension, Theiler window and steps, checked, with the defaults for what is not given."""
    n = len(values)
    for name, value, least in (
        ("delay", delay, 1),
        ("embedding_dim", dim, 1),
        ("theiler", theiler, 1),
        ("steps", steps, 2),
    ):
        if value is not None:
            check_whole(value, name, least=least)
    if delay is None or dim is None or theiler is None or steps is None:
        found = choose_delay(values)
        delay = found.delay if delay is None else delay
        dim = max(2, choose_dim(values, delay, 2 * found.memory, MAX_DIM)[0]) if dim is None else dim
        check_length(n, delay, dim)
        theiler = choose_theiler(values, delay, dim, found.memory) if theiler is None else theiler
        steps = max(2, min(20 * found.memory, n // 5)) if steps is None else steps
    if n - (dim - 1) * delay - steps <= theiler + 1:
        raise InputError(
            f"{n} samples leave no neighbours outside the Theiler window of {theiler} after following {steps} steps "
            f"at dimension {dim} and delay {delay}; use a longer sequence or smaller values"
        )
    return delay, dim, theiler, steps
