"""Sequences over QUIC: `serve` a source, `connect` with its card, subscribe, and it is a feed; `record` keeps it.

Needs the extra ``stream`` (aioquic, pyarrow); without it, using one of these names says so.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from ..errors import require

if TYPE_CHECKING:
    from .card import Card
    from .client import Client, connect
    from .clock import ClockEstimate
    from .limits import Limits
    from .local_time import LocalTime
    from .offer import Offer
    from .server import Server, serve
    from .sources.generator import Generator
    from .sources.lines import Lines
    from .sources.replay import Replay
    from .sources.sampler import Sampler
    from .sources.simulation import Simulation
    from .sources.tcp import TcpLines
    from .sources.udp import UdpLines
    from .storage import Recorder, Recording, record

__all__ = [
    "Card",
    "Client",
    "ClockEstimate",
    "Generator",
    "Limits",
    "Lines",
    "LocalTime",
    "Offer",
    "Recorder",
    "Recording",
    "Replay",
    "Sampler",
    "Server",
    "Simulation",
    "TcpLines",
    "UdpLines",
    "connect",
    "record",
    "serve",
]

_HOMES = {
    "Card": "card",
    "Client": "client",
    "ClockEstimate": "clock",
    "Generator": "sources.generator",
    "Limits": "limits",
    "Lines": "sources.lines",
    "LocalTime": "local_time",
    "Offer": "offer",
    "Recorder": "storage",
    "Recording": "storage",
    "Replay": "sources.replay",
    "Sampler": "sources.sampler",
    "Server": "server",
    "Simulation": "sources.simulation",
    "TcpLines": "sources.tcp",
    "UdpLines": "sources.udp",
    "connect": "client",
    "record": "storage",
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
