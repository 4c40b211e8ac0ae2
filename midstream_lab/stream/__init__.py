"""Sequences over QUIC: `serve` a source, `connect` with its card, subscribe, and it is a feed.

Needs the extra ``stream`` (aioquic, pyarrow); without it, using one of these names says so.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..errors import require

if TYPE_CHECKING:
    from .card import Card
    from .client import Client, Offer, connect
    from .server import Server, serve
    from .sources.replay import Replay
    from .sources.simulation import Simulation

__all__ = ["Card", "Client", "Offer", "Replay", "Server", "Simulation", "connect", "serve"]

_HOMES = {
    "Card": "card",
    "Client": "client",
    "Offer": "client",
    "Replay": "sources.replay",
    "Server": "server",
    "Simulation": "sources.simulation",
    "connect": "client",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _HOMES[name] in ("client", "server"):
        require("pyarrow", extra="stream")
        require("aioquic", extra="stream")
    return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
