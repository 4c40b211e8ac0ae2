"""What a name on the command line means: a dataset, a system, a file of one's own, or lines from somewhere."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InputError

if TYPE_CHECKING:
    from ..stream.sources.pacing import Speed

__all__ = ["LINES", "labelled", "lines", "names", "only", "source"]

#: Systems that can be served by name: the class, and the sampling interval in its own time unit.
SYSTEMS = {"lorenz": ("Lorenz", "1/50"), "rossler": ("Rossler", "1/8"), "henon": ("Henon", None)}

#: How the names of sources of lines begin.
LINES = ("tail:", "udp:", "tcp:")


def names() -> list[str]:
    """Every name that `source` knows beside paths."""
    from .. import datasets

    return [*SYSTEMS, *datasets.names()]


def labelled(name: str) -> tuple[str | None, str]:
    """The label that was given to a name, and the name: ``pulse=ecg_mitbih_208``. A file may have ``=`` in its name."""
    label, mark, rest = name.partition("=")
    if not mark or Path(name).exists():
        return None, name
    if not label or not rest:
        raise InputError(f"{name!r} is neither a file nor LABEL=NAME; write for example pulse=ecg_mitbih_208")
    return label, rest


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
    if (Path(name) / "journal").is_file():
        raise InputError(f"{name} is a recording; midstream-lab replay {name} streams it, with its numbers and gaps")
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


def lines(
    name: str, *, channels: str | None = None, format: str | None = None, time: str | None = None, unit: str = "s"
) -> Any:
    """A stream source for lines: of standard input, of a file that grows, or that come to a port.

    Parameters
    ----------
    name : str
        ``-``, ``tail:PATH``, ``udp:PORT``, ``tcp:PORT``, or with an address before the port: ``udp:0.0.0.0:9000``.
    channels : str, optional
        ``x,y,note:text``: names, with their kind where they are no numbers. Ports need them.
    format, time, unit : str, optional
        As those of `midstream_lab.stream.Lines`.

    Raises
    ------
    InputError
        If the channels of a port are missing, or the port is none.
    """
    from ..stream import Lines, TcpLines, UdpLines

    declared = None if channels is None else _kinds(channels)
    options: dict[str, Any] = {"channels": declared, "format": format, "time": time, "unit": unit}
    if name == "-":
        return Lines(sys.stdin, **options)
    scheme, _, where = name.partition(":")
    if scheme == "tail":
        return Lines(where, begin="end", **options)
    host, _, port = where.rpartition(":")
    if not (port.isascii() and port.isdecimal()):
        raise InputError(f"{name!r} names no port; write {scheme}:9000, or {scheme}:0.0.0.0:9000 for all addresses")
    if declared is None:
        raise InputError(f"{name} has to know its channels before the first line; give --channels x,y,note:text")
    options |= {"format": format or "json", "host": host.strip("[]") or "127.0.0.1"}
    return {"udp": UdpLines, "tcp": TcpLines}[scheme](int(port), **options)


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


def _kinds(channels: str) -> dict[str, str]:
    """Names and kinds of ``x,y,note:text``."""
    parts = [part.strip().rpartition(":") for part in channels.split(",")]
    named = [(name, kind) if name else (kind, "float") for name, _, kind in parts]
    if len(dict(named)) < len(named):
        raise InputError(f"--channels {channels} names a channel twice")
    return dict(named)
