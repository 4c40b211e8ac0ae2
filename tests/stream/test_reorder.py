"""Putting things back in order: whatever comes is given out once, in order where the wait allows it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.stream.reorder import Reorder


def test_what_is_missing_is_waited_for_and_then_passed() -> None:
    now = [0.0]
    order: Reorder[int] = Reorder(clock=lambda: now[0], wait=0.005)
    assert order.push(1, 1) == []
    assert order.deadline == 0.005
    now[0] = 0.004
    assert order.overdue() == []
    now[0] = 0.005
    assert order.overdue() == [1]
    assert order.deadline is None
    assert order.push(0, 0) == [0]  # late: whoever takes it counts it


def test_no_more_are_held_than_allowed() -> None:
    order: Reorder[int] = Reorder(clock=lambda: 0.0, most=3)
    assert [order.push(n, n) for n in (5, 3, 4)] == [[], [], []]
    assert order.push(9, 9) == [3, 4, 5]
    assert order.flush() == [9]


def test_what_comes_twice_is_given_out_twice() -> None:
    order: Reorder[int] = Reorder(clock=lambda: 0.0)
    assert order.push(1, 1) + order.push(1, 1) + order.push(0, 0) == [0, 1, 1]


@settings(deadline=None)
@given(st.permutations(range(30)), st.sets(st.integers(0, 29)), st.integers(1, 8))
def test_everything_is_given_out_once_and_in_order_if_nothing_was_passed(
    numbers: list[int], lost: set[int], most: int
) -> None:
    order: Reorder[int] = Reorder(clock=lambda: 0.0, most=most)
    found = [thing for n in numbers if n not in lost for thing in order.push(n, n)] + order.flush()
    assert sorted(found) == sorted(set(numbers) - lost)
    roomy: Reorder[int] = Reorder(clock=lambda: 0.0, most=30)
    found = [thing for n in numbers if n not in lost for thing in roomy.push(n, n)] + roomy.flush()
    assert found == sorted(found)
