"""What the views under sliders share: all that is shown follows each move, computed on threads, the newest first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Generic, TypeVar

import ipywidgets

from midstream_lab import registry

from .base import Canvas, OnClock
from .clock import CLOCK
from .controls import Followed
from .latest import Latest
from .newest import Newest

__all__ = ["SliderView"]

#: What is shown: a frozen dataclass, replaced at each move.
S = TypeVar("S", bound=Any)

ROW = {"flex_flow": "row wrap", "width": "100%", "grid_gap": "4px 14px"}


class SliderView(OnClock, ipywidgets.VBox, Generic[S]):
    """Base of the views whose controls a person moves and a program sets."""

    _ended = True  # until it has been made: ipywidgets also closes what was refused

    def _build(
        self,
        shown: S,
        *,
        work: Mapping[str, tuple[Callable[[S], object], float]],
        controls: Mapping[str, Any],
        canvases: Sequence[Canvas],
        name: str,
    ) -> None:
        """Make the page, and compute what is shown at first.

        `work` is what is computed after each move, by name, each on a thread of its own: ``compute(shown)`` and the
        seconds without a move before it is begun. The first of the `canvases` is sent pictures with `_newest`.
        """
        self._shown = shown
        self._lock = threading.Condition()
        self._done: dict[str, S] = {}
        self._work = {part: compute for part, (compute, _) in work.items()}
        self._jobs = {part: Latest(f"{name}-{part}", rest=rest) for part, (_, rest) in work.items()}
        self._canvases = tuple(canvases)
        self._newest = Newest(canvases[0], heard=self._heard)
        for control in controls.values():
            control.style.description_width = "initial"
        self._controls = Followed(controls, moved=self._moved)
        rows = [tuple(each) for each in (controls.values(), canvases) if each]
        super().__init__(
            [row[0] if len(row) == 1 else ipywidgets.HBox(row, layout=ROW) for row in rows], layout={"width": "100%"}
        )
        self._name = name
        self._ended = False
        registry.register("view", name, self)
        self._follow(shown)

    # -- what a subclass says ------------------------------------------------------------------------

    def _moved(self, name: str, value: Any) -> None:
        """A person has moved a control."""
        self._change(**{name: value})

    def _control_values(self, shown: S) -> dict[str, Any]:
        """What the controls are to show."""
        return {name: getattr(shown, name) for name in self._controls.controls}

    def _slider_ranges(self, shown: S) -> dict[str, tuple[float, float, float]]:
        """Ends and step of the sliders whose range moves."""
        return {}

    def _heard(self, message: dict[str, Any]) -> None:
        """What a person has done in the picture."""

    def _complete(self, shown: S) -> None:
        """All that is shown has been computed."""

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def errors(self) -> list[str]:
        """What went wrong in the browser, oldest first."""
        return [error for canvas in self._canvases for error in canvas.errors]

    def wait(self, *, timeout: float = 60.0) -> bool:
        """Wait until all that is shown has been computed; False if it is not in time."""
        with self._lock:
            return self._lock.wait_for(self._is_complete, timeout)

    def close(self) -> None:
        """Remove the view; what is being computed is not waited for."""
        if self._ended:
            return
        self._ended = True
        registry.remove("view", self._name, self)
        self._newest.close()
        for job in self._jobs.values():
            job.close()
        for part in (*self._controls.controls.values(), *self._canvases, *self.children):
            part.close()
        super().close()

    # -- following a move ----------------------------------------------------------------------------

    def _change(self, **changes: Any) -> None:
        # The lock is held until all is asked for, so that of two moves at once the later is also asked for later.
        with self._lock:
            self._shown = shown = replace(self._shown, **changes)
            self._follow(shown)

    def _follow(self, shown: S) -> None:
        CLOCK.post(self._show_controls, shown)
        for part, job in self._jobs.items():
            job.ask(partial(self._compute, part, shown))

    def _over(self, shown: S) -> bool:
        """Whether nobody wants to see this any more."""
        return self._ended or shown is not self._shown

    def _compute(self, part: str, shown: S) -> None:
        self._work[part](shown)
        with self._lock:
            self._done[part] = shown
            if self._is_complete():
                self._complete(shown)
                self._lock.notify_all()

    def _is_complete(self) -> bool:
        return all(self._done.get(part) is self._shown for part in self._jobs)

    def _show_controls(self, shown: S) -> None:
        if not self._over(shown):
            self._controls.show(self._control_values(shown), self._slider_ranges(shown))
