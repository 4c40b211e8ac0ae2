"""The correlation dimension of a sequence, with an interval and a status."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.correlation import MAXIMUM, count_pairs
from ..kernels.attractors.embedding import embed_delay
from ._checks import check_length, check_whole, samples
from ._points import limits_of, pairs_beyond
from .correlation import default_radii, slopes_of
from .delay import choose_delay
from .theiler import choose_theiler

__all__ = ["correlation_dimension"]

#: Fewest samples.
MIN_SAMPLES = 1000
#: Part of the curve where a region is looked for: fewest pairs, and largest correlation sum.
MIN_PAIRS, MAX_SHARE = 200, 0.1
#: Shortest region, as a difference of logarithms of radii.
MIN_LENGTH = 1.0
#: A dimension has saturated over this many embeddings when they differ by less than this share of it.
PLATEAU, MAX_RISE = 3, 0.15
#: An attractor is told from noise only if its dimension is smaller than that of the embedding by this.
MARGIN = 0.5
#: Error of the method that remains with long data, as a share of the value.
SYSTEMATIC = 0.05
#: Points that are enough where this share of the pairs is close.
THINNED, ABUNDANT = 10_000, 1e-3
#: Largest width of the interval, and difference of Takens' estimate, as shares of the value.
MAX_WIDTH, MAX_TAKENS = 0.6, 0.25


@dataclass(frozen=True, kw_only=True)
class Slope:
    """Dimension at one embedding: median over all regions, spread over them, best region, Takens' estimate there."""

    value: float
    spread: float
    region: tuple[float, float]
    takens: float


def fit_regions(radii: np.ndarray, share: np.ndarray, pairs: int) -> Slope:
    """Slopes over all intervals of ln r that are long enough, weighted by length over residual."""
    usable = np.flatnonzero((share * pairs >= MIN_PAIRS) & (share <= MAX_SHARE))
    nothing = Slope(value=np.nan, spread=np.nan, region=(np.nan, np.nan), takens=np.nan)
    if len(usable) < 4:
        return nothing
    u, v = np.log(radii[usable]), np.log(share[usable])
    found = []
    for a in range(len(u)):
        for b in range(a + 3, len(u)):
            length = u[b] - u[a]
            if length >= MIN_LENGTH:
                p, q = u[a : b + 1] - u[a : b + 1].mean(), v[a : b + 1] - v[a : b + 1].mean()
                slope = (p @ q) / (p @ p)
                residual = np.sqrt(np.mean((q - slope * p) ** 2))
                found.append((slope, length / (residual + 0.01), a, b))
    if not found:
        return nothing
    slopes, weights = np.array([(slope, weight) for slope, weight, _, _ in found]).T
    best = int(np.argmax(weights))
    a, b = found[best][2:]
    low, value, high = _weighted_quantiles(slopes, weights**2, (0.16, 0.5, 0.84))
    takens = _takens(radii[usable][: b + 1], share[usable][: b + 1])
    return Slope(value=value, spread=(high - low) / 2.0, region=(np.exp(u[a]), np.exp(u[b])), takens=takens)


