"""The scheduler stepper without a browser: it steps, jumps, changes its tasks, and refuses what cannot be."""

import re

import pytest

from midstream_lab import registry
from midstream_lab.errors import InputError
from midstream_lab.scheduling import Task, TaskSet
from midstream_widgets import SchedulerStepper, scheduler_stepper
from midstream_widgets.base import join_esm

MISSES = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
EASY = TaskSet([Task("x", wcet=1, period=4), Task("y", wcet=1, period=6, deadline=5)], unit="ms")


class HandClock:
    """Handles what is posted at once."""

    def post(self, function, *args):
        function(*args)
        return True


@pytest.fixture
def show(monkeypatch):
    monkeypatch.setattr(scheduler_stepper, "CLOCK", HandClock())
    made = []

    def show(tasks=MISSES, **options):
        made.append(SchedulerStepper(tasks, **options))
        return made[-1]

    yield show
    for view in made:
        view.close()


def say(view, kind, **content):
    view._on_message(view._canvas, {"kind": kind, **content}, [])


def test_it_steps_forward_and_back_and_tells_the_page(show) -> None:
    view = show()
    assert (view.position, view.now, view.event) == (0, 0, None)
    for _ in range(3):
        event = view.step()
    assert (event.kind, event.task, view.position) == ("start", "a", 3)
    told = view._canvas._at
    assert told["event"] == str(event)
    assert [(row["task"], row["core"]) for row in told["queue"]] == [("a", 0), ("b", None)]
    assert view.step_back() == event
    assert view._canvas._at["position"] == view._slider.value == 2


def test_the_keys_do_what_the_buttons_do(show) -> None:
    view = show()
    for action, position in (("step", 1), ("step", 2), ("back", 1), ("last", view.total), ("first", 0), ("back", 0)):
        say(view, "key", action=action)
        assert view.position == position
    view._controls[1].click()
    assert view.position == 1
    view._controls[0].click()
    assert view.position == 0
    view.go_to(view.total)
    view._controls[1].click()
    assert view.position == view.total
    say(view, "key", action="unheard of")


def test_scrubbing_goes_to_any_event(show) -> None:
    view = show()
    view._slider.value = 17
    assert view.position == 17
    view._slider.value = 4
    assert view.position == 4
    assert view._canvas._at["position"] == 4


def test_the_next_miss_is_shown_with_its_reason(show) -> None:
    view = show()
    say(view, "key", action="miss")
    assert (view.event.kind, view.event.task, view.now) == ("miss", "b", 7)
    number = str(view.position - 1)
    assert "1 of 4 are left" in view._canvas._plan["misses"][number]
    view.next_miss()
    assert view.position == view.total


def test_the_plan_holds_every_segment_and_mark_with_its_event(show) -> None:
    plan = show()._canvas._plan
    assert [segment[:4] for segment in plan["segments"][:3]] == [[0, 0, 0, 2], [0, 1, 2, 5], [0, 0, 5, 7]]
    assert all(numbers[-1] < 51 for numbers in plan["segments"] + plan["marks"])
    assert {mark[0] for mark in plan["marks"]} == {"release", "preempt", "complete", "miss"}
    assert plan["until"] == 35


def test_another_policy_shows_the_same_tasks_from_the_beginning(show) -> None:
    view = show()
    view.go_to(20)
    view._policies.value = "edf"
    assert (view.policy, view.position) == ("edf", 0)
    assert view._canvas._plan["misses"] == {}
    assert view._canvas._title == "earliest deadline first on one core"
    view.policy = "rr"
    assert view._policies.value == "rr"


def test_other_tasks_show_their_schedule_at_once(show) -> None:
    view = show()
    view.go_to(20)
    view.taskset = EASY
    assert view._canvas._plan["unit"] == "ms"
    assert [task["name"] for task in view._canvas._plan["tasks"]] == ["x", "y"]
    assert view._slider.max == view.total
    assert view.position == 0


def test_a_policy_that_cannot_be_is_told_on_the_page_and_taken_back(show) -> None:
    mixed = TaskSet([Task("a", wcet=1, period=3, priority=1), Task("b", wcet=1, period=4)])
    view = show(mixed)
    said = []
    view._canvas.send = said.append
    view._policies.value = "fp"
    assert "give every task a priority or none" in said[0]["text"]
    assert (view.policy, view._policies.value) == ("rm", "rm")


def test_several_cores_and_notes_are_shown(show) -> None:
    view = show(TaskSet([Task(n, wcet=2, period=3) for n in "abc"]), policy="llf", cores=2)
    assert view._canvas._plan["cores"] == 2
    assert view._canvas._plan["misses"] == {}
    assert "more than one core" in show(TaskSet([Task(n, wcet=2, period=3) for n in "abc"]))._canvas._plan["notes"][0]


def test_a_snapshot_is_a_picture_of_what_has_happened(show) -> None:
    view = show()
    with pytest.raises(InputError, match="no time has passed yet"):
        view.snapshot()
    view.next_miss()
    picture = view.snapshot()
    assert picture.data.startswith(b"\x89PNG")
    assert repr(picture) == "rate-monotonic on one core; 10 of 51 events, now 7"


def test_a_long_hyperperiod_is_cut_and_too_much_is_refused(show) -> None:
    primes = TaskSet([Task(f"t{p}", wcet=1, period=p) for p in (1_000_003, 1_000_033, 1_000_037, 1_000_039)])
    assert show(primes).total <= scheduler_stepper.MOST_EVENTS
    with pytest.raises(InputError, match="at most about 20,000 events"):
        show(until=10**7)
    with pytest.raises(InputError, match="above 0"):
        show(until=0)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"polcy": "rm"}, "did you mean 'policy'"),
        ({"policy": "rmm"}, "did you mean 'rm'"),
        ({"cores": 0}, "cores must be"),
    ],
)
def test_what_cannot_be_shown_is_refused(show, options, words) -> None:
    with pytest.raises(InputError, match=words):
        show(**options)


def test_going_beyond_either_end_is_refused_to_a_program(show) -> None:
    view = show()
    with pytest.raises(InputError, match="stands at its beginning"):
        view.step_back()
    with pytest.raises(InputError, match="position must be from 0 to 51"):
        view.go_to(52)
    view.go_to(51)
    with pytest.raises(InputError, match="the chart ends at 35"):
        view.step()


def test_it_is_owned_by_name(show) -> None:
    first = show(name="mine")
    second = show(name="mine")
    assert first._ended
    assert ("view", "mine") in list(registry.running())
    second.close()
    second.close()
    assert ("view", "mine") not in list(registry.running())


def test_errors_of_the_browser_are_kept(show) -> None:
    view = show()
    say(view, "error", text="drawing: no canvas")
    assert view.errors == ["drawing: no canvas"]


def test_the_joined_module_is_self_contained() -> None:
    text = join_esm("scheduler_stepper.js")
    assert len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    assert not re.search(r"^\s*import\b", text, re.MULTILINE)
