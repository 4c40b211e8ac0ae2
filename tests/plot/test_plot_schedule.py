"""The Gantt chart: lanes, marks, patterns, and what it refuses."""

import numpy as np
import pytest

from midstream_lab import plot
from midstream_lab.errors import InputError
from midstream_lab.scheduling import Task, TaskSet, simulate

TASKS = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)], unit="ms")


def test_each_core_and_task_has_its_line_and_the_title_counts_misses() -> None:
    axes = plot.schedule(simulate(TASKS, "rm", cores=1)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["core 0", "a", "b"]
    assert axes.get_title() == "rate-monotonic, 1 core: 1 deadline missed"
    assert axes.get_xlabel() == "time (ms)"
    assert plot.schedule(simulate(TASKS, "edf")).axes[0].get_title().endswith("no deadline missed")


def test_tasks_differ_by_pattern_too() -> None:
    axes = plot.schedule(simulate(TASKS, "rm")).axes[0]
    assert len({bars.get_hatch() for bars in axes.collections[:4]}) == 2


def test_a_miss_stands_at_its_deadline() -> None:
    axes = plot.schedule(simulate(TASKS, "rm")).axes[0]
    marks = next(c for c in axes.collections if c.get_label() == "miss")
    assert marks.get_offsets().tolist() == [[7.0, 2.0]]


@pytest.mark.parametrize(
    ("given", "options", "words"),
    [
        (np.zeros(3), {}, "draws a Schedule, as scheduling.simulate gives, not ndarray"),
        (simulate(TASKS, "rm"), {"start": 9, "end": 9}, "nothing between"),
        (simulate(TASKS, "rm", until=30_000), {}, "draw a part with start= and end="),
    ],
)
def test_what_cannot_be_drawn_is_refused(given, options, words) -> None:
    with pytest.raises(InputError, match=words):
        plot.schedule(given, **options)


def test_a_part_of_a_long_schedule_is_drawn() -> None:
    axes = plot.schedule(simulate(TASKS, "rm", until=30_000), start=100, end=150).axes[0]
    assert axes.get_xlim() == (100, 150)
