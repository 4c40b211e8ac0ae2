"""Surrogates: random sequences that share with the data all that a null hypothesis says there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.embedding import embed_delay
from ..kernels.attractors.surrogates import walk_trajectory, weigh_jumps
from ..kernels.common.neighbours import find_neighbours
from ._checks import check_length, check_whole, samples, units_of
from .delay import choose_delay, refuse_constant

__all__ = ["NULLS", "make_surrogates", "surrogates"]

#: What each method says of the data, and its source.
NULLS = {
    "shuffle": ("independent draws from any distribution", "Theiler et al. (1992)"),
    "ft": ("a stationary linear Gaussian process", "Theiler et al. (1992)"),
    "aaft": ("a monotone function of a stationary linear Gaussian process", "Theiler et al. (1992)"),
    "iaaft": ("a monotone function of a stationary linear Gaussian process", "Schreiber & Schmitz (1996)"),
    "pseudo_periodic": ("a periodic orbit with uncorrelated noise", "Small, Yu & Harrison (2001)"),
}
#: Fewest samples of which a surrogate is made.
LEAST = 8
#: Embedding, neighbours and share of undisturbed steps of the pseudo-periodic walk.
WALK_DIM, WALK_NEIGHBOURS, WALK_SHARE = 3, 32, 1.0 / 3.0
#: Iterations of IAAFT after which it stops even where ranks still change.
ITERATIONS = 40


def shuffle(values: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Permutations."""
    return rng.permuted(np.tile(values, (n, 1)), axis=1)


def randomise_phases(values: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Sequences with the periodogram of `values` (..., size) and random phases."""
    size = values.shape[-1]
    spectrum = np.fft.rfft(values)
    turned = spectrum * np.exp(2j * np.pi * rng.random((n, spectrum.shape[-1])))
    turned[..., 0] = spectrum[..., 0]  # the mean
    if size % 2 == 0:  # the highest frequency has no phase: its sign is the data's
        turned[..., -1] = spectrum[..., -1]
    return np.fft.irfft(turned, size)


def amplitude_adjusted(values: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Phases randomised after the values were made Gaussian by rank, then given back the values."""
    ranks = np.argsort(np.argsort(values, kind="stable"))
    gaussian = np.sort(rng.standard_normal((n, len(values))), axis=1)[:, ranks]
    return ordered_as(randomise_phases(gaussian, n, rng), np.sort(values))


def ordered_as(model: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """The sorted values `ordered` (size,) in the order of ranks of every row of `model` (n, size)."""
    put = np.empty_like(model)
    np.put_along_axis(put, np.argsort(model, axis=1), ordered[None], axis=1)
    return put


def iterate_adjusted(values: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Shuffles that get the periodogram and the values of the data in turn, until their ranks stay."""
    size, ordered, amplitude = len(values), np.sort(values), np.abs(np.fft.rfft(values))
    made = shuffle(values, n, rng)
    for row in range(n):  # one at a time, so that each stays in the processor's cache
        current = made[row]
        order = np.argsort(current)
        for _ in range(ITERATIONS):
            spectrum = np.fft.rfft(current)
            size_of = np.abs(spectrum)
            spectrum *= np.divide(amplitude, size_of, out=np.zeros_like(size_of), where=size_of > 0)
            next_order = np.argsort(np.fft.irfft(spectrum, size))
            if np.array_equal(next_order, order):
                break
            order = next_order
            current[order] = ordered
    return made


def walk_periods(values: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Walks among the delay vectors: each step follows the data from the point itself or from one near it."""
    delay = choose_delay(values).delay
    rows = check_length(len(values), delay, WALK_DIM) - 1
    if rows < 2:
        raise InputError(
            f"{len(values)} samples are too few for pseudo-periodic surrogates, which need delay vectors of "
            f"dimension {WALK_DIM} at delay {delay}"
        )
    index, squared = find_neighbours(embed_delay(values, delay, WALK_DIM, rows), WALK_NEIGHBOURS, 0)
    low, high = -12.0, 3.0  # log10 of the radius in standard deviations
    for _ in range(30):
        middle = (low + high) / 2
        share = weigh_jumps(squared, 10.0**middle * values.std())[:, 0].mean()
        low, high = (middle, high) if share > WALK_SHARE else (low, middle)
    cumulative = weigh_jumps(squared, 10.0**low * values.std())
    starts = rng.integers(rows, size=n)
    return np.stack([walk_trajectory(values, index, cumulative, s, rng.random(len(values))) for s in starts])


METHODS: dict[str, Callable[[np.ndarray, int, np.random.Generator], np.ndarray]] = {
    "shuffle": shuffle,
    "ft": randomise_phases,
    "aaft": amplitude_adjusted,
    "iaaft": iterate_adjusted,
    "pseudo_periodic": walk_periods,
}


def make_surrogates(values: np.ndarray, method: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Surrogates (n, size) of contiguous read-only `values` that are not constant."""
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}, not {method!r}")
    if len(values) < LEAST:
        raise InputError(f"surrogates need at least {LEAST} samples, not {len(values)}")
    return METHODS[method](values, n, rng)


def surrogates(
    x: Any, *, method: str = "iaaft", n: int = 99, rng: Any = 0, dt: Any = None, channel: str | None = None
) -> xr.DataArray:
    """Random sequences that satisfy a null hypothesis and are otherwise like the data.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant; 8 samples or more.
    method : str, optional
        ``"shuffle"`` keeps the values only; ``"ft"`` the periodogram only; ``"aaft"`` the values, and the periodogram
        nearly (it is flattened); ``"iaaft"`` (default) the values, and the periodogram better; ``"pseudo_periodic"``
        the shape of the orbit but no correlation of what happens in different periods.
    n : int, optional
        How many; default 99, which allow a one-sided test at 0.01.
    rng : int or numpy.random.Generator, optional
        Default 0, so that the same data give the same surrogates.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.DataArray, shape (n, size)
        Dimensions ``surrogate`` and ``time`` (in units of time, from 0), in the units of the data.

    Raises
    ------
    InputError
        If the sequence is constant, too short or not usable, or a parameter is out of range.
    GapError
        If samples are missing.

    Notes
    -----
    A periodogram takes the sequence for one period of a periodic one: where its ends differ in value or slope, the
    surrogates of ``ft``, ``aaft`` and ``iaaft`` hold a spurious high-frequency part. `surrogate_test` cuts
    the ends so that they match. IAAFT stops after at most 40 iterations. The pseudo-periodic walk jumps among the 32
    nearest of three-dimensional delay vectors, with the radius at which a third of the steps follow the data
    undisturbed, which makes stretches of exactly two undisturbed steps most frequent.

    References
    ----------
    Theiler et al. (1992), Physica D 58, 77; Schreiber & Schmitz (1996), Phys. Rev. Lett. 77, 635; Small, Yu &
    Harrison (2001), Phys. Rev. Lett. 87, 188101.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.cumsum(np.random.default_rng(1).standard_normal(256))
    >>> made = surrogates(x, n=3)
    >>> made.shape, bool((np.sort(made.values, axis=1) == np.sort(x)).all())
    ((3, 256), True)
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    n = check_whole(n, "n", least=1)
    refuse_constant(values)
    made = make_surrogates(values, method, n, np.random.default_rng(rng))
    null, source = NULLS[method]
    return xr.DataArray(
        made,
        dims=("surrogate", "time"),
        coords={"time": ("time", np.arange(len(values)) * step, {"units": unit})},
        name="surrogates",
        attrs={
            "units": units_of(x, channel),
            "method": method,
            "null": null,
            "citation": source,
            "version": __version__,
        },
    )
