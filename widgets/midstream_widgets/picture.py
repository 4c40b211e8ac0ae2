"""What a live view leaves behind: a static picture, or its points in a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab import plot
from midstream_lab.errors import InputError

from .base import Snapshot

__all__ = ["Shown"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What a view shows at one moment.

    Parameters
    ----------
    vertices : ndarray, shape (n, COLUMNS)
        As `Trail.take` gives them.
    ages : ndarray, shape (n,)
        Time from each vertex to the newest.
    look : dict
        As `Subject.look` gives it.
    title, lag : str
        What it is, and the delay in words; empty without one.
    """

    vertices: np.ndarray
    ages: np.ndarray
    look: dict[str, Any]
    title: str
    lag: str

    def rows(self) -> np.ndarray:
        """Coordinates, speed and age of each vertex, with a row of NaN where the line breaks."""
        breaks = np.flatnonzero(np.diff(self.vertices[:, 4])) + 1
        columns = self.vertices[:, [*range(self.look["dim"]), 3]]
        return np.insert(np.column_stack((columns, self.ages)), breaks, np.nan, axis=0)

    def snapshot(self) -> Snapshot:
        """A PNG as `plot.attractor` draws it, under 200 kB."""
        if len(self.vertices) < 2:
            raise InputError("there are too few rows to draw; feed.wait(n=...) waits for them")
        rows, look = self.rows(), self.look
        figure = plot.attractor(
            rows[:, : look["dim"]],
            labels=look["labels"],
            color=rows[:, -2 if look["color"] == "speed" else -1],
            color_label=look["color_label"],
            title="\n".join(filter(None, (self.title, self.lag))),
            style=look["style"],
        )
        return Snapshot(plot.png(figure, dpi=80), f"{self.title}; {len(self.vertices):,} points")

    def export(self, path: Path) -> Path:
        """Write a picture (``.png``) or the points (``.csv``, ``.npz``) to `path`."""
        suffix = path.suffix.lower()
        if suffix == ".png":
            return self.snapshot().save(path)
        if suffix not in (".csv", ".npz"):
            raise InputError(f"cannot export to {path.name!r}: the name must end in .png, .csv or .npz")
        rows, labels = self.rows()[:, :-1], self.look["labels"]
        if suffix == ".npz":
            np.savez_compressed(path, points=rows[:, :-1], speed=rows[:, -1], labels=np.array(labels), title=self.title)
        else:
            # A CSV header keeps one name for each column: commas and quotes have no place in it.
            header = ",".join(name.replace(",", " ").replace('"', "") for name in [*labels, "speed"])
            np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.17g")
        return path
