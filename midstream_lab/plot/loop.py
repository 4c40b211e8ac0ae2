"""A strange loop: what it predicted, whom it trusted, and what it tried to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["loop"]

#: Colour of each verdict; its name stands beside it.
VERDICTS = {
    "open": PALETTE[1],
    "committed": PALETTE[2],
    "harmful": PALETTE[3],
    "invalid": PALETTE[3],
    "no evidence": "#777777",
    "withdrawn": "#777777",
}


def loop(result: Any, *, journal: Sequence[Any] = (), run: Any = None, title: str = "") -> Figure:
    """Draw the sequence with its prediction, the weights of the experts, and the verdicts.

    Parameters
    ----------
    result : Dataset
        As `loops.StrangeLoop.result` gives it.
    journal : sequence of Entry, optional
        `StrangeLoop.journal`: its entries are marked where they fall in `result`.
    run : mapping of str to ndarray, optional
        One shadow run (`StrangeLoop.shadow_run`), drawn below with its confidence sequence.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `result` is no such Dataset or has no rows.
    """
    needed = {"value", "prediction", "weight"}
    if not needed <= set(getattr(result, "data_vars", ())):
        raise InputError("result must be the Dataset that StrangeLoop.result() gives")
    if not result.sizes["time"]:
        raise InputError("there are no rows to draw; give the loop some first")
    figure = new_figure(7.2, 4.4 if run is None else 6.2)
    panels = figure.subplots(2 if run is None else 3, 1, height_ratios=(3, 2, 2)[: 2 if run is None else 3])
    rows = result["row"].values
    top, middle = panels[:2]
    top.plot(rows, result["value"].values, color="#888888", linewidth=0.8, label="value")
    top.plot(rows, result["prediction"].values, color=PALETTE[0], linewidth=0.8, label="prediction")
    unit = result["value"].attrs.get("units", "")
    top.set_ylabel(f"value ({unit})" if unit else "value")
    for i, name in enumerate(result["expert"].values):
        middle.plot(rows, result["weight"].values[:, i], color=PALETTE[i % 6], linewidth=1.2, label=str(name))
    middle.set_ylim(-0.02, 1.02)
    middle.set_ylabel("weight")
    middle.set_xlabel("row")
    middle.sharex(top)
    for entry in journal:
        if rows[0] <= entry.row <= rows[-1]:
            for panel in (top, middle):
                panel.axvline(entry.row, color=VERDICTS[entry.verdict], linewidth=1.0, linestyle="--")
            label = f"{entry.number}: {'proposed' if entry.verdict == 'open' else entry.verdict}"
            middle.annotate(
                label,
                (entry.row, 0.5),
                xytext=(3, 0),
                textcoords="offset points",
                rotation=90,
                va="center",
                fontsize=7,
                color=VERDICTS[entry.verdict],
            )
    for panel in (top, middle):
        panel.legend(loc="upper left", fontsize=7, ncols=4, frameon=False)
    if run is not None:
        _draw_run(panels[2], run)
    top.set_title(title)
    return figure


def _draw_run(panel: Any, run: Any) -> None:
    n = np.asarray(run["n"])
    panel.fill_between(n, run["excess_low"], run["excess_hi"], color=PALETTE[4], alpha=0.3, linewidth=0, label="95 %")
    panel.plot(n, run["excess"], color=PALETTE[0], linewidth=1.2, label="excess of the shadow")
    panel.axhline(0.0, color="#888888", linewidth=0.8)
    panel.set_ylim(-1.5, 1.5)
    panel.set_xlabel("rows of the shadow run")
    panel.set_ylabel("excess loss")
    panel.legend(loc="upper right", fontsize=7, ncols=2, frameon=False)
