"""What runs, by name: feeds, sinks, servers, clients.

Things that go on running after a notebook cell has ended belong to their name, not to a variable: making
one again under the same name closes the older one first, so cells can be run again and again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict, is_dataclass
from html import escape
from typing import Any, Protocol

from .errors import InputError

__all__ = ["Closeable", "Running", "close_all", "close_older", "register", "remove", "running", "set_panel"]

log = logging.getLogger("midstream_lab")


class Closeable(Protocol):
    """What can be registered."""

    def close(self) -> None:
        """End it; may be called again."""
        ...


_things: dict[tuple[str, str], Any] = {}
_lock = threading.Lock()
_panel: Callable[[], Any] | None = None


def register(kind: str, name: str, thing: Closeable) -> list[str]:
    """Hold `thing` under its name, and close an older one of the same kind and name first.

    Parameters
    ----------
    kind : str
        ``"feed"``, ``"sink"``, ``"server"``, ``"client"``.
    name : str
        The name; not empty.
    thing : object with close()
        Held strongly until `remove`, which its ``close`` must call.

    Returns
    -------
    list of str
        A line that says what was closed, for the new thing to show; empty if nothing was.

    Examples
    --------
    >>> class Lamp:
    ...     def close(self):
    ...         remove("lamp", "desk", self)
    >>> register("lamp", "desk", Lamp())
    []
    >>> register("lamp", "desk", Lamp())
    ["closed the older lamp 'desk'"]
    >>> running().close("desk")
    """
    if not name:
        raise InputError(f"a {kind} needs a name that is not empty")
    notes = close_older(kind, name)
    with _lock:
        _things[kind, name] = thing
    return notes


def close_older(kind: str, name: str) -> list[str]:
    """Close what stands under this name, before something takes its place (and its port, say).

    Returns
    -------
    list of str
        A line that says what was closed; empty if nothing was.
    """
    with _lock:
        older = _things.pop((kind, name), None)
    if older is None:
        return []
    log.info("closing the older %s %r", kind, name)
    older.close()
    return [f"closed the older {kind} {name!r}"]


def remove(kind: str, name: str, thing: Closeable) -> None:
    """Forget `thing`, if it is what stands under this name."""
    with _lock:
        if _things.get((kind, name)) is thing:
            del _things[kind, name]


class Running:
    """A table of what ran when it was made, and the means to close it."""

    def __init__(self) -> None:
        with _lock:
            self._held = dict(sorted(_things.items()))

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._held)

    def __contains__(self, name: object) -> bool:
        return any(name == held for _, held in self._held)

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Kind, name, state and counts of each thing, sorted by kind and name."""
        return [(kind, name, _state(thing), _counts(thing)) for (kind, name), thing in self._held.items()]

    def close(self, name: str, *, kind: str | None = None) -> None:
        """Close everything of this name (and kind).

        Raises
        ------
        InputError
            If nothing of that name was running.
        """
        found = [thing for (k, n), thing in self._held.items() if n == name and kind in (None, k)]
        if not found:
            names = ", ".join(dict.fromkeys(n for _, n in self._held)) or "nothing"
            raise InputError(f"nothing named {name!r} is running; running: {names}")
        for thing in found:
            thing.close()

    def close_all(self) -> None:
        """Close everything that runs: servers and clients first, then what they fed."""
        close_all()

    def __repr__(self) -> str:
        rows = [("kind", "name", "state", "counts"), *self.rows()]
        if len(rows) == 1:
            return "nothing is running"
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
        )

    def _repr_html_(self) -> str:
        if not self._held:
            return "<em>nothing is running</em>"
        head = "".join(f"<th>{title}</th>" for title in ("kind", "name", "state", "counts"))
        body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in self.rows())
        return f"<table><tr>{head}</tr>{body}</table>"

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """The panel with a close button for each row, where the widgets have given one."""
        if _panel is not None:
            return _panel()._repr_mimebundle_(**options)
        return {"text/plain": repr(self), "text/html": self._repr_html_()}


def running() -> Running:
    """What runs now, by kind and name.

    Returns
    -------
    Running
        Shows as a table; ``running().close(name)`` ends one, ``running().close_all()`` all.
    """
    return Running()


def close_all() -> None:
    """Close everything that runs: servers and clients first, then what they fed."""
    last = ("feed", "sink")
    with _lock:
        things = sorted(_things.items(), key=lambda item: (item[0][0] in last, item[0]))
    errors = []
    for _, thing in things:
        try:
            thing.close()
        except Exception as error:  # the others are still to be closed
            errors.append(error)
    if errors:
        raise errors[0]


def set_panel(factory: Callable[[], Any] | None) -> None:
    """Let notebooks show `running()` as the widget that `factory` makes; None for the plain table."""
    global _panel
    _panel = factory


def _state(thing: Any) -> str:
    if not getattr(thing, "closed", False):
        return getattr(thing, "interruption", "") or "running"
    return "closed" if getattr(thing, "error", None) is None else f"failed: {thing.error}"


def _counts(thing: Any) -> str:
    counts = getattr(thing, "counts", None)
    if not is_dataclass(counts) or isinstance(counts, type):
        return ""
    return ", ".join(f"{key} {value}" for key, value in asdict(counts).items() if value)


def _after_fork() -> None:
    """Nothing that ran in the parent runs in a forked child."""
    global _lock
    _lock = threading.Lock()
    _things.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
