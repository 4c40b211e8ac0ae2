"""Basins of attraction as a map, with the share of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["basins"]

#: Colours of the attractors, and of starts that left and that were not decided. An attractor has its number too.
INKS = tuple(PALETTE[k] for k in (0, 1, 2, 5, 4, 3, 6))
GONE, OPEN = "#E8E8E8", "#808080"


def basins(found: Any, *, title: str = "") -> Figure:
    """Draw basins of attraction over two variables, the attractors numbered, with shares and standard errors.

    Parameters
    ----------
    found : Dataset
        Of `attractors.basins` over two variables.
    title : str, optional
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `found` is not of `attractors.basins`, or not over two variables.

    Examples
    --------
    >>> from midstream_lab import attractors
    >>> x = np.linspace(-2.0, 2.0, 20)
    >>> found = attractors.basins(attractors.systems.Henon(), {"x": x, "y": x}, box=([-2, -2], [2, 2]), cells=200)
    >>> [text.get_text()[:12] for text in basins(found).axes[0].get_legend().get_texts()]
    ['left the box', 'attractor 1:']
    """
    if "basin" not in getattr(found, "data_vars", ()):
        raise InputError(f"expected what attractors.basins gives, not {type(found).__name__}")
    label = found["basin"]
    if label.ndim != 2:
        raise InputError(f"a map has two variables, these basins have {list(label.dims)}; choose two for the grid")
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    across, up = (str(dim) for dim in label.dims)
    x, y = label[across].values, label[up].values
    count = int(found["id"].max()) if found.sizes["id"] else 0
    colors = [GONE, OPEN, *(INKS[k % len(INKS)] for k in range(count))]
    figure = new_figure(7.4, 5.0)
    panel = figure.subplots()
    panel.imshow(
        label.values.T,
        origin="lower",
        extent=(*_ends(x), *_ends(y)),
        aspect="auto",
        interpolation="nearest",
        cmap=ListedColormap(colors),
        norm=BoundaryNorm(np.arange(-1.5, count + 1), len(colors)),
    )
    for number, place in zip(found["id"].values, found["attractor"].sel(channel=[across, up]).values, strict=True):
        panel.plot(*place, "o", markersize=12, markerfacecolor="white", markeredgecolor="black")
        panel.annotate(str(number), place, ha="center", va="center_baseline", fontsize=8, fontweight="bold")
    panel.set(xlim=_ends(x), ylim=_ends(y), xlabel=across, ylabel=up, title=title)
    shares = zip(found["outcome"].values, found["fraction"].values, found["standard_error"].values, strict=True)
    handles = [
        Patch(facecolor=colors[outcome + 1], edgecolor="black", label=f"{_name(outcome)}: {share:.3f} ± {error:.3f}")
        for outcome, share, error in shares
        if share > 0.0
    ]
    panel.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.0, 1.0), title="share ± standard error")
    return figure


def _name(outcome: int) -> str:
    return {-1: "left the box", 0: "undecided"}.get(outcome, f"attractor {outcome}")


def _ends(middles: np.ndarray) -> tuple[float, float]:
    """Outer edges of pixels with these middles."""
    half = 0.5 * (middles[1] - middles[0]) if len(middles) > 1 else 0.5
    return float(middles[0] - half), float(middles[-1] + half)
