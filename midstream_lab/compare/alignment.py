"""What aligning two sequences gives: a distance, and which elements stand against which."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

__all__ = ["Alignment"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Alignment:
    """Two sequences laid against each other.

    Attributes
    ----------
    distance : float
        As the function of the same name with ``_distance`` gives it.
    path : ndarray of int64, shape (cells, 2)
        Pairs of indices into `x` and `y`, from the first to the last; read-only.
    measure : str
        What was measured, with its parameters.
    shape : tuple of int
        Lengths of the two sequences.
    units : str
        Units of the distance; "1" if they are not known.
    cost_matrix : xarray.DataArray or None
        Cost of the best path to each cell (dims ``x``, ``y``), if it was asked for; infinite outside the window.
    """

    distance: float
    path: np.ndarray = field(repr=False)
    measure: str
    shape: tuple[int, int]
    units: str = "1"
    cost_matrix: xr.DataArray | None = field(default=None, repr=False)

    def __len__(self) -> int:
        """Number of pairs."""
        return len(self.path)

    def to_xarray(self) -> xr.Dataset:
        """`distance`, and `x` and `y` of each pair along ``pair``; the cost matrix is left out."""
        return xr.Dataset(
            {
                "distance": ((), self.distance, {"units": self.units}),
                "x": ("pair", self.path[:, 0], {"long_name": "index into x"}),
                "y": ("pair", self.path[:, 1], {"long_name": "index into y"}),
            },
            attrs={"measure": self.measure, "length_x": self.shape[0], "length_y": self.shape[1]},
        )

    def _repr_html_(self) -> str:
        steps = np.diff(self.path, axis=0)
        diagonal = int(((steps[:, 0] > 0) & (steps[:, 1] > 0)).sum())
        rows = {
            "distance": f"{self.distance:.6g}" + ("" if self.units == "1" else f" {self.units}"),
            "measure": self.measure,
            "lengths": f"{self.shape[0]:,} and {self.shape[1]:,}",
            "pairs": f"{len(self.path):,}, reached by {diagonal:,} steps in both and {len(steps) - diagonal:,} in one",
        }
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
        return f"<table><caption>Alignment</caption>{cells}</table>"
