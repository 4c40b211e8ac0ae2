"""What a feed carries."""

from fractions import Fraction

import numpy as np
import pytest

from midstream_lab.errors import InputError
from midstream_lab.feed import Block, Channel, Schema
from midstream_lab.timebase import TimeBase


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Channel(name=""), "needs a name"),
        (lambda: Channel(name="x", kind="complex"), "allowed: float, int, bool, category, text"),
        (lambda: Schema(channels=()), "at least one channel"),
        (lambda: Schema(channels=(Channel(name="x"), Channel(name="x"))), "must be distinct"),
        (lambda: Schema(channels=(Channel(name="x"), Channel(name="y"))).index("z"), "there are x, y"),
    ],
)
def test_what_is_no_schema_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()


def test_a_cut_keeps_numbers_times_and_the_gap_of_its_beginning():
    regular = Block(first=10, start=100, columns=(np.arange(6.0),), gap=3)
    assert (regular.stop, regular.end_tick(5)) == (16, 125)
    head, rest = regular.cut(0, 2, step=5), regular.cut(2, 6, step=5)
    assert (head.first, head.start, head.gap) == (10, 100, 3)
    assert (rest.first, rest.start, rest.gap, len(rest)) == (12, 110, 0, 4)
    irregular = Block(first=0, start=7, columns=(np.arange(3.0),), ticks=np.array([7, 9, 20]))
    assert irregular.cut(1, 3, step=0).start == 9
    assert irregular.end_tick(0) == 20


def test_channels_without_numbers_say_so():
    kinds = {kind: Channel(name="c", kind=kind).numeric for kind in ("float", "int", "bool", "category", "text")}
    assert kinds == {"float": True, "int": True, "bool": True, "category": False, "text": False}
    assert Schema(channels=(Channel(name="x"),)).time == TimeBase(tick=Fraction(1))
