"""Feeds on disk: `record` writes one to a crash-safe Zarr store, `Recording` opens it and plays it again.

Needs the extra ``record`` (zarr).
"""

from .recorder import RecordCounts, Recorder, record
from .recording import Recording
from .runs import Run

__all__ = ["RecordCounts", "Recorder", "Recording", "Run", "record"]
