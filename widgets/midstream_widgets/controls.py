"""The controls beside a live picture: ipywidgets whose messages are handled on the clock's thread."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import log10
from typing import Any

import ipywidgets

from .base import OnClock

__all__ = ["Controls", "Followed"]

#: Seconds within which a page sends back what it was told.
ECHO = 2.0

#: Lengths of the trail that are offered, in points.
TRAILS = (256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576)


class Slider(OnClock, ipywidgets.IntSlider):
    """A whole number in a range."""


class NumberSlider(OnClock, ipywidgets.FloatSlider):
    """A number in a range."""


class LogSlider(OnClock, ipywidgets.FloatLogSlider):
    """A number in a range of powers of ten."""


class Choice(OnClock, ipywidgets.Dropdown):
    """One of several."""


class Steps(OnClock, ipywidgets.SelectionSlider):
    """One of several in order."""


class Switch(OnClock, ipywidgets.ToggleButton):
    """On or off."""


class Controls:
    """Delay, dimension, colour, trail and pause.

    Parameters
    ----------
    values : dict
        What they show at first; ``delay`` and ``dim`` are left out when there is nothing to embed.
    longest : int
        Longest delay, in samples.
    changed : callable
        ``changed(name, value)``, called when a person, or a program, has changed one.
    """

    def __init__(self, values: dict[str, Any], *, longest: int, changed: Callable[[str, Any], object]):
        made: dict[str, Any] = {}
        if "delay" in values:
            tip = "Samples between the components of the delay vectors"
            made["delay"] = Slider(min=1, max=longest, description="delay τ", tooltip=tip, continuous_update=True)
            tip = "Number of components of the delay vectors"
            made["dim"] = Choice(options=[2, 3], description="dimension", tooltip=tip)
        made["trail"] = Steps(options=_trails(values["trail"]), description="trail", tooltip="Points shown")
        made["color"] = Choice(options=["time", "speed"], description="colour by", tooltip="What the colour means")
        made["paused"] = Switch(description="pause", tooltip="Hold the picture; the stream goes on (space bar)")
        for name, control in made.items():
            control.value = values[name]
            control.layout = ipywidgets.Layout(flex="1 1 190px", min_width="0", max_width="380px")
            if name != "paused":
                control.style.description_width = "initial"
            control.observe(lambda change, name=name: changed(name, change["new"]), names="value")
        made["paused"].layout = ipywidgets.Layout(flex="0 0 90px")
        self.by_name = made
        self.box = ipywidgets.HBox(list(made.values()), layout=ipywidgets.Layout(flex_flow="row wrap", width="100%"))

    def show(self, values: dict[str, Any]) -> None:
        """Bring the controls to `values`; called on the clock's thread."""
        for name, control in self.by_name.items():
            value = values[name]
            if name == "delay" and value > control.max:
                control.max = value
            if name == "trail" and value not in control.options:
                control.options = _trails(value)
            if name == "paused":
                control.description = "go on" if value else "pause"
            if control.value != value:
                control.value = value

    def close(self) -> None:
        """Remove them from the page."""
        for control in (*self.by_name.values(), self.box):
            control.close()


class Followed:
    """Controls that a person moves and a program sets; neither's move is taken for the other's.

    A page rounds what it is told to the steps of a slider and sends that back, perhaps after the next move.

    Parameters
    ----------
    controls : dict of str to ipywidgets.Widget
        By name.
    moved : callable
        ``moved(name, value)``, called on the clock's thread when a person has moved one.
    """

    def __init__(self, controls: Mapping[str, Any], *, moved: Callable[[str, Any], object]):
        self.controls, self._moved = controls, moved
        self._stands = {name: control.value for name, control in controls.items()}
        self._told: dict[str, deque[tuple[float, Any]]] = {name: deque(maxlen=256) for name in controls}
        self._showing = False
        for name, control in controls.items():
            control.observe(lambda change, name=name: self._heard(name, change["new"]), names="value")

    def show(self, values: Mapping[str, Any], ranges: Mapping[str, tuple[float, float, float]] | None = None) -> None:
        """Bring the controls to `values`, and sliders to ends and steps; called on the clock's thread."""
        self._showing = True
        try:
            for name, (low, high, step) in (ranges or {}).items():
                slider = self.controls[name]
                with slider.hold_sync():
                    slider.min, slider.max = min(low, slider.min), max(high, slider.max)
                    slider.min, slider.max, slider.step = low, high, step
            for name, value in values.items():
                self._stands[name] = value
                if not self._near(name, value, self.controls[name].value):
                    self.controls[name].value = value
                    self._told[name].append((time.monotonic(), value))
        finally:
            self._showing = False

    def _heard(self, name: str, value: Any) -> None:
        begun = time.monotonic() - ECHO
        echo = any(when > begun and self._near(name, value, told) for when, told in self._told[name])
        if not (self._showing or echo or self._near(name, value, self._stands[name])):
            self._stands[name] = value
            self._moved(name, value)

    def _near(self, name: str, value: Any, other: Any) -> bool:
        """Whether two values are the same step of a slider."""
        control = self.controls[name]
        if isinstance(control, LogSlider):
            return bool(abs(log10(value / other)) < 0.505 * control.step)
        if isinstance(control, NumberSlider):
            return bool(abs(value - other) < 0.505 * control.step)
        return bool(value == other)


def _trails(value: int) -> Sequence[int]:
    return sorted({*TRAILS, value})
