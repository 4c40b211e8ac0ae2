"""A strange loop at work: its levels, its weights, what it proposes and what the gate says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab import plot, registry
from midstream_lab.errors import InputError
from midstream_lab.loops import Entry, StrangeLoop
from midstream_lab.plot.loop import VERDICTS
from midstream_lab.plot.style import PALETTE

from .base import Canvas, Snapshot, join_esm, reject_unknown
from .clock import CLOCK
from .outbox import Outbox

__all__ = ["LoopInspector"]

PERIOD = 0.1

#: Proposals and lines of the journal that the page shows.
PROPOSALS, LINES = 32, 60

RUN_COLUMNS = ("n", "excess", "excess_low", "excess_hi")


class LoopInspector(Canvas):
    """Look into a strange loop while it learns.

    The three levels as a stack with the edge that closes the loop; the sequence with its prediction; the weights
    over time; every proposal with its shadow run and verdict; the journal. Keys: up and down choose a proposal,
    plus and minus change how many rows are seen, space pauses the view (the loop goes on).

    Parameters
    ----------
    loop : StrangeLoop or Feed
        A loop, or the feed that ``feed.pipe(StrangeLoop())`` gave.
    rows : int, optional
        Newest rows shown; default 1000, at most 16,384.
    name : str, optional
        A view with the same name is closed first; default from the loop.

    Attributes
    ----------
    errors : deque of str
        What went wrong in the browser.

    Raises
    ------
    InputError
        If it is no loop, or a keyword or value is not allowed.

    Examples
    --------
    >>> view = LoopInspector(StrangeLoop())
    >>> view
    LoopInspector(StrangeLoop(0 rows, 3 experts, 0 committed, 0 rolled back))
    >>> view.close()
    """

    _esm = join_esm("loop_inspector.js")
    _css = Canvas._css + (Path(__file__).parent / "loop_inspector.css").read_text(encoding="utf-8")
    _ended = True  # until it has been made: ipywidgets also closes what was refused

    def __init__(self, loop: Any, *, rows: int = 1000, name: str | None = None, **unknown: Any):
        reject_unknown(unknown, ("rows", "name"), what="LoopInspector")
        self.feed = loop if hasattr(loop, "upstream") else None
        found = getattr(loop.upstream, "op", None) if self.feed is not None else loop
        if not isinstance(found, StrangeLoop):
            given = f"the feed {loop.name!r}" if self.feed is not None else type(loop).__name__
            raise InputError(
                f"LoopInspector shows a StrangeLoop or the feed that feed.pipe(StrangeLoop()) gives, not {given}"
            )
        self.loop = found
        self._rows = _checked(rows)
        self._paused = False
        self._due = 0.0
        self._shown: tuple[Any, ...] = ()
        self._runs_sent: set[int] = set()
        gate = found.gate
        look = {
            "experts": list(found.experts),
            "colors": [PALETTE[i % 6] for i in range(len(found.experts))],
            "verdicts": VERDICTS,
            "line": PALETTE[0],
            "band": PALETTE[4],
            "formulas": [formula.text for formula in gate.formulas],
            "horizon": gate.horizon,
            "budget": list(found.budget),
            "closed": found.self_modify,
        }
        super().__init__(_title="Strange loop" if found.name == "loop" else f"Strange loop {found.name}", _look=look)
        self._outbox = Outbox(self.send)
        self.on_msg(self._on_message)
        self._name = name or f"loop {found.name} {hex(id(found))}"
        self._ended = False
        registry.register("view", self._name, self)
        CLOCK.join(self)

    @property
    def rows(self) -> int:
        """Newest rows shown; may be set."""
        return self._rows

    @rows.setter
    def rows(self, value: int) -> None:
        self._rows = _checked(value)

    def pause(self) -> None:
        """Hold the view; the loop goes on."""
        self._paused = True

    def resume(self) -> None:
        """Show the newest rows again."""
        self._paused = False

    def snapshot(self, *, proposal: int | None = None) -> Snapshot:
        """A static picture of what the view shows now, for a saved notebook.

        Parameters
        ----------
        proposal : int, optional
            Whose shadow run is drawn; default the newest, if there is one.

        Raises
        ------
        InputError
            If there are no rows, or the run is not kept.
        """
        journal, runs = self.loop.journal, self.loop.runs
        if proposal is None and runs:
            proposal = runs[-1]
        run = None if proposal is None else self.loop.shadow_run(proposal)
        title = str(self._title) if proposal is None else f"{self._title}; shadow run of proposal {proposal}"
        figure = plot.loop(self.loop.result(rows=self._rows), journal=journal, run=run, title=title)
        counts = self.loop.counts
        text = f"{self._title}: {counts['committed']} committed, {counts['rolled_back']} rolled back"
        return Snapshot(plot.png(figure, dpi=80), text)

    def close(self) -> None:
        """Remove the view; the loop goes on."""
        if self._ended:
            return
        self._ended = True
        CLOCK.leave(self)
        registry.remove("view", self._name, self)
        super().close()

    def __repr__(self) -> str:
        return f"LoopInspector({self.loop!r})"

    # -- on the clock's thread -----------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """What the clock does: ten times a second, send what is new."""
        if now < self._due:
            return
        self._due = now + PERIOD
        counts, journal = self.loop.counts, self.loop.journal
        state = self._state()
        self._status = {
            "counts": f"{counts['rows']:,} rows · missing {counts['missing']:,} · lost {counts['lost']:,}",
            "changes": f"committed {counts['committed']} · rolled back {counts['rolled_back']} · "
            f"withheld {counts['withheld']}",
            "state": state,
        }
        shown = (counts["rows"], len(journal), self._rows)
        if self._paused or shown == self._shown or not self._outbox.ready(now):
            return
        self._shown = shown
        self._send_runs(journal, now)
        self._send_frame(counts["rows"], journal, now)

    def failed(self, error: Exception) -> None:
        """The clock has let go of this view: say so where it was."""
        if not self._ended:
            text = f"This view stopped: {type(error).__name__}: {error}"
            self.errors.append(text)
            self.send({"kind": "error", "text": text})

    def _state(self) -> str:
        if self._paused:
            return "paused (the loop goes on)"
        if self.feed is not None and self.feed.closed:
            return f"ended: {self.feed.error}" if self.feed.error is not None else "ended"
        return ""

    def _on_message(self, _: Any, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        now, client = time.monotonic(), str(message.get("client"))
        match message.get("kind"):
            case "ack":
                self._outbox.ack(client, int(message["seq"]), now)
            case "hello":
                self._outbox.hello(client, now)
                self._runs_sent.clear()
                self._shown = ()
            case "goodbye":
                self._outbox.goodbye(client)
            case "pause":
                self._paused = not self._paused
            case "rows":
                self._rows = min(max(int(message["rows"]), 50), 16_384)
            case "error":
                self.errors.append(str(message.get("text")))

    def _send_runs(self, journal: Sequence[Entry], now: float) -> None:
        """Shadow runs: the open one as it grows, the others once."""
        latest = {number: entry for number, (_, entry) in _proposals(journal).items()}
        for number in set(self.loop.runs) - self._runs_sent:
            if number not in latest:
                continue  # proposed since the journal was read; the next tick has it
            try:
                run = self.loop.shadow_run(number)
            except InputError:
                continue  # withdrawn meanwhile by another thread
            if latest[number].verdict != "open":
                self._runs_sent.add(number)
            data = np.stack([run[name] for name in RUN_COLUMNS], axis=1).astype(np.float32)
            self._outbox.post({"kind": "run", "number": number}, memoryview(data.tobytes()), now)

    def _send_frame(self, total: int, journal: Sequence[Entry], now: float) -> None:
        kept = self.loop.recent(self._rows)
        first = int(kept["row"][0]) if len(kept["row"]) else 0
        # Values travel relative to their middle, so that float32 keeps small motion on a large offset.
        values = np.stack([kept["value"], kept["prediction"]], axis=1)
        finite = values[np.isfinite(values)]
        offset = float(np.median(finite)) if len(finite) else 0.0
        table = np.hstack([values - offset, kept["change"][:, None], kept["weights"]]).astype(np.float32)
        content = {
            "kind": "frame",
            "total": total,
            "first": first,
            "rows": self._rows,
            "offset": offset,
            "proposals": [_told(*pair) for pair in list(_proposals(journal).values())[-PROPOSALS:]],
            "journal": [
                {"row": e.row, "number": e.number, "verdict": e.verdict, "reason": e.reason} for e in journal[-LINES:]
            ],
        }
        self._outbox.post(content, memoryview(table.tobytes()), now)


def _proposals(journal: Sequence[Entry]) -> dict[int, tuple[Entry, Entry]]:
    """First and last entry of each proposal."""
    found: dict[int, tuple[Entry, Entry]] = {}
    for entry in journal:
        found[entry.number] = (found[entry.number][0] if entry.number in found else entry, entry)
    return found


def _told(opened: Entry, latest: Entry) -> dict[str, Any]:
    return {
        "number": opened.number,
        "row": opened.row,
        "proposer": opened.proposer,
        "target": opened.target,
        "change": opened.change,
        "verdict": latest.verdict,
        "reason": latest.reason,
    }


def _checked(rows: int) -> int:
    if not isinstance(rows, (int, np.integer)) or not 50 <= rows <= 16_384:
        raise InputError(f"rows must be a whole number from 50 to 16,384, not {rows!r}")
    return int(rows)
