"""A sequence against time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["sequence"]


def sequence(x: Any, *, title: str = "") -> Figure:
    """Draw each channel of a labelled sequence in a panel of its own, against time.

    Parameters
    ----------
    x : DataArray with dims ("time",) or ("time", "channel")
        NaN leaves a gap in the line.
    title : str, optional
        Title; default: the ``title`` attribute or the name of the array.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `x` has no dimension ``time``.
    """
    if "time" not in getattr(x, "dims", ()):
        raise InputError("x must be a DataArray with the dimension 'time'; midstream_lab.sequence.sequence makes one")
    channels = [str(name) for name in x["channel"].values] if "channel" in x.dims else [str(x.name or "value")]
    values = x.transpose("time", ...).values.reshape(x.sizes["time"], len(channels))
    unit = str(x.attrs.get("units", ""))
    figure = new_figure(7.2, 1.2 + 1.5 * len(channels))
    panels = np.atleast_1d(figure.subplots(len(channels), 1, sharex=True))
    for i, (panel, name) in enumerate(zip(panels, channels, strict=True)):
        panel.plot(x["time"].values, values[:, i], color=PALETTE[i % len(PALETTE)], linewidth=0.8)
        panel.set_ylabel(f"{name} ({unit})" if unit else name)
    clock = x["time"].attrs.get("tick_unit", "")
    panels[-1].set_xlabel("time" if np.issubdtype(x["time"].dtype, np.datetime64) or not clock else f"time ({clock})")
    panels[0].set_title(title or str(x.attrs.get("title", "")))
    return figure
