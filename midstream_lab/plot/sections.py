"""A Poincaré section, or its return map."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["section"]


def section(
    found: Any, *, axes: tuple[str, str] | None = None, return_map: str | None = None, title: str = ""
) -> Figure:
    """Draw where a flow crosses a plane.

    Parameters
    ----------
    found : Dataset
        Of `attractors.poincare_section`.
    axes : pair of str, optional
        Variables across and up; default the two that vary most, in their order.
    return_map : str, optional
        Draw this variable at each crossing over the one before instead, with the diagonal.
    title : str, optional
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `found` is not of `attractors.poincare_section`, or a variable does not exist.

    Examples
    --------
    >>> from midstream_lab import attractors
    >>> found = attractors.poincare_section(attractors.systems.Rossler(), ("y", 0.0), n=100)
    >>> section(found).axes[0].get_xlabel(), section(found, return_map="x").axes[0].get_ylabel()
    ('x', 'next x')
    """
    if "points" not in getattr(found, "data_vars", ()) or found["points"].dims != ("crossing", "channel"):
        raise InputError(f"expected what attractors.poincare_section gives, not {type(found).__name__}")
    names = [str(name) for name in found["channel"].values]
    chosen = [return_map] if return_map is not None else list(axes or _widest(found, names))
    if (unknown := set(chosen) - set(names)) or len(chosen) > 2:
        raise InputError(f"no variable {sorted(map(str, unknown))}; there are {names}, of which two are drawn")
    points = [found["points"].sel(channel=name).values for name in chosen]
    figure = new_figure(5.6, 5.2)
    panel = figure.subplots()
    if return_map is not None:
        points = [points[0][:-1], points[0][1:]]
        ends = [float(end(points[0])) for end in (np.min, np.max)] if len(points[0]) else [0.0, 1.0]
        panel.plot(ends, ends, color=PALETTE[3], linestyle="--", linewidth=1.0)
        chosen = [return_map, f"next {return_map}"]
    panel.scatter(points[0], points[1], s=2.0 if len(points[0]) > 1000 else 6.0, color=PALETTE[0], linewidths=0.0)
    count = found.sizes["crossing"]
    plane = re.sub(r"\d+\.\d{5,}", lambda number: f"{float(number[0]):.5g}", found.attrs["plane"])
    said = f"{count:,} crossings of {plane}, {found.attrs['direction']}"
    panel.set(xlabel=chosen[0], ylabel=chosen[1])
    panel.set_title("\n".join(filter(None, (title, said))), fontsize=10)
    return figure


def _widest(found: Any, names: list[str]) -> list[str]:
    """The two variables that vary most, in the order they have."""
    if found.sizes["crossing"] < 2:
        return names[:2]
    spread = np.ptp(found["points"].values, axis=0)
    return [names[k] for k in sorted(np.argsort(-spread, kind="stable")[:2])]
