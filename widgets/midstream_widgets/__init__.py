"""Live widgets for Jupyter: what a feed does, drawn in the browser while it happens."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from midstream_lab import registry
from midstream_lab.errors import require

if TYPE_CHECKING:
    from .alignment_view import AlignmentView as AlignmentView
    from .basin_map import BasinMap as BasinMap
    from .embedding_explorer import EmbeddingExplorer as EmbeddingExplorer
    from .live_attractor import LiveAttractor as LiveAttractor
    from .loop_inspector import LoopInspector as LoopInspector
    from .orbit_diagram import OrbitDiagram as OrbitDiagram
    from .poincare_section import PoincareSection as PoincareSection
    from .recurrence_plot import RecurrencePlot as RecurrencePlot
    from .running import running_panel as running_panel
    from .scheduler_stepper import SchedulerStepper as SchedulerStepper
    from .stream_monitor import StreamMonitor as StreamMonitor

__all__ = [
    "AlignmentView",
    "BasinMap",
    "EmbeddingExplorer",
    "LiveAttractor",
    "LoopInspector",
    "OrbitDiagram",
    "PoincareSection",
    "RecurrencePlot",
    "SchedulerStepper",
    "StreamMonitor",
    "running_panel",
]

_HOMES = {
    "AlignmentView": "alignment_view",
    "BasinMap": "basin_map",
    "EmbeddingExplorer": "embedding_explorer",
    "LiveAttractor": "live_attractor",
    "LoopInspector": "loop_inspector",
    "OrbitDiagram": "orbit_diagram",
    "PoincareSection": "poincare_section",
    "RecurrencePlot": "recurrence_plot",
    "SchedulerStepper": "scheduler_stepper",
    "StreamMonitor": "stream_monitor",
    "running_panel": "running",
}


def __getattr__(name: str) -> Any:
    # Jupyter's server imports `midstream_widgets.jupyter` and should not load widgets and kernels for that.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    for package in ("ipywidgets", "anywidget"):
        require(package, extra="widgets")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)


# In a notebook `midstream_lab.running()` shows a close button for each row once the widgets are there.
registry.set_panel(lambda: __getattr__("running_panel")())
