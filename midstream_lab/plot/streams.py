"""How late the rows of several streams come, as strip charts over the last while."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["STREAM_COLORS", "streams"]

#: One for each stream, in order; yellow and black would not stand out on both kinds of page.
STREAM_COLORS = PALETTE[:6]


def streams(histories: Mapping[str, Any], *, title: str = "") -> Figure:
    """Draw the median and the 99th percentile of how late the rows of each stream came, and the rows per second.

    Parameters
    ----------
    histories : mapping of str to Dataset
        What `stream.traffic.Traffic.history` gives, by the name of the stream. There is one panel for each measure
        of lateness. Where nothing came, lines have a gap.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If there is nothing to draw, or something else.
    """
    if not histories or not all({"p50", "p99", "rows"} <= set(getattr(h, "data_vars", ())) for h in histories.values()):
        raise InputError("histories must hold one Dataset of Traffic.history() for each stream, at least one")
    from matplotlib.ticker import LogLocator, NullFormatter

    measures = sorted({history.attrs["measure"] for history in histories.values()})
    figure = new_figure(7.2, 2.2 + 2.2 * len(measures))
    panels = figure.subplots(len(measures) + 1, 1, squeeze=False, sharex=True)[:, 0]
    begin = min(float(history["time"][0]) for history in histories.values())
    for number, (name, history) in enumerate(histories.items()):
        color = STREAM_COLORS[number % len(STREAM_COLORS)]
        late, rate = panels[measures.index(history.attrs["measure"])], panels[-1]
        seconds = history["time"].values
        late.plot(seconds, 1e3 * _positive(history["p50"].values), color=color, linewidth=1.4, label=f"{name}, median")
        late.plot(
            seconds, 1e3 * _positive(history["p99"].values), color=color, linewidth=1.0, linestyle=":", label="99 %"
        )
        rate.plot(seconds, _positive(history["rows"].values), color=color, linewidth=1.4)
    for panel, measure in zip(panels, measures, strict=False):
        panel.set_ylabel(f"{measure}\n(ms)", fontsize=8)
        panel.legend(loc="upper left", fontsize=7, ncols=4, frameon=False)
    panels[-1].set_ylabel("rows per second", fontsize=8)
    panels[-1].set_xlabel("time before the picture (s)")
    panels[-1].set_xlim(min(begin, -1.0), 0.0)
    for panel in panels:
        panel.set_yscale("log")
        panel.margins(y=0.25)
        panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        panel.yaxis.set_major_formatter("{x:g}")
        panel.yaxis.set_minor_formatter(NullFormatter())
    panels[0].set_title(title)
    return figure


def _positive(values: np.ndarray) -> np.ndarray:
    """What a logarithmic axis can show; NaN elsewhere."""
    return np.where(values > 0, values, np.nan)
