"""Lyapunov exponents of a sequence beyond the largest, and which of them can be believed."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..kernels.attractors.spectrum_from_data import grow_data_frame
from ..sequence import series
from ._checks import frozen
from ._evidence import MAX_ERROR
from .delay import choose_delay
from .lyapunov import RESOLUTION, SYSTEMATIC, lyapunov_max
from .tangent import BLOCKS

__all__ = ["lyapunov_spectrum_from_data"]

#: Penalties of the fits, as shares of a neighbourhood's variance: directions without extent answer to them.
RIDGES = frozen(np.array([1e-3, 1e-4]))
#: Two estimates of an exponent agree when they differ by less than this share of it, or of the largest.
AGREEMENT = 0.25
#: Widest interval of a confirmed exponent, as a share of it, or of the largest.
MAX_WIDTH = 0.6


def lyapunov_spectrum_from_data(
    x: Any,
    *,
    dt: Any = None,
    channel: str | None = None,
    level: float = 0.90,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    draws: int = 400,
    rng: Any = 0,
) -> xr.Dataset:
    """Lyapunov exponents of a sequence, one for each embedding dimension, and which of them are confirmed.

    Linear maps fitted to neighbourhoods of the delay vectors carry an orthonormal frame along the trajectory, as the
    equations do in `lyapunov_spectrum`. This is a delicate estimate: an embedding has more dimensions than most
    attractors, and every one of them yields a number. Take only those that are `confirmed`, and for the
    largest exponent alone use `lyapunov_max`.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled and without gaps; some thousands of samples with little noise.
    dt : float or str, optional
        Sampling interval; needed for data that bring no time (1 for a map).
    channel : str, optional
        Which channel to take, if there are several.
    level : float, optional
        Probability that the interval of a confirmed exponent should hold the true value; default 0.90.
    delay, embedding_dim, theiler : int, optional
        As for `lyapunov_max`, which also chooses their defaults.
    draws : int, optional
        Bootstrap samples of blocks of time; default 400.
    rng : int or numpy.random.Generator, optional
        Seed of the bootstrap; default 0, so that the same data give the same answer.

    Returns
    -------
    xarray.Dataset
        Over ``exponent`` (decreasing; as many as the embedding has dimensions): `spectrum` (nats per unit of time),
        its `interval` (dim ``end``), `next_dim` and `reversed`, the nearest exponents with one dimension more and
        in reversed time (sign changed; NaN if there is none), `confirmed`, and in `remark` why not. `status` is
        ``"ok"``, with at least the largest exponent confirmed, or ``"inconclusive"`` with none; `reasons` says why.
        Where `lyapunov_max` gives no answer there is none here, and ``exponent`` has length 0.

    Raises
    ------
    InputError
        If the sequence is empty or not usable, `dt` is missing or a parameter is out of range.
    GapError
        If samples are missing or time is irregular.

    Notes
    -----
    An exponent is confirmed when it stays with one dimension more, its interval is no wider than 60% of it or of the
    largest, and, if the interval lies below 0, when it changes sign in reversed time, as a spurious one does not
    (Parlitz 1992). Strong contraction is rarely
    confirmed: an attractor is thinner along it than data can show, as Lorenz's of -14.6 is. Where neighbours do not
    foretell the reversed sequence, as of a map that cannot be inverted, no negative exponent is confirmed.

    The interval joins, as independent errors: a block bootstrap over time, the spread over two neighbourhood sizes and
    two penalties of the fits, half the difference from the next dimension, 5% of the value, and 0.005 nats per
    autocorrelation time. Agreement means within 25% of the exponent or of the largest. These were set on the systems on
    which `lyapunov_max` was; how often the intervals hold the truth has not been measured, as it has for
    `lyapunov_max`.

    References
    ----------
    Sano & Sawada (1985), Phys. Rev. Lett. 55, 1082; Eckmann et al. (1986), Phys. Rev. A 34, 4971; Parlitz (1992),
    Int. J. Bifurcation Chaos 2, 155.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> found = lyapunov_spectrum_from_data(Henon().trajectory(4000), channel="x", embedding_dim=2)
    >>> found["status"].item(), found["confirmed"].values.tolist()
    ('ok', [True, True])
    >>> bool(abs(found["spectrum"][1] + 1.62) < 0.1)
    True
    """
    first = lyapunov_max(
        x,
        dt=dt,
        channel=channel,
        level=level,
        delay=delay,
        embedding_dim=embedding_dim,
        theiler=theiler,
        draws=draws,
        rng=rng,
    )
    attrs = first.attrs | {
        "method": "growth of a frame along locally linear maps, confirmed by dimension and reversed time",
        "citation": "Sano & Sawada (1985); Eckmann et al. (1986); Parlitz (1992)",
        "version": __version__,
    }
    if first["status"].item() != "ok":
        return _label(np.empty((0, 5)), [], first["reasons"].item(), attrs)
    values, step, _ = series(x, dt=dt, channel=channel)
    scaled = frozen((values - values.mean()) / values.std())
    pace, dim, window = attrs["delay"], attrs["embedding_dim"], attrs["theiler"]
    members, resampled, _ = _grow(scaled, pace, dim, window, draws, np.random.default_rng(rng))
    spectrum = np.median(members, axis=0)
    following = _nearest(spectrum, _grow(scaled, pace, dim + 1, window)[0])
    turned, _, error = _grow(frozen(scaled[::-1]), pace, dim, window)
    backward = _nearest(spectrum, -turned) if error <= MAX_ERROR else np.full(dim, np.nan)
    low, high = _interval(spectrum, members, resampled, following, choose_delay(scaled).memory, level)
    scale = np.maximum(np.abs(spectrum), abs(spectrum[0]))
    remarks = [_remark(*row) for row in zip(spectrum, low, high, following, backward, scale, strict=True)]
    reason = ""
    bounds = first["interval"].values * step
    if remarks[0]:
        reason = f"the largest exponent {remarks[0]}"
    elif low[0] > bounds[1] or high[0] < bounds[0]:
        reason = f"the largest exponent is {spectrum[0] / step:.3g}, outside the interval of lyapunov_max"
    table = np.stack([spectrum, low, high, following, backward], axis=1) / step
    return _label(table, remarks, reason, attrs)


def _grow(
    values: np.ndarray, delay: int, dim: int, theiler: int, draws: int = 1, rng: np.random.Generator | None = None
) -> tuple[np.ndarray, np.ndarray, float]:
    """Exponents (members, dim), nats per sample; their median in each bootstrap sample; error of prediction."""
    counts = frozen(np.array([2 * dim + 4, 6 * dim + 12]))
    total, used, square = grow_data_frame(values, delay, dim, theiler, counts, RIDGES, BLOCKS)
    with np.errstate(invalid="ignore", divide="ignore"):
        members = total.sum(axis=1) / used.sum(axis=1)[:, None] / delay
        weights = (rng or np.random.default_rng(0)).multinomial(BLOCKS, np.full(BLOCKS, 1.0 / BLOCKS), size=draws)
        resampled = np.einsum("db,sbk->dsk", weights, total) / (weights @ used.T)[:, :, None] / delay
    return members, np.median(resampled, axis=1), float(np.sqrt(square.min()))


def _nearest(spectrum: np.ndarray, members: np.ndarray) -> np.ndarray:
    """The nearest to each exponent among the medians over other members."""
    others = np.median(members, axis=0)
    return others[np.argmin(np.abs(others - spectrum[:, None]), axis=1)]


def _remark(value: float, low: float, high: float, following: float, backward: float, scale: float) -> str:
    """Why an exponent is not confirmed; empty if it is."""
    if not abs(following - value) <= AGREEMENT * scale:
        return "changes with the embedding dimension"
    if not high - low <= MAX_WIDTH * scale:
        return "has too wide an interval"
    if high < 0.0 and not abs(backward - value) <= AGREEMENT * scale:
        return "does not change sign in reversed time" if np.isfinite(backward) else "there is no reversed time"
    return ""


def _interval(
    spectrum: np.ndarray, members: np.ndarray, resampled: np.ndarray, following: np.ndarray, memory: int, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the intervals, nats per sample."""
    tail = (1.0 - level) / 2.0
    z = NormalDist().inv_cdf(1.0 - tail)
    low, high = np.quantile(resampled, [tail, 1.0 - tail], axis=0)
    spread = 1.4826 * np.median(np.abs(members - spectrum), axis=0)
    scale = z / NormalDist().inv_cdf(0.95)
    rest = np.stack([SYSTEMATIC * spectrum, (following - spectrum) / 2.0, np.full(len(spectrum), RESOLUTION / memory)])
    common = scale**2 * (rest**2).sum(axis=0) + (z * spread) ** 2
    below, above = np.maximum(spectrum - low, 0.0), np.maximum(high - spectrum, 0.0)
    return spectrum - np.sqrt(below**2 + common), spectrum + np.sqrt(above**2 + common)


def _label(table: np.ndarray, remarks: list[str], reason: str, attrs: dict[str, Any]) -> xr.Dataset:
    rate = {"units": f"nat / ({attrs['time_unit']})"}
    return xr.Dataset(
        {
            "spectrum": ("exponent", table[:, 0], rate),
            "interval": (("exponent", "end"), table[:, 1:3], rate),
            "next_dim": ("exponent", table[:, 3], rate),
            "reversed": ("exponent", table[:, 4], rate),
            "confirmed": ("exponent", np.array([not (reason or remark) for remark in remarks], dtype=bool)),
            "remark": ("exponent", np.array(remarks, dtype=str)),
            "status": ((), "inconclusive" if reason else "ok"),
            "reasons": ((), reason),
        },
        coords={"end": ["low", "high"]},
        attrs=attrs,
    )
