"""What a name on the command line means: a shipped dataset, a system, or a file of one's own."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..stream.sources.pacing import Speed

#: Systems that can be served by name: the class, and the sampling interval in its own time unit.
SYSTEMS = {"lorenz": ("Lorenz", "1/50"), "rossler": ("Rossler", "1/8"), "henon": ("Henon", None)}


def names() -> list[str]:
    """Every name that `source` knows beside paths."""
    from .. import datasets

    return [*SYSTEMS, *datasets.names()]


def source(
    name: str, *, speed: Speed = 1.0, loop: bool = False, rate: float | None = None, channel: str | None = None
) -> Any:
    """A stream source for a dataset, a system or a file.

    Parameters
    ----------
    name : str
        Name of a system or of a shipped dataset, or the path of a CSV, NPY, Parquet, NetCDF, Zarr or WAV file.
    speed : float or "max", optional
        Multiple of the recording's own rate; ``"max"`` sends as fast as the reader takes it.
    loop : bool, optional
        Whether a recording starts again at its end.
    rate : float, optional
        Rows a second, for sequences whose own time has no seconds (months, a bare index).
    channel : str, optional
        Send this channel only.

    Raises
    ------
    InputError
        If nothing has that name.
    """
    from .. import datasets
    from ..read import read
    from ..stream import Replay, Simulation

    if name in SYSTEMS:
        from ..attractors import systems

        kind, dt = SYSTEMS[name]
        return Simulation(getattr(systems, kind)(), dt=dt, speed=speed, channels=None if channel is None else [channel])
    if Path(name).exists():
        x = read(name)
    elif name.split("/")[0] in datasets.names():
        x = datasets.load(name)
    else:
        known = names()
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{name!r} is neither a file nor a name known here.{hint} Known: {', '.join(known)}")
    if channel is not None:
        x = only(x, channel)
    return Replay(x, speed=speed, loop=loop, rate=rate)


def only(x: Any, channel: str) -> Any:
    """One channel of a sequence, or one variable of a Dataset.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    variables = getattr(x, "data_vars", None)
    if variables is not None:
        known = list(variables)
    elif "channel" in x.dims:
        known = list(x["channel"].values)
    else:
        known = [x.name]
    if channel not in known:
        raise InputError(f"no channel named {channel!r}; there are {', '.join(map(str, known))}")
    if variables is not None:
        return x[channel]
    return x.sel(channel=channel) if "channel" in x.dims else x
