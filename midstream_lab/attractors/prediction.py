"""Prediction from like moments of the past, and how much better it is than no model at all."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.prediction import average_analogues, map_locally
from ..sequence import series
from ._checks import check_whole, frozen, units_of
from ._points import choose_embedding

__all__ = ["predict"]

#: Most targets of the S-map in the cross-validation: its cost grows with targets times samples.
MAX_TARGETS = 1000
#: Blocks of time over which the interval of the skill is taken, and fewest targets that are judged.
BLOCKS, MIN_TARGETS = 20, 100
METHODS = {"analogue": "Lorenz (1969); Farmer & Sidorowich (1987)", "s_map": "Sugihara (1994)"}


def predict(
    x: Any,
    *,
    method: str = "analogue",
    horizon: int = 10,
    delay: int | None = None,
    embedding_dim: int | None = None,
    theiler: int | None = None,
    neighbours: int | None = None,
    theta: float = 8.0,
    level: float = 0.90,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Forecast of a sequence from like moments of its past, with its cross-validated skill.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    method : str, optional
        ``"analogue"`` (default): the mean of what followed the nearest delay vectors; ``"s_map"``: a linear map fitted
        to all delay vectors, weighted by exp(-theta d / mean d).
    horizon : int, optional
        Samples to look ahead, each step directly and not by iteration; default 10.
    delay, embedding_dim, theiler : int, optional
        The embedding; defaults from `estimate_delay`, `estimate_embedding_dim` and `estimate_theiler`.
    neighbours : int, optional
        Analogues in a mean; default `embedding_dim` + 1. The S-map does not use it.
    theta : float, optional
        Locality of the S-map, 0 or more; 0 is one linear model for all, default 8.
    level : float, optional
        Level of the intervals; default 0.90.
    dt : float or str, optional
        Sampling interval; needed for data that bring no time (1 for a map).
    channel : str, optional
        Which channel to take, if there are several.

    Returns
    -------
    xarray.Dataset
        Over ``lead`` (units of time, from 1 sample): `forecast` after the end of the data; `error` in the
        cross-validation, and `persistence_error` and `mean_error` of repeating the last value and of the mean, all
        root mean squares in standard deviations of the data; `skill`, 1 minus the ratio of squared errors of the
        prediction and of the better of those two; its `interval` (also over ``end``), from blocks of time. `status` is
        ok where there is skill at some lead: its interval lies above 0 even at a level corrected for the number of
        leads (Bonferroni); `reasons` says why not. One sample ahead on a finely sampled flow, persistence is hard to
        beat.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, `dt` is missing or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    Every delay vector is predicted without those within `theiler` + `horizon` samples of it; the S-map predicts at
    most 1,000 of them, evenly spread. The mean is compared with as well because persistence alone is beaten by
    anything on white noise, where it errs twice as much (in squares) as the mean does.

    References
    ----------
    Lorenz (1969), J. Atmos. Sci. 26, 636; Farmer & Sidorowich (1987), Phys. Rev. Lett. 59, 845; Sugihara (1994), Phil.
    Trans. R. Soc. A 348, 477.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> told = predict(Henon().trajectory(1000), channel="x", horizon=2)
    >>> str(told["status"].item()), bool((told["skill"] > 0.95).all())
    ('ok', True)
    """
    values, step, unit = series(x, dt=dt, channel=channel)
    if method not in METHODS:
        raise InputError(f"method must be 'analogue' or 's_map', not {method!r}")
    horizon = check_whole(horizon, "horizon", least=1)
    if not 0.0 < level < 1.0:
        raise InputError(f"level must lie between 0 and 1, not {level!r}")
    if not 0.0 <= theta < np.inf:
        raise InputError(f"theta must be 0 or more, not {theta!r}")
    if neighbours is not None:
        check_whole(neighbours, "neighbours", least=1)
    delay, dim, theiler = choose_embedding(values, delay, embedding_dim, theiler)
    neighbours = dim + 1 if neighbours is None else neighbours
    back = (dim - 1) * delay
    rows, apart = len(values) - back, theiler + horizon
    known = rows - horizon
    if known <= apart + dim + 2:
        raise InputError(
            f"{len(values)} samples leave nothing to predict from at dimension {dim}, delay {delay}, theiler {theiler} "
            f"and horizon {horizon}; use a longer sequence or smaller values"
        )
    points = embed_delay(values, delay, dim, rows)
    future = frozen(np.lib.stride_tricks.sliding_window_view(values[back + 1 :], horizon))
    if method == "analogue":
        targets = np.arange(known)
        told = average_analogues(points[:known], future, neighbours, apart)
        forecast = _continue(points, future, neighbours)
    else:
        targets = np.linspace(0, known - 1, min(known, MAX_TARGETS)).astype(np.int64)
        told = map_locally(points, future, targets, float(theta), apart)
        forecast = map_locally(points, future, np.array([rows - 1]), float(theta), horizon - 1)[0]
    lead = np.arange(1, horizon + 1) * step
    errors = {
        "error": (told - future[targets]) ** 2,
        "persistence_error": (values[targets + back][:, None] - future[targets]) ** 2,
        "mean_error": (values.mean() - future[targets]) ** 2,
    }
    kept = np.isfinite(told).all(axis=1)
    skill, spread = _skill({name: square[kept] for name, square in errors.items()})
    half = NormalDist().inv_cdf(0.5 + level / 2.0) * spread
    strict = NormalDist().inv_cdf(1.0 - (1.0 - level) / (2.0 * horizon))
    reasons = _judge(int(kept.sum()), skill - strict * spread)
    scale = values.std()
    return xr.Dataset(
        {
            "forecast": ("lead", forecast, {"units": units_of(x, channel)}),
            **{
                name: ("lead", np.sqrt(_mean(square[kept])) / scale, {"units": "standard deviations"})
                for name, square in errors.items()
            },
            "skill": ("lead", skill, {"units": "1"}),
            "interval": (("lead", "end"), np.stack([skill - half, skill + half], axis=1), {"units": "1"}),
            "status": ((), "inconclusive" if reasons else "ok"),
            "reasons": ((), "; ".join(reasons)),
        },
        coords={"lead": ("lead", lead, {"units": unit}), "end": ["low", "high"]},
        attrs={
            "method": method,
            "citation": METHODS[method],
            "version": __version__,
            "delay": delay,
            "embedding_dim": dim,
            "theiler": theiler,
            "neighbours": neighbours,
            "theta": theta,
            "level": level,
            "targets": int(kept.sum()),
            "dt": step,
        },
    )


