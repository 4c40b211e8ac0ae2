"""How far apart the components of a delay vector should be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from .. import __version__
from ..errors import InputError
from ..kernels.attractors.information import bin_equiprobable, count_information
from ._checks import check_whole, samples

__all__ = ["autocorrelation", "estimate_delay"]

#: A sequence whose neighbouring samples correlate less than this moves too fast for a flow sampled well.
MAP_LIKE = 0.6


@dataclass(frozen=True, kw_only=True)
class Delay:
    """A delay in samples, how it was found, and the time after which the sequence forgets."""

    delay: int
    rule: str
    memory: int


def correlate(values: np.ndarray, max_lag: int) -> np.ndarray:
    """Autocorrelation (max_lag + 1,) with the biased normalisation, by Fourier transform; NaN if constant."""
    centred = values - values.mean()
    padded = 1 << (2 * len(values) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, padded)) ** 2
    products = np.fft.irfft(power, padded)[: max_lag + 1]
    return products / products[0] if np.ptp(values) > 0 else np.full(max_lag + 1, np.nan)


def information_bins(n: int) -> int:
    """Bins of the histogram from which the delay for `n` samples is chosen."""
    return int(np.clip(np.sqrt(n / 20.0), 4, 16))


def choose_delay(values: np.ndarray) -> Delay:
    """What `estimate_delay` says, on a contiguous read-only array that is not constant."""
    longest = max(1, len(values) // 10)
    decay = correlate(values, longest)
    below = np.flatnonzero(decay < np.exp(-1.0))
    memory = int(below[0]) if len(below) else longest
    if len(decay) < 2 or decay[1] < MAP_LIKE:
        return Delay(delay=1, rule="map-like: neighbouring samples hardly correlate", memory=memory)
    bins = information_bins(len(values))
    # The first minimum lies near a quarter of the period; 4 memories reach it, and noise makes minima beyond.
    information = count_information(bin_equiprobable(values, bins), bins, min(longest, 4 * memory))
    inside = information[1:-1]
    minima = np.flatnonzero((inside < information[:-2]) & (inside <= information[2:]))
    if len(minima):
        return Delay(delay=int(minima[0]) + 1, rule="first minimum of the average mutual information", memory=memory)
    return Delay(delay=memory, rule="autocorrelation falls to 1/e", memory=memory)


def autocorrelation(x: Any, *, max_lag: int = 100, dt: Any = None, channel: str | None = None) -> xr.DataArray:
    """Autocorrelation of a sequence, with the biased normalisation (by n at every lag).

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    max_lag : int, optional
        Largest lag in samples; default 100, less than n.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.DataArray, shape (max_lag + 1,)
        Over the dimension ``lag``, whose coordinate is in units of time.

    Raises
    ------
    InputError
        If the sequence is constant or not longer than `max_lag`.
    GapError
        If samples are missing.

    Examples
    --------
    >>> autocorrelation([1.0, -1.0, 1.0, -1.0], max_lag=2).values.round(2).tolist()
    [1.0, -0.75, 0.5]
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    max_lag = check_whole(max_lag, "max_lag", least=1)
    if max_lag >= len(values):
        raise InputError(f"max_lag={max_lag} needs more than {len(values)} samples; choose a smaller lag")
    refuse_constant(values)
    return xr.DataArray(
        correlate(values, max_lag),
        dims=("lag",),
        coords={"lag": ("lag", np.arange(max_lag + 1) * step, {"units": unit})},
        name="autocorrelation",
        attrs={"units": "1", "method": "biased sample autocorrelation", "version": __version__},
    )


def refuse_constant(values: np.ndarray) -> None:
    """An error where nothing varies."""
    if np.ptp(values) == 0:
        raise InputError(f"the sequence is constant ({values[0]!r}); there is no delay or trajectory to find")


def estimate_delay(x: Any, *, dt: Any = None, channel: str | None = None) -> xr.Dataset:
    """Delay for an embedding: the first minimum of the average mutual information.

    Where there is none, the lag at which the autocorrelation falls to 1/e; 1 for data like those of a map,
    whose neighbouring samples correlate less than 0.6.

    Parameters
    ----------
    x : array_like or xarray.DataArray, shape (n,)
        The sequence, evenly sampled, without gaps and not constant.
    dt, channel : optional
        Sampling interval of a bare array (default: rows are counted), and which channel to take.

    Returns
    -------
    xarray.Dataset
        Variables `delay` and `memory` (the lag at which the autocorrelation falls to 1/e), both in samples,
        and `rule`, a text.

    Raises
    ------
    InputError
        If the sequence is constant or not usable.
    GapError
        If samples are missing.

    References
    ----------
    Fraser & Swinney (1986), Phys. Rev. A 33, 1134.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.sin(2 * np.pi * np.arange(1000) / 40) + np.cos(np.arange(1000) / 17)
    >>> int(estimate_delay(x)["delay"]) in range(5, 20)
    True
    """
    values, step, unit = samples(x, dt=dt, channel=channel)
    refuse_constant(values)
    found = choose_delay(values)
    return xr.Dataset(
        {
            "delay": ((), found.delay, {"units": "samples"}),
            "memory": ((), found.memory, {"units": "samples"}),
            "rule": ((), found.rule),
        },
        attrs={
            "method": "first minimum of the average mutual information, else 1/e of the autocorrelation",
            "citation": "Fraser & Swinney (1986)",
            "version": __version__,
            "dt": step,
            "time_unit": unit,
        },
    )
