"""How many components a delay vector needs: Cao's test and false nearest neighbours."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.dimension import measure_expansion
from ._checks import check_whole, samples
from .delay import choose_delay, refuse_constant

__all__ = ["estimate_embedding_dim", "false_neighbours"]

#: E1 counts as having reached its plateau of 1 here; true of every chaotic system that was tried.
PLATEAU = 0.8
#: Kennel's criteria: multiple of the distance, multiple of the standard deviation; and the share that is few enough.
RATIO, SIZE, FEW = 15.0, 2.0, 0.01
METHODS = {
    "cao": (f"Cao's E1 reaches {PLATEAU}", "Cao (1997)"),
    "fnn": (f"at most {FEW:.0%} false nearest neighbours", "Kennel, Brown & Abarbanel (1992)"),
}


class Dimension(NamedTuple):
    """The dimension by either method (0 if none), and the curves (max_dim,) that they come from."""

    cao: int
    fnn: int
    e1: np.ndarray
    e2: np.ndarray
    false: np.ndarray  #: (max_dim, 3): by ratio, by size, by either


def choose_dim(
    values: np.ndarray, delay: int, theiler: int, max_dim: int, *, ratio: float = RATIO, size: float = SIZE
) -> Dimension:
    """Both tests from one search for neighbours in each dimension, of a contiguous read-only array."""
    growth, apart, false = measure_expansion(values, delay, max_dim + 1, theiler, ratio, size * float(values.std()))
    with np.errstate(divide="ignore", invalid="ignore"):
        e1, e2 = growth[1:] / growth[:-1], apart[1:] / apart[:-1]
    false = false[:max_dim]
    return Dimension(_first(e1 >= PLATEAU), _first(false[:, 2] <= FEW), e1, e2, false)


def _first(reached: np.ndarray) -> int:
    """First dimension for which a flag (max_dim,) is set; 0 if none."""
    return int(np.argmax(reached)) + 1 if reached.any() else 0


def estimate_embedding_dim(
    x: Any,
    *,
    method: str = "cao",
    delay: int | None = None,
    theiler: int | None = None,
    max_dim: int = 8,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Smallest sufficient embedding dimension, by Cao's E1 or by false neighbours; Euclidean neighbours.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    method : str, optional
        ``"cao"`` (default): the first dimension where E1 reaches 0.8 of its plateau of 1; ``"fnn"``: the first with at
        most 1% false nearest neighbours, by the criteria of `false_neighbours`.
    delay : int, optional
        In samples; default from `estimate_delay`.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default twice the autocorrelation time.
    max_dim : int, optional
        Largest dimension to try; default 8.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Variable `embedding_dim`, 0 where no dimension suffices; and over ``dim``, whatever the method, the curves
        `e1`, `e2` (1 at every dimension for random numbers) and `false_share`.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    References
    ----------
    Cao (1997), Physica D 110, 43; Kennel, Brown & Abarbanel (1992), Phys. Rev. A 45, 3403.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> x = Henon().trajectory(2000)
    >>> [int(estimate_embedding_dim(x, method=m, channel="x")["embedding_dim"]) for m in ("cao", "fnn")]
    [2, 2]
    """
    if method not in METHODS:
        raise InputError(f"method must be 'cao' or 'fnn', not {method!r}")
    values, delay, theiler, max_dim = _prepared(x, delay, theiler, max_dim, 1, dt, channel)
    found = choose_dim(values, delay, theiler, max_dim)
    words, citation = METHODS[method]
    return xr.Dataset(
        {
            "embedding_dim": ((), found.cao if method == "cao" else found.fnn, {"units": "1"}),
            "e1": ("dim", found.e1, {"units": "1"}),
            "e2": ("dim", found.e2, {"units": "1"}),
            "false_share": ("dim", found.false[:, 2], {"units": "1"}),
        },
        coords={"dim": np.arange(1, max_dim + 1)},
        attrs={"method": words, "citation": citation, "version": __version__, "delay": delay, "theiler": theiler},
    )


def false_neighbours(
    x: Any,
    *,
    delay: int | None = None,
    theiler: int | None = None,
    max_dim: int = 8,
    ratio: float = RATIO,
    size: float = SIZE,
    dt: Any = None,
    channel: str | None = None,
) -> xr.Dataset:
    """Share of nearest neighbours that are false, by both of Kennel's criteria.

    A neighbour is false if it is near only because the embedding has too few components: a further one parts it.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    delay : int, optional
        In samples; default from `estimate_delay`.
    theiler : int, optional
        Neighbours are more than this many samples apart, 1 or more; default twice the autocorrelation time.
    max_dim : int, optional
        Largest dimension to try; default 8.
    ratio : float, optional
        A neighbour is false if the added component parts it by more than this multiple of its distance; default 15.
    size : float, optional
        It is false, too, if its distance in the larger space exceeds this many standard deviations of the data; default
        2. This tells noise, whose nearest neighbours are far apart in many dimensions.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Over ``dim``, the shares `by_ratio`, `by_size` and `false_share` (by either); NaN where no point has a
        neighbour.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    See Also
    --------
    estimate_embedding_dim : chooses a dimension from them.

    References
    ----------
    Kennel, Brown & Abarbanel (1992), Phys. Rev. A 45, 3403.

    Examples
    --------
    >>> from midstream_lab.attractors.systems import Henon
    >>> false_neighbours(Henon().trajectory(2000), channel="x", max_dim=3)["false_share"].values.round(2).tolist()
    [0.67, 0.0, 0.0]
    """
    for name, value in (("ratio", ratio), ("size", size)):
        if not 0.0 < value < np.inf:
            raise InputError(f"{name} must be a number above 0, not {value!r}")
    values, delay, theiler, max_dim = _prepared(x, delay, theiler, max_dim, 0, dt, channel)
    *_, false = measure_expansion(values, delay, max_dim, theiler, float(ratio), float(size) * float(values.std()))
    return xr.Dataset(
        {
            name: ("dim", shares, {"units": "1"})
            for name, shares in zip(("by_ratio", "by_size", "false_share"), false.T, strict=True)
        },
        coords={"dim": np.arange(1, max_dim + 1)},
        attrs={
            "method": "false nearest neighbours, by ratio and by size",
            "citation": "Kennel, Brown & Abarbanel (1992)",
            "version": __version__,
            "delay": delay,
            "theiler": theiler,
            "ratio": float(ratio),
            "size": float(size),
        },
    )


def _prepared(
    x: Any, delay: int | None, theiler: int | None, max_dim: int, beyond: int, dt: Any, channel: str | None
) -> tuple[np.ndarray, int, int, int]:
    """Samples, delay, Theiler window and largest dimension, checked; `beyond`: how many more dimensions are needed."""
    values, _, _ = samples(x, dt=dt, channel=channel)
    refuse_constant(values)
    if delay is None or theiler is None:
        found = choose_delay(values)
        delay = found.delay if delay is None else delay
        theiler = max(2 * found.memory, 1) if theiler is None else theiler
    delay = check_whole(delay, "delay", least=1)
    theiler = check_whole(theiler, "theiler", least=1)
    max_dim = check_whole(max_dim, "max_dim", least=1)
    if len(values) - (max_dim + beyond) * delay < 2 * theiler + 2:
        raise InputError(
            f"{len(values)} samples are too few for dimension {max_dim} at delay {delay} with theiler {theiler}; "
            "use a longer sequence or a smaller max_dim"
        )
    return values, delay, theiler, max_dim
