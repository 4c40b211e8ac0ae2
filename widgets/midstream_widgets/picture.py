"""What a live view leaves behind: a static picture, or its points in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab import plot
from midstream_lab.errors import InputError

from .base import Snapshot

__all__ = ["broken", "export", "snapshot"]


def broken(vertices: np.ndarray, dim: int) -> np.ndarray:
    """The coordinates and speeds of `vertices`, with a row of NaN where the line breaks."""
    breaks = np.flatnonzero(np.diff(vertices[:, 4])) + 1
    return np.insert(vertices[:, [*range(dim), 3]], breaks, np.nan, axis=0)


def snapshot(vertices: np.ndarray, look: dict[str, Any], *, title: str) -> Snapshot:
    """A PNG of the vertices as `plot.attractor` draws them, under 200 kB."""
    if len(vertices) < 2:
        raise InputError("there are too few rows to draw; feed.wait(n=...) waits for them")
    rows = broken(vertices, look["dim"])
    points, speed = rows[:, :-1], rows[:, -1]
    shade = speed if look["color"] == "speed" else np.linspace(-1.0, 0.0, len(points))
    figure = plot.attractor(
        points, labels=look["labels"], color=shade, color_label=look["color_label"], title=title, style=look["style"]
    )
    return Snapshot(plot.png(figure, dpi=80), f"{title}; {len(vertices):,} points")


def export(vertices: np.ndarray, look: dict[str, Any], path: Path, *, title: str) -> Path:
    """Write a picture (``.png``) or the points (``.csv``, ``.npz``) to `path`."""
    suffix = path.suffix.lower()
    if suffix == ".png":
        return snapshot(vertices, look, title=title).save(path)
    if suffix not in (".csv", ".npz"):
        raise InputError(f"cannot export to {path.name!r}: the name must end in .png, .csv or .npz")
    rows = broken(vertices, look["dim"])
    names = [*look["labels"], "speed"]
    if suffix == ".npz":
        np.savez_compressed(path, points=rows[:, :-1], speed=rows[:, -1], labels=np.array(names[:-1]), title=title)
    else:
        # A CSV header keeps one name for each column: commas and quotes have no place in it.
        header = ",".join(name.replace(",", " ").replace('"', "") for name in names)
        np.savetxt(path, rows, delimiter=",", header=header, comments="", fmt="%.17g")
    return path