def _weighted_quantiles(values: np.ndarray, weights: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    order = np.argsort(values)
    rank = np.cumsum(weights[order]) / weights.sum()
    return [float(values[order][min(int(np.searchsorted(rank, share)), len(values) - 1)]) for share in shares]


def _takens(radii: np.ndarray, share: np.ndarray) -> float:
    """C(r) over the integral of C(s) / s up to r: Takens' estimate, with C a power between the radii and below."""
    slopes = np.diff(np.log(share)) / np.diff(np.log(radii))
    with np.errstate(divide="ignore", invalid="ignore"):
        pieces = np.where(slopes > 0, np.diff(share) / slopes, share[:-1] * np.diff(np.log(radii)))
    below = share[0] / max(float(np.median(slopes)), 1e-3)
    return float(share[-1] / (below + pieces.sum()))


def correlation_dimension(
    x: Any,
    *,
    delay: int | None = None,
    max_dim: int = 8,
    theiler: int | None = None,
    level: float = 0.90,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Correlation dimension of the attractor behind a sequence, or the reasons why there is none to be seen.

    The slope of the logarithm of the correlation sum is taken over all scaling regions that are long enough, weighted
    by length and straightness (in the manner of Deshmukh et al. 2021), at every embedding dimension. It counts where
    it stops growing with that dimension; for noise it never does. Takens' estimator is the second look.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps; some thousands of samples.
    delay : int, optional
        In samples; default from `estimate_delay`.
    max_dim : int, optional
        Largest embedding dimension, 4 or more; default 8.
    theiler : int, optional
        Pairs are more than this many samples apart, 1 or more; default from `estimate_theiler` at `max_dim`.
    level : float, optional
        Probability that the interval should hold the true value; default 0.90.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        `dimension` and `interval` (dim ``end``: low, high), NaN where there is no number; `status` (``"ok"`` or
        ``"inconclusive"``) and `reasons`; `takens`, the second estimate. Over ``embedding_dim``: `estimates`,
        `takens_estimates`, `scaling_region` (dim ``end``, in units of `x`), and over ``radius`` too
        `correlation_sum` and `local_slope`. A sequence that is constant or too short has none of these curves.

    Raises
    ------
    InputError
        If the sequence is not usable or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    The interval joins, as independent errors: the spread over the scaling regions, over the embeddings of the plateau
    and between the two halves of the data, and 5% of the value. n independent points cannot show more than
    2 log10(n) dimensions (Eckmann & Ruelle 1992); samples that depend on each other for a Theiler window w count as
    n / w points, and what is larger is inconclusive. Smith (1988) asks for far more. Of 20,000 samples or more every
    pair counts where less than 0.1% of them are close; where more are, evenly thinned vectors do, at least 10,000.

    References
    ----------
    Grassberger & Procaccia (1983), Phys. Rev. Lett. 50, 346; Theiler (1986), Phys. Rev. A 34, 2427; Takens (1985),
    Lect. Notes Math. 1125, 99; Smith (1988), Phys. Lett. A 133, 283; Eckmann & Ruelle (1992), Physica D 56, 185;
    Deshmukh et al. (2021), Chaos 31, 123102.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> found = correlation_dimension(Henon().trajectory(4000), channel="x")
    >>> str(found["status"].item()), abs(float(found["dimension"]) - 1.22) < 0.05
    ('ok', True)
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    max_dim = check_whole(max_dim, "max_dim", least=4)
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1, not {level!r}")
    for name, given in (("delay", delay), ("theiler", theiler)):
        if given is not None:
            check_whole(given, name, least=1)
    attrs = {
        "method": "slope of the correlation sum over all scaling regions, where it saturates; max norm",
        "citation": "Grassberger & Procaccia (1983); Theiler (1986); Takens (1985)",
        "version": __version__,
        "level": level,
        "dt": step,
        "time_unit": unit,
        "samples": len(values),
    }
    if np.ptp(values) == 0:
        return _answer(np.nan, (np.nan, np.nan), np.nan, [f"the sequence is constant ({values[0]:g})"], attrs)
    if len(values) < MIN_SAMPLES:
        reasons = [f"{len(values)} samples; at least {MIN_SAMPLES} are needed"]
        return _answer(np.nan, (np.nan, np.nan), np.nan, reasons, attrs)
    found = choose_delay(values)
    delay = found.delay if delay is None else delay
    check_length(len(values), delay, max_dim)
    theiler = choose_theiler(values, delay, max_dim, found.memory) if theiler is None else theiler
    if len(values) // 2 - (max_dim - 1) * delay <= 2 * theiler:
        reasons = [
            f"too short for its pace: {len(values)} samples, dimension {max_dim} at delay {delay}, and a Theiler "
            f"window of {theiler}"
        ]
        return _answer(np.nan, (np.nan, np.nan), np.nan, reasons, attrs)
    attrs |= {"delay": delay, "theiler": theiler}
    dims = np.arange(1, max_dim + 1)
    radii = default_radii(values[:, None])
    shares = np.array([_share(values, delay, int(m), theiler, radii) for m in dims])
    fits = [
        fit_regions(radii, share, _pairs(values, delay, int(m), theiler)) for m, share in zip(dims, shares, strict=True)
    ]
    estimates = np.array([fit.value for fit in fits])
    first, reasons = _plateau(estimates, len(values), max(theiler, found.memory))
    value, low, high, takens = np.nan, np.nan, np.nan, np.nan
    if first is not None:
        chosen = range(first, first + PLATEAU)
        value = float(np.median(estimates[chosen]))
        takens = float(np.median([fits[k].takens for k in chosen]))
        halves = [_half(values, part, delay, int(dims[first]), theiler, radii) for part in range(2)]
        low, high = _interval(value, [fits[k] for k in chosen], halves, level)
        reasons += _judge(value, low, high, takens)
    return _answer(value, (low, high), takens, reasons, attrs).merge(
        xr.Dataset(
            {
                "estimates": ("embedding_dim", estimates, {"units": "1"}),
                "takens_estimates": ("embedding_dim", [fit.takens for fit in fits], {"units": "1"}),
                "scaling_region": (("embedding_dim", "end"), [fit.region for fit in fits]),
                "correlation_sum": (("embedding_dim", "radius"), shares, {"units": "1"}),
                "local_slope": (
                    ("embedding_dim", "radius"),
                    [slopes_of(radii, share) for share in shares],
                    {"units": "1"},
                ),
            },
            coords={"embedding_dim": dims, "radius": radii, "end": ["low", "high"]},
        )
    )


def _pairs(values: np.ndarray, delay: int, dim: int, theiler: int) -> int:
    return pairs_beyond(len(values) - (dim - 1) * delay, theiler)


def _share(values: np.ndarray, delay: int, dim: int, theiler: int, radii: np.ndarray) -> np.ndarray:
    """Correlation sum; of long data the large radii, within which pairs abound, from evenly thinned points."""
    points = embed_delay(values, delay, dim, len(values) - (dim - 1) * delay)
    limits = limits_of(radii, MAXIMUM)
    every = max(1, len(points) // THINNED)
    thin, gap = np.ascontiguousarray(points[::every]), theiler // every
    share = count_pairs(thin, limits, gap, MAXIMUM) / pairs_beyond(len(thin), gap)
    few = int(np.searchsorted(share, ABUNDANT))
    if every > 1 and few:
        share[:few] = count_pairs(points, limits[:few], theiler, MAXIMUM) / pairs_beyond(len(points), theiler)
    return share


def _half(values: np.ndarray, part: int, delay: int, dim: int, theiler: int, radii: np.ndarray) -> float:
    """The estimate from one half of the data."""
    middle = len(values) // 2
    half = values[:middle] if part == 0 else values[middle:]
    return fit_regions(radii, _share(half, delay, dim, theiler, radii), _pairs(half, delay, dim, theiler)).value


def _plateau(estimates: np.ndarray, n: int, window: int) -> tuple[int | None, list[str]]:
    """Index of the first embedding of the plateau, or None with the reason; points depend on others in `window`."""
    if not np.isfinite(estimates[:PLATEAU]).all():
        return None, ["no scaling region: too few close pairs for the radii that scale"]
    for first in range(1, len(estimates) - PLATEAU + 1):
        part = estimates[first : first + PLATEAU]
        if np.isfinite(part).all() and np.ptp(part) <= MAX_RISE * np.median(part):
            value = float(np.median(part))
            most = 2.0 * np.log10(n / window)
            if value > most:
                return None, [
                    f"{n} samples, which depend on each other for {window}, come back too seldom to show a dimension "
                    f"of {value:.1f} (at most {most:.1f})"
                ]
            if value <= first + 1 - MARGIN:
                return first, []
    return None, ["no saturation: the slope grows with the embedding dimension, as that of noise does"]


def _interval(value: float, fits: list[Slope], halves: list[float], level: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.5 + level / 2.0)
    regions = float(np.median([fit.spread for fit in fits]))
    embeddings = float(np.std([fit.value for fit in fits], ddof=1))
    # The halves differ by twice the error of the whole, where errors fall with the root of the length.
    between = abs(halves[0] - halves[1]) / 2.0
    error = z * float(np.sqrt(regions**2 + embeddings**2 + np.nan_to_num(between) ** 2 + (SYSTEMATIC * value) ** 2))
    return value - error, value + error


def _judge(value: float, low: float, high: float, takens: float) -> list[str]:
    reasons = []
    if high - low > MAX_WIDTH * value:
        reasons.append(f"the interval is {(high - low) / value:.1f} times as wide as the value")
    if abs(takens - value) > MAX_TAKENS * value:
        reasons.append(f"two methods disagree: Takens' estimate is {takens:.2f}, not {value:.2f}")
    return reasons


def _answer(
    value: float, interval: tuple[float, float], takens: float, reasons: list[str], attrs: dict[str, Any]
) -> xr.Dataset:
    return xr.Dataset(
        {
            "dimension": ((), value, {"units": "1"}),
            "interval": ("end", list(interval), {"units": "1"}),
            "takens": ((), takens, {"units": "1"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={"end": ["low", "high"]},
        attrs=attrs,
    )
