"""What runs, as a table with a close button for each row."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import ipywidgets

from midstream_lab import registry
from midstream_lab.errors import InputError

from .base import OnClock
from .clock import CLOCK

__all__ = ["running_panel"]

#: Seconds between two looks at what runs.
PERIOD = 1.0


class CloseButton(OnClock, ipywidgets.Button):
    """Closes one thing."""


class RunningPanel(OnClock, ipywidgets.VBox):
    """Feeds, servers, clients, sinks and views by name, kept up to date while the panel is shown."""

    def __init__(self) -> None:
        super().__init__(layout=ipywidgets.Layout(width="100%"))
        self._lines: dict[tuple[str, str], ipywidgets.HBox] = {}
        self._due = 0.0
        self._shown: list[Any] = []
        self._empty = ipywidgets.Label("nothing is running")
        self.tick(0.0)
        CLOCK.join(self)

    def tick(self, now: float) -> None:
        """Follow what runs."""
        if now < self._due:
            return
        self._due = now + PERIOD
        rows = registry.running().rows()
        kept = {row[:2] for row in rows}
        for gone in self._lines.keys() - kept:
            _remove(self._lines.pop(gone))
        for kind, name, state, counts in rows:
            text = f"{kind}  ·  {name}  ·  {state}" + (f"  ·  {counts}" if counts else "")
            if (kind, name) not in self._lines:
                self._lines[kind, name] = self._line(kind, name)
            line = self._lines[kind, name]
            if line.children[1].value != text:
                line.children[1].value = text
        wanted = [self._lines[row[:2]] for row in rows] or [self._empty]
        if wanted != self._shown:
            self._shown = self.children = wanted

    def failed(self, error: Exception) -> None:
        """The clock has let go of the panel."""
        self._empty.value = f"this table stopped: {error}"
        self.children = [self._empty]

    def close(self) -> None:
        """Remove the panel; what runs goes on."""
        CLOCK.leave(self)
        for line in self._lines.values():
            _remove(line)
        self._lines = {}
        self._empty.close()
        super().close()

    def __repr__(self) -> str:
        return repr(registry.running())

    def _line(self, kind: str, name: str) -> ipywidgets.HBox:
        button = CloseButton(description="close", tooltip=f"Close the {kind} {name}")
        button.layout = ipywidgets.Layout(width="70px", flex="0 0 auto")
        button.on_click(lambda _: self._close_thing(kind, name))
        label = ipywidgets.Label(layout=ipywidgets.Layout(min_width="0", flex="1 1 auto"))
        return ipywidgets.HBox([button, label])

    def _close_thing(self, kind: str, name: str) -> None:
        with suppress(InputError):  # it may have ended by itself in the meantime
            registry.running().close(name, kind=kind)
        self._due = 0.0


def _remove(line: ipywidgets.HBox) -> None:
    for child in line.children:
        child.close()
    line.close()


_shown: RunningPanel | None = None


def running_panel() -> Any:
    """A widget that lists what runs and closes it on request; `midstream_lab.running()` shows it in notebooks.

    Returns
    -------
    ipywidgets.VBox
        There is one in a process: making another closes it.
    """
    global _shown
    if _shown is not None:
        _shown.close()
    _shown = RunningPanel()
    return _shown
