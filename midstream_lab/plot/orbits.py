"""An orbit diagram, with the largest exponent below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["orbits"]


def orbits(found: Any, *, exponents: Any = None, window: tuple[float, float] | None = None, title: str = "") -> Figure:
    """Draw an orbit diagram.

    Parameters
    ----------
    found : DataArray, shape (m, n)
        Of `attractors.orbit_diagram`.
    exponents : DataArray, shape (k,), optional
        Largest Lyapunov exponents over the same parameter; drawn below, with a line at zero.
    window : pair of float, optional
        Ends of the vertical axis; default: all points.
    title : str, optional
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `found` is not of `attractors.orbit_diagram`, or `exponents` are not over its parameter.

    Examples
    --------
    >>> from midstream_lab import attractors
    >>> logistic = attractors.systems.Logistic()
    >>> figure = orbits(attractors.orbit_diagram(logistic, "r", np.linspace(2.8, 4.0, 50)))
    >>> figure.axes[0].get_xlabel()
    'r'
    """
    dims = tuple(getattr(found, "dims", ()))
    if len(dims) != 2 or dims[1] != "point":
        raise InputError(f"expected what attractors.orbit_diagram gives, not {type(found).__name__}")
    parameter = dims[0]
    if exponents is not None and tuple(getattr(exponents, "dims", ())) != (parameter,):
        raise InputError(f"exponents must have the one dimension {parameter!r} of the orbits")
    rows = 1 if exponents is None else 2
    figure = new_figure(6.8, 4.6 if rows == 1 else 5.8)
    panels = figure.subplots(rows, 1, squeeze=False, sharex=True, height_ratios=(3, 1)[:rows])[:, 0]
    values = found[parameter].values
    across = np.repeat(values, found.sizes["point"])
    up = found.values.ravel()
    low, high = (-np.inf, np.inf) if window is None else window
    seen = (up >= low) & (up <= high)
    # Many points for each value lie on each other: the fainter each, the more the density shows.
    each = max(1.0, seen.sum() / len(values))
    panels[0].plot(
        across[seen], up[seen], ",", color=PALETTE[7], alpha=float(np.clip(40.0 / each, 0.05, 1.0)), rasterized=True
    )
    name = f"maxima of {found.name}" if str(found.attrs.get("method", "")).startswith("maxima") else str(found.name)
    panels[0].set(ylabel=name, title=title)
    if window is not None:
        panels[0].set_ylim(*window)
    if exponents is not None:
        panels[1].axhline(0.0, color=PALETTE[3], linestyle="--", linewidth=1.0)
        panels[1].plot(exponents[parameter].values, exponents.values, color=PALETTE[0], linewidth=1.0)
        panels[1].set_ylabel(f"λ ({exponents.attrs.get('units', 'nat')})")
    panels[-1].set_xlabel(parameter)
    panels[-1].set_xlim(float(values.min()), float(values.max()) if len(values) > 1 else None)
    return figure
