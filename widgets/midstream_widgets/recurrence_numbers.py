"""The recurrence quantification beside a recurrence plot: of which part, and in which words."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import xarray as xr

from midstream_lab.attractors import rqa
from midstream_lab.errors import InputError

__all__ = ["AT_ALL", "RecurrenceNumbers"]

#: Delay vectors that are quantified at all: the time grows with their square.
AT_ALL = 20_000

#: Short names, as the field has them.
SHORT = {
    "recurrence_rate": "RR",
    "determinism": "DET",
    "mean_diagonal": "L",
    "longest_diagonal": "Lmax",
    "divergence": "DIV",
    "diagonal_entropy": "ENTR",
    "laminarity": "LAM",
    "trapping_time": "TT",
    "longest_vertical": "Vmax",
    "trend": "TREND",
}


class RecurrenceNumbers:
    """Quantifies the whole sequence where it is short enough, else the part in sight; results are kept.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The sequence.
    embedding : dict
        ``delay``, ``embedding_dim`` and ``theiler``, in samples and components.
    rows : int
        Delay vectors of the sequence.
    step, unit : float, str
        The sampling interval.
    """

    def __init__(self, values: np.ndarray, embedding: dict[str, Any], *, rows: int, step: float, unit: str) -> None:
        self._values, self._embedding = values, embedding
        self._rows, self._step, self._unit = rows, step, unit
        self._rqa = lru_cache(maxsize=64)(self._quantify)

    def part(self, columns: tuple[int, int]) -> tuple[int, int]:
        """First delay vector that is quantified, and the one after the last, when `columns` are in sight."""
        return (0, self._rows) if self._rows <= AT_ALL else columns

    def of(self, columns: tuple[int, int], *, radius: float, norm: str) -> xr.Dataset:
        """The quantification; an `InputError` where there are too many vectors."""
        first, stop = self.part(columns)
        if stop - first > AT_ALL:
            raise InputError(
                f"{stop - first:,} delay vectors are too many to quantify while you wait; zoom in to at most {AT_ALL:,}"
            )
        return self._rqa(first, stop, radius, norm)

    def _quantify(self, first: int, stop: int, radius: float, norm: str) -> xr.Dataset:
        beyond = (self._embedding["embedding_dim"] - 1) * self._embedding["delay"]
        return rqa(self._values[first : stop + beyond], radius=radius, rate=None, norm=norm, **self._embedding)

    def words(self, columns: tuple[int, int], found: xr.Dataset) -> dict[str, Any]:
        """The numbers as a table, and what they are of."""
        first, stop = self.part(columns)
        table = [
            [SHORT[name], name.replace("_", " "), f"{float(value):.4g}" if np.isfinite(value) else "none",
             "" if value.attrs["units"] == "1" else value.attrs["units"]]
            for name, value in ((str(each), found[each]) for each in found.data_vars)
        ]  # fmt: skip
        whole = stop - first == self._rows
        where = "" if whole else f", from {first * self._step:.4g} to {stop * self._step:.4g} {self._unit}"
        return {"table": table, "of": f"of {stop - first:,} delay vectors{where}"}
