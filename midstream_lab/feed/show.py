"""How a feed shows itself, as text and in a notebook."""

from __future__ import annotations

from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .feed import Feed
    from .reader import Reader

__all__ = ["feed_html", "feed_text"]


def state_of(feed: Feed) -> str:
    """One phrase: running, what hinders it, closed, or why it failed."""
    if not feed.closed:
        return feed.interruption or "running"
    return "closed" if feed.error is None else f"failed: {feed.error}"


def rate_of(feed: Feed) -> str:
    """How far apart the rows are."""
    time = feed.schema.time
    return f"one row every {time.dt} {time.unit}" if time.regular else f"irregular, in ticks of {time.tick} {time.unit}"


def key_of(reader: Reader) -> str:
    """What names a reader: an operator, a sink, or what else reads."""
    return str(getattr(reader.listener, "key", type(reader.listener).__name__.lower()))


def feed_text(feed: Feed) -> str:
    """A line with the name, the channels, the counts and the state, then what readers lost, and the health."""
    channels = ", ".join(f"{c.name} [{c.unit}]" if c.unit else c.name for c in feed.schema.channels)
    counts = ", ".join(f"{key} {value}" for key, value in asdict(feed.counts).items() if value or key == "received")
    behind = [(key_of(reader), reader.policy, reader.counts.dropped) for reader in feed.readers]
    lines = [f"{key}: dropped {dropped} rows ({policy})" for key, policy, dropped in behind if dropped]
    notes = "".join(f"\n  {line}" for line in lines + feed.health)
    return f"Feed({feed.name or 'unnamed'}: {channels}; {rate_of(feed)}; {counts}; {state_of(feed)}){notes}"


def feed_html(feed: Feed) -> str:
    """The same as small tables."""
    channels = "".join(
        f"<tr><td>{escape(c.name)}</td><td>{escape(c.unit)}</td><td>{c.kind}</td></tr>" for c in feed.schema.channels
    )
    counts = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in asdict(feed.counts).items())
    titles = "".join(f"<th>{key}</th>" for key in ("reader", "policy", "received", "dropped", "waiting"))
    readers = "".join(f"<tr>{_reader_cells(reader)}</tr>" for reader in feed.readers)
    health = "".join(f"<li>{escape(line)}</li>" for line in feed.health)
    return (
        f"<div><strong>Feed {escape(feed.name or 'unnamed')}</strong>: "
        f"{escape(state_of(feed))}; {escape(rate_of(feed))}"
        f"<table><tr><th>channel</th><th>unit</th><th>kind</th></tr>{channels}</table>"
        f"<table>{counts}</table>"
        + (f"<table><tr>{titles}</tr>{readers}</table>" if readers else "")
        + (f"<ul>{health}</ul>" if health else "")
        + "</div>"
    )


def _reader_cells(reader: Reader) -> str:
    counts = reader.counts
    cells = (escape(key_of(reader)), reader.policy, counts.received, counts.dropped, counts.waiting)
    return "".join(f"<td>{cell}</td>" for cell in cells)
