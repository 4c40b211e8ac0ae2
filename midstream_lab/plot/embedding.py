"""An embedding and what speaks for it: attractor, mutual information, Cao's test, divergence curve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .attractor import draw_trajectory
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["embedding"]


def embedding(
    points: Any,
    *,
    information: Any,
    cao: Any,
    divergence: Any,
    estimate: Any = None,
    style: str = "line",
    title: str = "",
) -> Figure:
    """Draw an embedding beside the curves from which its delay, its dimension and an exponent are read.

    Parameters
    ----------
    points : DataArray, shape (n, 2) or (n, 3)
        As `attractors.embed` gives them.
    information : DataArray
        Of `attractors.mutual_information`.
    cao : Dataset
        Of `attractors.estimate_embedding_dim`.
    divergence : Dataset
        Of `attractors.divergence_curve`.
    estimate : Dataset, optional
        Of `attractors.lyapunov_max`; its value, interval, status and reasons stand under the curves.
    style : {"line", "points"}, optional
        Lines for flows (the default), points for maps.
    title : str, optional
        Title of the figure.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If a result is not of the function named above.

    Examples
    --------
    >>> from midstream_lab import attractors
    >>> x = attractors.systems.Henon().trajectory(1000).sel(channel="x")
    >>> figure = embedding(
    ...     attractors.embed(x, delay=1, dim=2),
    ...     information=attractors.mutual_information(x, max_lag=20),
    ...     cao=attractors.estimate_embedding_dim(x),
    ...     divergence=attractors.divergence_curve(x),
    ...     style="points",
    ... )
    >>> figure.axes[-1].get_xlabel()
    'time (iterate)'
    """
    for given, name, source in (
        (information, "lag", "mutual_information"),
        (cao, "e1", "estimate_embedding_dim"),
        (divergence, "fit_region", "divergence_curve"),
    ):
        if name not in getattr(given, "coords", ()) and name not in getattr(given, "data_vars", ()):
            raise InputError(f"expected what attractors.{source} gives, not {type(given).__name__}")
    figure = new_figure(9.6, 6.4)
    parts: Any = figure.subfigures(1, 2, width_ratios=(1.15, 1.0))
    left, right = parts
    draw_trajectory(left, points, style=style)
    for axes in left.axes:
        if axes.name == "3d":
            axes.set_box_aspect(None, zoom=0.8)  # the layout does not reckon with the label of the third axis
    panels = right.subplots(3, 1)
    _draw_information(panels[0], information, int(divergence.attrs["delay"]), float(divergence.attrs["dt"]))
    _draw_cao(panels[1], cao, int(divergence.attrs["embedding_dim"]))
    _draw_divergence(panels[2], divergence)
    names = "delay {delay}, dimension {embedding_dim}, Theiler window {theiler}".format(**divergence.attrs)
    figure.suptitle("\n".join(filter(None, (title, names, _words(estimate)))), fontsize=10)
    return figure


def _draw_information(panel: Any, information: Any, delay: int, step: float) -> None:
    panel.plot(information["lag"], information, color=PALETTE[0])
    panel.axvline(delay * step, color=PALETTE[3], linestyle=":", label=f"delay {delay}")
    panel.set(xlabel=f"lag ({information['lag'].attrs['units']})", ylabel="AMI (nat)")
    panel.legend(fontsize=8)


def _draw_cao(panel: Any, cao: Any, dim: int) -> None:
    panel.plot(cao["dim"], cao["e1"], color=PALETTE[0], marker="o", label="E1")
    panel.plot(cao["dim"], cao["e2"], color=PALETTE[3], marker="s", linestyle="--", label="E2")
    panel.plot(cao["dim"], cao["false_share"], color=PALETTE[2], marker="x", label="false neighbours")
    panel.axvline(dim, color=PALETTE[7], linestyle=":", label=f"dimension {dim}")
    panel.set(xlabel="dimension", ylabel="E1, E2, share")
    panel.legend(fontsize=8)


def _draw_divergence(panel: Any, divergence: Any) -> None:
    lag, curve = divergence["lag"].values, divergence["divergence"].values
    low, high = divergence["fit_region"].values
    slope, unit = float(divergence["slope"]), divergence["slope"].attrs["units"]
    panel.plot(lag, curve, color=PALETTE[0])
    if np.isfinite(slope):
        inside = (lag >= low) & (lag <= high)
        height = curve[inside].mean() + slope * (np.array([low, high]) - lag[inside].mean())
        panel.axvspan(low, high, color=PALETTE[3], alpha=0.15)
        panel.plot([low, high], height, color=PALETTE[3], linestyle="--", label=f"slope {slope:.3g} {unit}")
        panel.legend(fontsize=8)
    panel.set(xlabel=f"time ({divergence['lag'].attrs['units']})", ylabel="mean ln distance")


def _words(estimate: Any) -> str:
    """An estimate in a line; wrapped, because reasons may be long."""
    if estimate is None:
        return ""
    from textwrap import fill

    status, reasons = str(estimate["status"].item()), str(estimate["reasons"].item())
    if status != "ok":
        return fill(f"largest Lyapunov exponent: {status} ({reasons})", 110)
    low, high = (float(end) for end in estimate["interval"])
    return f"λ = {float(estimate['exponent']):.3g} [{low:.3g}, {high:.3g}] {estimate['exponent'].attrs['units']}, ok"
