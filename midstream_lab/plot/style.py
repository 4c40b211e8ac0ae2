"""Colours and figures: one look for papers, the command line and saved notebooks."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from ..errors import require

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["COLORMAP", "PALETTE", "new_figure", "png"]

#: Okabe and Ito (2008): eight colours that colour-blind people can tell apart.
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#F0E442", "#000000")

#: Perceptually uniform and readable in grey (Nunez, Anderton and Renslow 2018).
COLORMAP = "cividis"


def new_figure(width: float = 6.4, height: float = 4.8) -> Figure:
    """An empty figure on the Agg canvas; `pyplot` and its global state are never touched.

    Parameters
    ----------
    width, height : float, optional
        Size in inches; default 6.4 by 4.8.
    """
    require("matplotlib", extra="plot")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def png(figure: Figure, *, dpi: int = 100) -> bytes:
    """The figure as PNG bytes.

    Examples
    --------
    >>> png(new_figure())[:4]
    b'\\x89PNG'
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
