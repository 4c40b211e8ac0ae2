"""What a server offers, as `Client.list` says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Offer", "offer_from"]


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A source that a server offers.

    Parameters
    ----------
    name : str
        What `Client.subscribe` takes.
    channels : tuple of str
        Names of its channels.
    interval : str
        Time between rows.
    live : bool
        Whether it cannot wait for a slow reader.
    """

    name: str
    channels: tuple[str, ...]
    interval: str
    live: bool


def offer_from(entry: dict[str, Any]) -> Offer:
    """What an entry of the server's list says; a `KeyError` or `TypeError` if it is none."""
    interval = (
        f"{entry['tick']} {entry['unit']}"
        if entry["step"] == 1
        else f"{entry['step']} x {entry['tick']} {entry['unit']}"
    )
    return Offer(
        name=str(entry["name"]),
        channels=tuple(str(channel["name"]) for channel in entry["channels"]),
        interval=interval if entry["step"] else "irregular",
        live=bool(entry["live"]),
    )
