"""What can be served, and under which name."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import xarray as xr

from ..errors import InputError
from ..feed.schema import Source
from ..read import read
from .sources.replay import Replay

__all__ = ["Served", "named_sources"]

#: What can be served.
Served = Source | xr.DataArray | xr.Dataset | str | PathLike[str]


def named_sources(sources: tuple[Any, ...]) -> dict[str, Source]:
    """What was given to `serve`, as sources by their names; an `InputError` says what cannot be served."""
    named: dict[str, Source] = {}
    for given in sources:
        several = isinstance(given, Mapping) and not isinstance(given, xr.Dataset)
        items = given.items() if several else [(_default_name(given), given)]
        for label, thing in items:
            if not isinstance(label, str) or not label:
                raise InputError(f"a source needs a name that is a text, not {label!r}")
            if label in named:
                raise InputError(f"two sources are named {label!r}; give them names: serve({{'a': ..., 'b': ...}})")
            named[label] = _source(thing)
    if not named:
        raise InputError("serve() needs at least one source: a sequence, a Replay, a Simulation or another Source")
    return named


def _source(thing: Any) -> Source:
    if isinstance(thing, (str, PathLike)):
        thing = read(thing)
    if isinstance(thing, (xr.DataArray, xr.Dataset)):
        return Replay(thing)
    if not isinstance(thing, Source):
        raise InputError(
            f"{type(thing).__name__} is not a source: it needs schema, live and blocks(). Allowed: a DataArray "
            "(datasets.load, read, sequence), the path of a file, a Replay, a Simulation or another Source"
        )
    return thing


def _default_name(thing: Any) -> str:
    if isinstance(thing, (str, PathLike)):
        return Path(fspath(thing)).stem
    name = getattr(thing, "name", None)
    return name if isinstance(name, str) and name else "sequence"