def _mean(square: np.ndarray) -> np.ndarray:
    """Mean over the targets; NaN where there is none."""
    return square.mean(axis=0) if len(square) else np.full(square.shape[1], np.nan)


def _continue(points: np.ndarray, future: np.ndarray, neighbours: int) -> np.ndarray:
    """Mean future of the points nearest to the last one."""
    near = np.argsort(((points[: len(future)] - points[-1]) ** 2).sum(axis=1), kind="stable")[:neighbours]
    return future[near].mean(axis=0)


def _skill(squares: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Skill and its standard error (leads,), by a jackknife over blocks of time."""
    square = np.stack(list(squares.values()))
    leads = square.shape[2]
    if square.shape[1] < BLOCKS:
        return np.full(leads, np.nan), np.full(leads, np.nan)
    sums = np.stack([block.sum(axis=1) for block in np.array_split(square, BLOCKS, axis=1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        skill, without = _score(sums.sum(axis=0)), _score(sums.sum(axis=0) - sums)
    return skill, np.sqrt((BLOCKS - 1) * without.var(axis=0))


def _score(total: np.ndarray) -> np.ndarray:
    """1 minus the ratio of the prediction's error and the better of persistence and mean (..., 3, leads)."""
    return 1.0 - total[..., 0, :] / np.minimum(total[..., 1, :], total[..., 2, :])


def _judge(targets: int, low: np.ndarray) -> list[str]:
    if targets < MIN_TARGETS:
        return [f"{targets} predictions could be tested; at least {MIN_TARGETS} are needed"]
    if not (low > 0.0).any():
        return ["no skill: at no lead is the prediction surely better than persistence and the mean"]
    return []
