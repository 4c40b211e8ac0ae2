"""A trajectory in phase space, in two or three dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import COLORMAP, PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["attractor"]

#: More points than this are not told apart in a static picture.
MAX_POINTS = 20_000


def attractor(
    points: Any,
    *,
    labels: Sequence[str] | None = None,
    color: Any = None,
    color_label: str = "",
    title: str = "",
    style: str = "line",
) -> Figure:
    """Draw a trajectory or an embedding.

    Parameters
    ----------
    points : array_like, shape (n, 2) or (n, 3)
        A row of NaN breaks the line. Of more than 20,000 points the newest are drawn, which the title says.
    labels : sequence of str, optional
        Axis labels with units; taken from the coordinate of the second dimension of a DataArray if it has one.
    color : array_like of float, shape (n,), optional
        Value that colours each point, for example its speed; default: one colour.
    color_label : str, optional
        What `color` means, with its unit.
    title : str, optional
        Title of the figure.
    style : {"line", "points"}, optional
        Lines for flows (the default), points for maps.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the shape, the labels or the style do not fit.

    Examples
    --------
    >>> figure = attractor([[0.0, 0.0], [1.0, 0.5], [0.5, 1.0]], labels=("x", "y"))
    >>> figure.axes[0].get_xlabel()
    'x'
    """
    figure = new_figure(6.4, 5.2)
    draw_trajectory(figure, points, labels=labels, color=color, color_label=color_label, title=title, style=style)
    return figure


def draw_trajectory(
    figure: Any,
    points: Any,
    *,
    labels: Sequence[str] | None = None,
    color: Any = None,
    color_label: str = "",
    title: str = "",
    style: str = "line",
) -> None:
    """What `attractor` says, on a figure or a part of one."""
    if labels is None:
        labels = _labels_of(points)
    values = np.asarray(points, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] not in (2, 3):
        raise InputError(f"points must have shape (n, 2) or (n, 3), not {values.shape}; choose two or three columns")
    dim = values.shape[1]
    labels = [f"$x_{i + 1}$" for i in range(dim)] if labels is None else list(labels)
    if len(labels) != dim:
        raise InputError(f"{dim} axes need {dim} labels, got {labels}")
    if style not in ("line", "points"):
        raise InputError(f"style must be 'line' or 'points', not {style!r}")
    shades = None if color is None else np.asarray(color, dtype=np.float64)
    if shades is not None and shades.shape != (len(values),):
        raise InputError(f"color must have shape ({len(values)},), not {shades.shape}")
    if len(values) > MAX_POINTS:
        title = f"{title} (newest {MAX_POINTS:,} of {len(values):,} points)".strip()
        values = values[-MAX_POINTS:]
        shades = None if shades is None else shades[-MAX_POINTS:]

    axes: Any = figure.add_subplot(projection="3d" if dim == 3 else None)
    columns = list(values.T)
    if shades is not None or style == "points":
        drawn = axes.scatter(
            *columns,
            s=2.0,
            c=PALETTE[0] if shades is None else shades,
            cmap=None if shades is None else COLORMAP,
        )
        if shades is not None:
            figure.colorbar(drawn, ax=axes, label=color_label, shrink=0.7, pad=0.1 if dim == 3 else 0.02)
    if style == "line":
        axes.plot(*columns, color=PALETTE[0], linewidth=0.5, alpha=0.35 if shades is not None else 0.8)
    for name, label in zip("xyz", labels, strict=False):
        getattr(axes, f"set_{name}label")(label)
    if dim == 2:
        axes.set_aspect("equal", adjustable="datalim")
    axes.set_title(title)


def _labels_of(points: Any) -> list[str] | None:
    """Labels from the coordinate of a DataArray's second dimension, with the unit of the array."""
    dims: tuple[str, ...] = tuple(getattr(points, "dims", ()))
    if len(dims) != 2 or dims[1] not in points.coords:
        return None
    unit = points.attrs.get("units", "")
    names = [str(name) for name in points.coords[dims[1]].values]
    return [f"{name} ({unit})" if unit else name for name in names]
