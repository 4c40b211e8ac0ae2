"""How a feed shows itself, as text and in a notebook."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .feed import Feed

__all__ = ["feed_html", "feed_text"]


def state_of(feed: Feed) -> str:
    """One phrase: running, closed, or why it failed."""
    if not feed.closed:
        return "running"
    return "closed" if feed.error is None else f"failed: {feed.error}"


def rate_of(feed: Feed) -> str:
    """How far apart the rows are."""
    time = feed.schema.time
    return f"one row every {time.dt} {time.unit}" if time.regular else f"irregular, in ticks of {time.tick} {time.unit}"


def feed_text(feed: Feed) -> str:
    """One line with the name, the channels, the counts and the state."""
    channels = ", ".join(f"{c.name} [{c.unit}]" if c.unit else c.name for c in feed.schema.channels)
    counts = ", ".join(f"{key} {value}" for key, value in asdict(feed.counts).items() if value or key == "received")
    notes = "".join(f"\n  {line}" for line in feed.health)
    return f"Feed({feed.name or 'unnamed'}: {channels}; {rate_of(feed)}; {counts}; {state_of(feed)}){notes}"


def feed_html(feed: Feed) -> str:
    """The same as small tables."""
    channels = "".join(
        f"<tr><td>{escape(c.name)}</td><td>{escape(c.unit)}</td><td>{c.kind}</td></tr>" for c in feed.schema.channels
    )
    counts = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in asdict(feed.counts).items())
    health = "".join(f"<li>{escape(line)}</li>" for line in feed.health)
    return (
        f"<div><strong>Feed {escape(feed.name or 'unnamed')}</strong>: "
        f"{escape(state_of(feed))}; {escape(rate_of(feed))}"
        f"<table><tr><th>channel</th><th>unit</th><th>kind</th></tr>{channels}</table>"
        f"<table>{counts}</table>" + (f"<ul>{health}</ul>" if health else "") + "</div>"
    )
