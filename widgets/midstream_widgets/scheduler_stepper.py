"""A scheduler that a person steps through: a Gantt chart with the reason of every decision."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets
import traitlets

from midstream_lab import plot, registry
from midstream_lab.errors import InputError
from midstream_lab.plot.schedule import HATCHES
from midstream_lab.plot.style import PALETTE
from midstream_lab.scheduling import POLICIES, Event, Simulation, TaskSet

from .base import Canvas, OnClock, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .controls import Choice, Slider

__all__ = ["SchedulerStepper"]

#: Events that one chart may be expected to hold; without `until=` it ends where about a tenth of that is.
MOST_EVENTS = 20_000

#: Kinds of events that are drawn as marks.
MARKS = ("release", "preempt", "complete", "miss")

KEYWORDS = ("policy", "cores", "until", "quantum", "preemptive", "name")


class SchedulerCanvas(Canvas):
    """The chart alone; `SchedulerStepper` fills it."""

    _esm = join_esm("scheduler_stepper.js")
    _plan = traitlets.Dict().tag(sync=True)
    _at = traitlets.Dict().tag(sync=True)


class StepButton(OnClock, ipywidgets.Button):
    """Moves the stepper."""


class SchedulerStepper(OnClock, ipywidgets.VBox):
    """Step through a schedule, forward and back, and read why each decision was taken.

    The chart has a lane for each core and a line for each task with its releases, deadlines and misses. The
    buttons, the slider and the arrow keys move it from event to event; Home, End and M (the next miss) jump.

    Parameters
    ----------
    taskset : TaskSet
        What to schedule.
    policy : {"rm", "dm", "fp", "edf", "llf", "fifo", "rr"}, optional
        Default ``"rm"``; the person can choose another.
    cores : int, optional
        Number of identical cores; default 1.
    until : number or str, optional
        Where the chart ends, in the unit of the task set; default: one hyperperiod, or earlier where that would
        be more than about 2000 events.
    quantum : number or str, optional
        For ``"llf"`` and ``"rr"``, as for `scheduling.Simulation`.
    preemptive : bool, optional
        Default True.
    name : str, optional
        A view with the same name is closed first; default ``"scheduler"``.

    Attributes
    ----------
    errors : list of str
        What went wrong in the browser.

    Raises
    ------
    InputError
        If a keyword does not exist, a value is not allowed, or more than 20,000 events would come up to `until`.

    Examples
    --------
    >>> from midstream_lab.scheduling import Task, TaskSet
    >>> tasks = TaskSet([Task("a", wcet=2, period=5), Task("b", wcet=4, period=7)])
    >>> view = SchedulerStepper(tasks, policy="edf")
    >>> view.step().kind, view.position
    ('release', 1)
    >>> view.close()
    """

    _ended = True  # until it has been made: ipywidgets also closes what was refused

    def __init__(
        self,
        taskset: TaskSet,
        *,
        policy: str = "rm",
        cores: int = 1,
        until: Any = None,
        quantum: Any = None,
        preemptive: bool = True,
        name: str = "scheduler",
        **unknown: Any,
    ):
        reject_unknown(unknown, KEYWORDS, what="SchedulerStepper")
        self._lock = threading.RLock()
        self._cores, self._until, self._quantum, self._preemptive = cores, until, quantum, preemptive
        self._load(taskset, policy)
        look = {"palette": PALETTE, "patterns": len(HATCHES)}
        self._canvas = SchedulerCanvas(_title=self._title(), _look=look, _plan=self._plan, _at=self._where())
        self._canvas.on_msg(self._on_message)
        self._controls = self._make_controls()
        super().__init__(
            [self._canvas, ipywidgets.HBox(self._controls, layout=ipywidgets.Layout(flex_flow="row wrap"))],
            layout=ipywidgets.Layout(width="100%"),
        )
        self._ended = False
        self._name = name
        registry.register("view", name, self)

    # -- what a program may do -----------------------------------------------------------------------

    @property
    def errors(self) -> list[str]:
        """What went wrong in the browser, oldest first."""
        return list(self._canvas.errors)

    @property
    def position(self) -> int:
        """Number of events that have happened."""
        return self._simulation.count

    @property
    def total(self) -> int:
        """Number of events up to the end of the chart."""
        return self._total

    @property
    def now(self) -> int | float:
        """Time of the simulation, in the unit of the task set."""
        return self._simulation.now

    @property
    def event(self) -> Event | None:
        """The newest event; None at the beginning."""
        return self._simulation.event(self.position - 1) if self.position else None

    @property
    def policy(self) -> str:
        """The policy; set it to see the same tasks under another, from the beginning."""
        return self._simulation.policy.name

    @policy.setter
    def policy(self, value: str) -> None:
        self._change(self._simulation.taskset, value)

    @property
    def taskset(self) -> TaskSet:
        """The tasks; set them to see others at once, from the beginning."""
        return self._simulation.taskset

    @taskset.setter
    def taskset(self, value: TaskSet) -> None:
        self._change(value, self.policy)

    def step(self) -> Event:
        """Go on to the next event and return it; `InputError` at the end of the chart."""
        with self._lock:
            if self.position >= self._total:
                raise InputError(
                    f"the chart ends at {self._plan['until']:g} with event {self._total}; until= makes it longer"
                )
            event = self._simulation.step()
        self._refresh()
        return event

    def step_back(self) -> Event:
        """Undo the newest event and return what was undone; `InputError` at the beginning."""
        with self._lock:
            event = self._simulation.step_back()
        self._refresh()
        return event

    def go_to(self, position: int) -> None:
        """Show the state after `position` events, from 0 to `total`."""
        with self._lock:
            if not 0 <= position <= self._total:
                raise InputError(f"position must be from 0 to {self._total}, not {position!r}")
            self._simulation.go_to(int(position))
        self._refresh()

    def next_miss(self) -> None:
        """Go on to the next missed deadline, or to the end if there is none."""
        with self._lock:
            later = [number + 1 for kind, *_, number in self._plan["marks"] if kind == "miss"]
            self.go_to(next((number for number in later if number > self.position), self._total))

    def snapshot(self) -> Snapshot:
        """A static picture of what has happened so far, for a saved notebook.

        Raises
        ------
        InputError
            If no time has passed yet.
        """
        with self._lock:
            done = self._simulation.schedule()
        if not done.until:
            raise InputError("no time has passed yet; step() or go_to() first")
        shown = min(float(done.until), self._plan["until"])
        text = f"{self._title()}; {self.position} of {self._total} events, now {self.now:g}"
        return Snapshot(plot.png(plot.schedule(done, end=shown), dpi=80), text)

    def close(self) -> None:
        """Remove the view."""
        if self._ended:
            return
        self._ended = True
        registry.remove("view", self._name, self)
        for control in self._controls:
            control.close()
        self.children[1].close()
        self._canvas.close()
        super().close()

    def __repr__(self) -> str:
        return f"SchedulerStepper({len(self.taskset)} tasks, policy={self.policy!r}, cores={self._cores})"

    # -- the chart -------------------------------------------------------------------------------------

    def _load(self, taskset: TaskSet, policy: str) -> None:
        """Simulate the whole chart once, and stand at its beginning."""
        # The chosen quantum waits for a policy that has one, so that policies can be compared.
        sliced = policy in POLICIES and POLICIES[policy].sliced
        simulation = Simulation(
            taskset, policy, self._cores, quantum=self._quantum if sliced else None, preemptive=self._preemptive
        )
        until = _default_end(taskset) if self._until is None else self._until
        rate = float(sum(1 / row[1] for row in taskset.table))
        ticks = taskset.ticks(until, "until")
        if ticks < 1 or 4 * rate * ticks > MOST_EVENTS:
            raise InputError(
                f"until must be above 0 and give at most about {MOST_EVENTS:,} events, not {until!r}; take less"
            )
        simulation.run_until(until)
        plan = _plan(simulation, until)
        total = simulation.count
        simulation.reset()
        self._simulation, self._plan, self._total = simulation, plan, total

    def _change(self, taskset: TaskSet, policy: str) -> None:
        with self._lock:
            self._load(taskset, policy)
        CLOCK.post(self._show_plan)

    def _title(self) -> str:
        cores = "one core" if self._cores == 1 else f"{self._cores} cores"
        return f"{self._simulation.policy.title} on {cores}"

    def _where(self) -> dict[str, Any]:
        """What changes with every step."""
        with self._lock:
            event = self.event
            return {
                "position": self.position,
                "now": float(self.now),
                "clock": f"{self.now:.10g}",
                "event": str(event) if event else "At the beginning: nothing has happened yet.",
                "kind": event.kind if event else "",
                "queue": self._simulation.queue()[:50],
            }

    def _refresh(self) -> None:
        CLOCK.post(self._show)

    def _show(self) -> None:
        """Bring the page to where the simulation stands; on the clock's thread."""
        if self._ended:
            return
        where = self._where()
        self._canvas._at = where
        slider = self._slider
        if slider.value != where["position"]:
            slider.value = where["position"]

    def _show_plan(self) -> None:
        if self._ended:
            return
        with self._lock:
            plan, title, total, policy = self._plan, self._title(), self._total, self.policy
        self._canvas._title, self._canvas._plan = title, plan
        self._slider.value, self._slider.max = 0, total
        if self._policies.value != policy:
            self._policies.value = policy
        self._show()

    # -- what a person does ----------------------------------------------------------------------------

    def _make_controls(self) -> list[Any]:
        def button(text: str, tip: str, action: Callable[[], object]) -> StepButton:
            made = StepButton(description=text, tooltip=tip, layout=ipywidgets.Layout(flex="0 0 92px"))
            made.on_click(lambda _: self._do(action))
            return made

        self._slider = Slider(
            min=0, max=self._total, value=0, description="event", tooltip="Scrub through the events",
            continuous_update=True, layout=ipywidgets.Layout(flex="1 1 220px", min_width="0"),
        )  # fmt: skip
        self._slider.style.description_width = "initial"
        self._slider.observe(self._from_slider, names="value")
        self._policies = Choice(
            options=[(each.title, name) for name, each in POLICIES.items()], value=self.policy,
            description="policy", tooltip="Schedule the same tasks by another policy",
            layout=ipywidgets.Layout(flex="1 1 230px", min_width="0", max_width="320px"),
        )  # fmt: skip
        self._policies.style.description_width = "initial"
        self._policies.observe(self._from_policies, names="value")
        return [
            button("◀ back", "Undo the newest event (left arrow)", self.step_back),
            button("step ▶", "Go on to the next event (right arrow)", self.step),
            button("next miss", "Go on to the next missed deadline (M)", self.next_miss),
            self._slider,
            self._policies,
        ]

    def _from_slider(self, change: dict[str, Any]) -> None:
        if change["new"] != self.position and change["new"] <= self._total:
            self.go_to(change["new"])

    def _from_policies(self, change: dict[str, Any]) -> None:
        if change["new"] == self.policy:
            return
        try:
            self.policy = change["new"]
        except InputError as error:
            self._canvas.send({"kind": "notice", "text": str(error)})
            self._policies.value = self.policy

    def _do(self, action: Callable[[], object]) -> None:
        """Do what a person asked for; at an end of the chart there is nothing to do."""
        forward = action != self.step_back
        if (forward and self.position < self._total) or (not forward and self.position):
            action()

    def _on_message(self, _: Any, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        actions: dict[str, Callable[[], object]] = {
            "step": self.step,
            "back": self.step_back,
            "first": lambda: self.go_to(0),
            "last": lambda: self.go_to(self._total),
            "miss": self.next_miss,
        }
        match message.get("kind"):
            case "key" if (action := message.get("action")) in actions:
                if action == "first":
                    self.go_to(0)
                else:
                    self._do(actions[action])
            case "error":
                self._canvas.errors.append(str(message.get("text")))


def _default_end(taskset: TaskSet) -> int | float:
    """One hyperperiod after the largest offset, or where about a tenth of `MOST_EVENTS` is expected."""
    longest = int(taskset.table[:, 1].max())
    offset = int(taskset.table[:, 3].max())
    some = max(1, int(MOST_EVENTS / 40 / float(sum(1 / row[1] for row in taskset.table))))
    try:
        whole = offset + taskset.ticks(taskset.hyperperiod, "hyperperiod")
    except InputError:  # beyond 2^63 ticks: the other bound holds
        return taskset.value(max(some, longest))
    return taskset.value(min(whole, max(some, longest)))


def _plan(simulation: Simulation, until: Any) -> dict[str, Any]:
    """Everything that the page draws up to `until`, with the number of the event that each thing belongs to."""
    taskset, schedule = simulation.taskset, simulation.schedule()
    tick = float(taskset.tick)
    index = {name: i for i, name in enumerate(taskset.names)}
    events = schedule.events
    chosen = events[events.kind.isin(MARKS)]
    marks = [
        [kind, time, index[task], int(core), number]
        for number, kind, time, task, core in zip(
            chosen.index.tolist(), chosen.kind, chosen.time, chosen.task, chosen.core, strict=True
        )
    ]
    return {
        "tasks": [
            {
                "name": name,
                "deadline": float(row[2]) * tick,
                "wcet": float(row[0]) * tick,
                "period": float(row[1]) * tick,
            }
            for name, row in zip(taskset.names, taskset.table, strict=True)
        ],
        "cores": simulation.cores,
        "unit": taskset.unit or "",
        "until": float(taskset.value(taskset.ticks(until, "until"))),
        "policy": simulation.policy.title,
        "notes": taskset.notes(cores=simulation.cores),
        "segments": [
            [core, task, start * tick, end * tick, number]
            for core, task, _, start, end, number in schedule.pieces.tolist()
        ],
        "marks": marks,
        "misses": {str(m[4]): str(simulation.event(m[4])) for m in marks if m[0] == "miss"},
    }
