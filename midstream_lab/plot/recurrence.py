"""A recurrence plot, with its quantification beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["recurrence"]

#: Larger pictures are not told apart on paper.
MAX_SIDE = 4000


def recurrence(matrix: Any, *, rqa: Any = None, title: str = "") -> Figure:
    """Draw a recurrence plot in units of time, with the Theiler window marked along the diagonal.

    Parameters
    ----------
    matrix : DataArray, shape (rows, columns)
        Of `attractors.recurrence_matrix`, or for long sequences of `attractors.recurrence_tile`; at most 4000 a side.
    rqa : Dataset, optional
        Of `attractors.rqa`; its numbers stand beside the plot.
    title : str, optional
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `matrix` is not of one of these functions, or too large.

    Examples
    --------
    >>> from midstream_lab import attractors
    >>> x = attractors.systems.Henon().trajectory(300).sel(channel="x")
    >>> figure = recurrence(attractors.recurrence_matrix(x), rqa=attractors.rqa(x))
    >>> figure.axes[0].get_xlabel()
    'time t (iterate)'
    """
    if tuple(getattr(matrix, "dims", ())) != ("time", "other_time"):
        raise InputError(
            f"expected what attractors.recurrence_matrix or recurrence_tile gives, not {type(matrix).__name__}"
        )
    if max(matrix.shape) > MAX_SIDE:
        raise InputError(
            f"a plot of {matrix.shape} points is too large (at most {MAX_SIDE} a side); use attractors.recurrence_tile"
        )
    unit, step = matrix.attrs["time_unit"], float(matrix.attrs["dt"])
    figure = new_figure(8.2 if rqa is not None else 5.6, 5.4)
    panel, *beside = figure.subplots(
        1, 1 if rqa is None else 2, squeeze=False, width_ratios=None if rqa is None else (3, 1)
    )[0]
    rows, columns = _ends(matrix["time"].values, step), _ends(matrix["other_time"].values, step)
    # The root of the share, so that a thin line in a wide pixel is still seen.
    shares = np.sqrt(matrix.values.astype(np.float64))
    panel.imshow(
        shares, cmap="Greys", vmin=0.0, vmax=1.0, origin="lower", interpolation="antialiased", extent=(*columns, *rows)
    )
    window = (matrix.attrs["theiler"] + 0.5) * step
    ends = np.array([min(rows[0], columns[0]), max(rows[1], columns[1])])
    panel.fill_between(ends, ends - window, ends + window, color=PALETTE[3], alpha=0.25, linewidth=0.0)
    panel.set(xlim=columns, ylim=rows, xlabel=f"time t ({unit})", ylabel=f"time t′ ({unit})")
    said = "radius {radius:.3g}, {norm} norm, Theiler window {theiler} samples (shaded)".format(**matrix.attrs)
    panel.set_title("\n".join(filter(None, (title, said))), fontsize=10)
    for axes in beside:
        axes.axis("off")
        lines = [
            f"{name.replace('_', ' ')}\n  {float(value):.4g} {_unit(value)}" for name, value in rqa.data_vars.items()
        ]
        axes.text(0.0, 1.0, "\n".join(lines), va="top", fontsize=9, transform=axes.transAxes)
    return figure


def _ends(middles: np.ndarray, step: float) -> tuple[float, float]:
    """Outer edges of pixels with these middles."""
    half = 0.5 * (middles[1] - middles[0] if len(middles) > 1 else step)
    return float(middles[0] - half), float(middles[-1] + half)


def _unit(value: Any) -> str:
    return "" if value.attrs["units"] == "1" else str(value.attrs["units"])
