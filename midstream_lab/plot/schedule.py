"""A schedule as a Gantt chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from .style import PALETTE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["HATCHES", "schedule"]

#: Beside the colour, each task has a pattern, so that the picture is readable without colours.
HATCHES = ("", "///", "..", "\\\\\\", "||", "xx")

#: Segments and marks that one picture can show.
MOST_DRAWN = 5000


def schedule(result: Any, *, start: float = 0.0, end: float | None = None, title: str = "") -> Figure:
    """A Gantt chart: a lane for each core, then a line for each task with its releases, deadlines and misses.

    Parameters
    ----------
    result : Schedule
        What `scheduling.simulate` or `Simulation.schedule` gives.
    start, end : float, optional
        The part to draw, in the schedule's unit; default all of it.
    title : str, optional
        Default: policy, cores, and how many jobs missed their deadline in this part.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If `result` is no schedule, the part is empty, or more would be drawn than can be told apart.

    Examples
    --------
    >>> from midstream_lab.scheduling import Task, TaskSet, simulate
    >>> tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
    >>> schedule(simulate(tasks, "rm")).axes[0].get_xlabel()
    'time'
    """
    if not hasattr(result, "segments") or not hasattr(result, "taskset"):
        raise InputError(f"plot.schedule draws a Schedule, as scheduling.simulate gives, not {type(result).__name__}")
    end = float(result.until) if end is None else float(end)
    if not start < end:
        raise InputError(
            f"there is nothing between start {start!r} and end {end!r}; the schedule ends at {result.until}"
        )
    segments, jobs = result.segments, result.jobs
    segments = segments[(segments.end > start) & (segments.start < end)]
    jobs = jobs[(jobs.deadline >= start) & (jobs.release <= end)]
    if len(segments) + len(jobs) > MOST_DRAWN:
        raise InputError(
            f"{len(segments):,} segments and {len(jobs):,} jobs are more than one picture can show "
            f"({MOST_DRAWN:,}); draw a part with start= and end="
        )
    names, cores = result.taskset.names, result.cores
    lines = [f"core {core}" for core in range(cores)] + list(names)
    figure = new_figure(8.0, min(16.0, 1.4 + 0.34 * len(lines)))
    axes: Any = figure.add_subplot()
    line_of = {name: cores + i for i, name in enumerate(names)}
    for i, name in enumerate(names):
        mine = segments[segments.task == name]
        spans = list(zip(mine.start, mine.end - mine.start, strict=True))
        style = {
            "facecolor": PALETTE[i % 8],
            "hatch": HATCHES[(i + i // 8) % 6],
            "edgecolor": "white",
            "linewidth": 0.6,
        }
        for core in np.unique(mine.core):
            axes.broken_barh(
                [s for s, c in zip(spans, mine.core, strict=True) if c == core], (core - 0.38, 0.76), **style
            )
        axes.broken_barh(spans, (line_of[name] - 0.25, 0.5), **style)
    _label(axes, segments, start, end)
    rows = jobs.task.map(line_of)
    missed = jobs[jobs.missed]
    marks = (
        ("release", jobs.release, rows + 0.36, "^", "0.25"),
        ("deadline", jobs.deadline, rows - 0.36, "v", "0.25"),
        ("miss", missed.deadline, missed.task.map(line_of), "X", PALETTE[3]),
    )
    for label, times, heights, marker, color in marks:
        big = label == "miss"
        axes.scatter(
            times, heights, marker=marker, s=110 if big else 14, c=color, label=label, zorder=3,
            edgecolors="black" if big else "none", linewidths=1.0 if big else 0.0,
        )  # fmt: skip
    axes.axhline(cores - 0.5, color="0.5", linewidth=0.8)
    axes.set_yticks(range(len(lines)), lines)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    axes.set_xlim(start, end)
    axes.set_xlabel(f"time ({result.taskset.unit})" if result.taskset.unit else "time")
    count = int(((missed.deadline > start) & (missed.deadline <= end)).sum())
    on = "1 core" if cores == 1 else f"{cores} cores"
    said = "no deadline missed" if not count else f"{count} deadline{'s' * (count > 1)} missed"
    axes.set_title(title or f"{result.policy.title}, {on}: {said}")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def _label(axes: Any, segments: Any, start: float, end: float) -> None:
    """Write names on the segments of the core lanes that are wide enough for them."""
    for row in segments.itertuples():
        left, right = max(row.start, start), min(row.end, end)
        if (right - left) / (end - start) * 75 > len(row.task):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.85}
            axes.text((left + right) / 2, row.core, row.task, ha="center", va="center", fontsize=7, bbox=box)
