"""The static picture of a strange loop."""

import numpy as np
import pytest

from midstream_lab import plot
from midstream_lab.errors import InputError
from midstream_lab.loops import Forget, StrangeLoop


def learned() -> StrangeLoop:
    loop = StrangeLoop(self_modify=False)
    loop.update(np.random.default_rng(0).standard_normal(300))
    loop.propose(Forget([]))
    loop.update(np.random.default_rng(1).standard_normal(300))
    return loop


def test_it_draws_the_rows_the_weights_the_verdicts_and_the_run() -> None:
    loop = learned()
    result, run = loop.result(rows=500), loop.shadow_run(0)
    figure = plot.loop(result, journal=loop.journal, run=run, title="a loop")
    top, middle, below = figure.axes
    value, prediction = top.lines[:2]
    np.testing.assert_array_equal(value.get_ydata(), result["value"])
    np.testing.assert_array_equal(prediction.get_ydata(), result["prediction"])
    assert [line.get_label() for line in middle.lines[:3]] == list(loop.experts)
    assert [text.get_text() for text in middle.texts] == ["0: proposed", "0: no evidence"]
    np.testing.assert_array_equal(below.lines[0].get_ydata(), run["excess"])
    assert plot.png(figure, dpi=50).startswith(b"\x89PNG")


def test_without_a_run_there_are_two_panels() -> None:
    assert len(plot.loop(learned().result(rows=50)).axes) == 2


def test_other_things_and_no_rows_are_refused() -> None:
    with pytest.raises(InputError, match="StrangeLoop"):
        plot.loop([1.0, 2.0])
    with pytest.raises(InputError, match="no rows to draw"):
        plot.loop(StrangeLoop().result())
