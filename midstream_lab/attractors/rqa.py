"""Recurrence quantification: what the lines of a recurrence plot say."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ..kernels.attractors.rqa import count_lines
from ._checks import check_whole
from ._points import pairs_beyond
from .recurrence import plotted

__all__ = ["rqa"]

METHOD = "recurrence quantification; Theiler window on the diagonals"
#: Share of the diagonals, at the far corner, that the trend leaves out: they are short.
CORNER = 0.1

UNITS = {
    "recurrence_rate": "1",
    "determinism": "1",
    "mean_diagonal": "samples",
    "longest_diagonal": "samples",
    "divergence": "1 / samples",
    "diagonal_entropy": "nat",
    "laminarity": "1",
    "trapping_time": "samples",
    "longest_vertical": "samples",
    "trend": "1 / samples",
}


def rqa(
    x: Any,
    *,
    radius: float | None = None,
    rate: float | None = 0.05,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    min_diagonal: int = 2,
    min_vertical: int = 2,
    norm: str = "max",
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Recurrence quantification analysis, from the lines of the recurrence plot; the matrix is never made.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    radius : float, optional
        Vectors no further apart recur; in units of `x`. Give ``rate=None`` with it.
    rate : float, optional
        Share of the pairs outside the Theiler window that are to recur, which sets the radius; default 0.05.
    delay, embedding_dim : int, optional
        The embedding, in samples and components; default from `estimate_delay` and `estimate_embedding_dim`.
    theiler : int, optional
        Diagonals at most this far from the main one are left out; 0 leaves out the main one alone. Default from
        `estimate_theiler`.
    min_diagonal, min_vertical : int, optional
        Shortest lines that count, 1 or more; default 2.
    norm : {"max", "euclidean"}, optional
        Distance of two vectors; default the largest difference of their components.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        - `recurrence_rate` (RR): recurrence points outside the Theiler window over all points outside it;
        - `determinism` (DET): those on diagonal lines over those outside the Theiler window;
        - `mean_diagonal` (L), `longest_diagonal` (Lmax), `divergence` (DIV = 1 / Lmax) and `diagonal_entropy` (ENTR,
          Shannon entropy of the lengths) of the diagonal lines outside the Theiler window;
        - `laminarity` (LAM): recurrence points on vertical lines over all recurrence points, in whole columns, the
          main diagonal and the Theiler window included; `trapping_time` (TT) and `longest_vertical` (Vmax);
        - `trend`: slope of the recurrence rate of a diagonal over its distance from the main one, outside the
          Theiler window and without the last tenth.

        Lengths are in samples. What has no line or no recurrence point to rest on is NaN, a longest line then 0.
        Attr `radius`.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Time grows with the square of n, memory with n.

    References
    ----------
    Zbilut & Webber (1992), Phys. Lett. A 171, 199; Marwan et al. (2007), Phys. Rep. 438, 237; Marwan (2011), Int. J.
    Bifurcation Chaos 21, 1003; Kraemer et al. (2018), Chaos 28, 085720.

    Examples
    --------
    >>> import numpy as np
    >>> sine = np.sin(2 * np.pi * np.arange(500) / 25)
    >>> found = rqa(sine, radius=0.1, rate=None, delay=6, embedding_dim=2, theiler=12)
    >>> float(found["determinism"])
    1.0
    """
    check_whole(min_diagonal, "min_diagonal", least=1)
    check_whole(min_vertical, "min_vertical", least=1)
    embedding = {"delay": delay, "embedding_dim": embedding_dim, "theiler": theiler, "dt": dt, "channel": channel}
    plot = plotted(x, radius=radius, rate=rate, norm=norm, **embedding)
    columns, limit, code = plot.drawn
    theiler = plot.made.theiler
    lines = count_lines(columns, limit, theiler, code)
    return quantify(lines, theiler, min_diagonal=min_diagonal, min_vertical=min_vertical, attrs=plot.attrs(METHOD))


def quantify(
    lines: tuple[np.ndarray, np.ndarray, np.ndarray],
    theiler: int,
    *,
    min_diagonal: int,
    min_vertical: int,
    attrs: dict[str, Any],
) -> xr.Dataset:
    """The result of `rqa` from what `count_lines` gives; NaN where no pair lies outside the Theiler window."""
    diagonal, vertical, by_lag = lines
    pairs, recurrent = pairs_beyond(max(len(by_lag), theiler + 1), theiler), float(by_lag.sum())
    det, mean_diagonal, longest, entropy = _lines(diagonal, min_diagonal, recurrent)
    lam, trapping, tallest, _ = _lines(vertical, min_vertical, float((np.arange(len(vertical)) * vertical).sum()))
    measures = {
        "recurrence_rate": recurrent / pairs if pairs else np.nan,
        "determinism": det,
        "mean_diagonal": mean_diagonal,
        "longest_diagonal": longest,
        "divergence": 1.0 / longest if longest else np.nan,
        "diagonal_entropy": entropy,
        "laminarity": lam,
        "trapping_time": trapping,
        "longest_vertical": tallest,
        "trend": _trend(by_lag, theiler),
    }
    return xr.Dataset(
        {name: ((), value, {"units": UNITS[name]}) for name, value in measures.items()},
        attrs={**attrs, "min_diagonal": min_diagonal, "min_vertical": min_vertical},
    )


def _lines(histogram: np.ndarray, least: int, recurrent: float) -> tuple[float, float, float, float]:
    """Share of the recurrence points on lines, mean and longest length, and entropy of the lengths."""
    lengths = np.flatnonzero(histogram)
    lengths = lengths[lengths >= least]
    if not len(lengths):
        return (0.0 if recurrent else np.nan), np.nan, 0.0, np.nan
    numbers = histogram[lengths].astype(np.float64)
    on_lines, p = float((lengths * numbers).sum()), numbers / numbers.sum()
    # 0 - ... so that a single length has the entropy 0, not -0
    return on_lines / recurrent, on_lines / float(numbers.sum()), float(lengths[-1]), 0.0 - float((p * np.log(p)).sum())


def _trend(by_lag: np.ndarray, theiler: int) -> float:
    n = len(by_lag)
    lags = np.arange(theiler + 1, int(n * (1.0 - CORNER)))
    if len(lags) < 2:
        return np.nan
    return float(np.polyfit(lags, by_lag[lags] / (n - lags), 1)[0])
