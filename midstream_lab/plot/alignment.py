"""Two sequences, what is matched with what, and the path through the plane of both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..compare import Alignment
from ..errors import InputError
from .style import COLORMAP, PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["alignment"]

#: Most lines between matched samples: more would be a grey area.
LINES = 80


def alignment(x: Any, y: Any, found: Alignment, *, title: str = "") -> Figure:
    """Draw two sequences with lines between matched samples, and beside them the path.

    Parameters
    ----------
    x, y : array_like, shape (n,) and (m,)
        What was aligned; y is drawn below x.
    found : Alignment
        Of ``compare.dtw(x, y)``; where it has a cost matrix, the path is drawn on it.
    title : str, optional
        Title of the figure; the distance stands under it.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the lengths are not those that were aligned, or there are several channels.

    Examples
    --------
    >>> from midstream_lab.compare import dtw
    >>> x, y = [0, 1, 2, 1, 0], [0, 0, 1, 2, 1, 0]
    >>> figure = alignment(x, y, dtw(x, y))
    >>> figure.axes[1].get_xlabel()
    'sample of y'
    """
    a, b = (np.asarray(values, float) for values in (x, y))
    if a.ndim != 1 or b.ndim != 1:
        raise InputError(f"x has shape {a.shape} and y {b.shape}; draw one channel of each")
    if (len(a), len(b)) != found.shape:
        raise InputError(f"the alignment is of lengths {found.shape}, and x and y have {(len(a), len(b))}")
    figure = new_figure(8.0, 3.8)
    series, plane = figure.subplots(1, 2, width_ratios=(1.6, 1.0))
    down = a.min() - b.max() - 0.25 * (np.ptp(a) + np.ptp(b))
    for i, j in found.path[:: -(-len(found.path) // LINES)]:
        series.plot((i, j), (a[i], b[j] + down), color="0.75", linewidth=0.6, zorder=1)
    for values, lift, name, color in ((a, 0.0, "x", PALETTE[0]), (b, down, "y", PALETTE[3])):
        series.plot(values + lift, color=color, label=name)
    series.set_xlabel("sample")
    series.set_ylabel("value (y moved down)")
    series.set_yticks([])
    series.legend(loc="upper right")
    if found.cost_matrix is not None:
        costs = np.where(np.isfinite(found.cost_matrix), found.cost_matrix, np.nan)
        image = plane.imshow(costs, origin="lower", aspect="auto", cmap=COLORMAP, interpolation="nearest")
        figure.colorbar(image, label="cost of the best path to here")
    plane.plot(found.path[:, 1], found.path[:, 0], color=PALETTE[3], linewidth=1.5)
    plane.set_xlim(-0.5, len(b) - 0.5)
    plane.set_ylim(-0.5, len(a) - 0.5)
    plane.set_xlabel("sample of y")
    plane.set_ylabel("sample of x")
    units = "" if found.units == "1" else f" {found.units}"
    figure.suptitle("\n".join(filter(None, (title, f"distance {found.distance:.4g}{units}"))))
    return figure
