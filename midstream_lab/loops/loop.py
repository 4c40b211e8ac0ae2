"""The strange loop: level 2 watches level 1, which trusts level 0, which level 2 may change."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import InputError
from ..feed.schema import Block, Schema
from ..kernels.loops import tower as kernels
from ..timebase import TimeBase
from .changes import Change, Forget
from .gate import Gate
from .history import History
from .journal import Entry
from .output import label_rows, output_schema, pick_channel
from .settings import check_settings
from .tower import LOST, MISSING, ROWS, SIGNALS, UNPREDICTED, WITHHELD, Layout, Record
from .trials import Trials

if TYPE_CHECKING:
    import xarray as xr

__all__ = ["StrangeLoop"]


class StrangeLoop:
    """A tower of learners that predicts a sequence one step ahead and may change itself through a gate.

    *Level 0* predicts each row by experts: recursive least squares on the last `lags` values, one for each memory,
    and persistence. *Level 1* weighs them by fixed share (Herbster and Warmuth 1998), with losses in units of their
    running mean. *Level 2* watches the loss of level 1 by a cumulative sum (Page 1954); when it believes that the
    world has changed it proposes to level 0 that the half of its learners with the longest memories forget, which
    closes the loop. Every proposal runs on a shadow copy first and is committed only by the `Gate`.

    Works on arrays (`update`, `run`) and as an operator of a feed (``feed.pipe(StrangeLoop())``), with the same
    answer however the rows are cut. Missing rows (NaN, gaps) are skipped and counted; after one, predictions begin
    again when `lags` rows have come. The unit of the data does not matter; after the scale of a stream has fallen by
    orders of magnitude the learners need several memories to lose the old one, unless level 2 has them forget.

    Parameters
    ----------
    lags : int, optional
        Values that the experts see; default 4.
    memories : sequence of float, optional
        Memory of each recursive-least-squares expert in rows; default (2000, 200).
    rate : float, optional
        Learning rate of level 1; default 0.5, with which the weights are those of Bayes for Gaussian noise.
    share : float, optional
        Part of each weight that goes to the other experts at each row; default 0.01.
    gate : Gate, optional
        Default ``Gate()``.
    self_modify : bool, optional
        Whether level 2 may propose; default True. `propose` works either way.
    budget : (int, int), optional
        At most so many proposals within so many rows; default (4, 2000). Further ones of level 2 are withheld
        and counted.
    channel : str, optional
        The channel of a feed to predict; default the first numeric one.
    history : int, optional
        Newest rows that `result` gives; default 16,384.
    name : str, optional
        Stands in the name of the feed; default ``"loop"``.

    Raises
    ------
    InputError
        If a value is not allowed.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> loop = StrangeLoop()
    >>> result = loop.run(np.sin(np.arange(500) / 5) + 0.1 * rng.standard_normal(500))
    >>> bool(result["loss"][100:].mean() < 0.03)
    True
    >>> loop
    StrangeLoop(500 rows, 3 experts, 0 committed, 0 rolled back)
    """

    policy = "block"
    turn_rows = 512  # with a shadow open a row takes tens of microseconds

    def __init__(
        self,
        *,
        lags: int = 4,
        memories: Sequence[float] = (2000.0, 200.0),
        rate: float = 0.5,
        share: float = 0.01,
        gate: Gate | None = None,
        self_modify: bool = True,
        budget: tuple[int, int] = (4, 2000),
        channel: str | None = None,
        history: int = 16_384,
        name: str = "loop",
    ):
        check_settings(lags=lags, memories=memories, rate=rate, share=share, budget=budget, history=history)
        ordered = sorted((float(memory) for memory in memories), reverse=True)
        self.layout = Layout(lags, len(ordered))
        self.experts = (*(f"rls_{memory:g}" for memory in ordered), "persistence")
        self.gate = gate if gate is not None else Gate()
        self.self_modify = self_modify
        self.budget = budget
        self.name = name
        self._channel = channel
        self._column = 0
        self._input: Schema | None = None
        self._next: int | None = None
        self._row = -1  # the newest row, as the journal names it
        self._lock = threading.RLock()
        self._history = History(history, len(self.experts))
        live = self.layout.new(ordered, rate, share)
        self._record = Record.new(live, horizon=self.gate.horizon, budget=budget[0])
        self._trials = Trials(self._record, self.layout, self.gate, budget)

    # -- learning ------------------------------------------------------------------------------------

    def schema_out(self, schema: Schema) -> Schema:
        """What `update` gives: prediction, loss, a weight for each expert, change (level 2) and event."""
        self._column = pick_channel(schema, self._channel)
        self._input = schema
        return output_schema(schema, self._column, self.experts)

    def update(self, block: Any) -> Block | None:
        """Learn from rows, in order.

        Parameters
        ----------
        block : Block or array_like, shape (n,)
            Rows of the feed, or the next values of one sequence; NaN marks a missing row.

        Returns
        -------
        Block
            For each row what was predicted before it was seen, the squared error, the weights after it, how near
            level 2 is to believing in a change (1 is belief), and what happened.

        Raises
        ------
        InputError
            If an array is not one sequence of real numbers.
        """
        with self._lock:
            if not isinstance(block, Block):
                block = self._block(block)
            x = np.array(block.columns[self._column], dtype=np.float64)
            if np.isinf(x).any():
                raise InputError(f"row {block.first + int(np.isinf(x).argmax())} is infinite; mark missing rows by NaN")
            x.flags.writeable = False
            lost = block.gap if self._next is None else max(block.gap, block.first - self._next)
            if lost:
                self._record.counts[LOST] += lost
                self._record.live[kernels.FILLED] = self._record.shadow[kernels.FILLED] = 0.0
            self._next = block.stop
            said = self._learn(x, block)
            self._row = block.stop - 1
            return said

    def run(self, x: Any, *, channel: str | None = None) -> xr.Dataset:
        """Learn from a whole sequence and give the result for every row of it.

        Parameters
        ----------
        x : array_like or sequence
            What `midstream_lab.sequence.sequence` takes; NaN is kept as missing.
        channel : str, optional
            Which channel, where there are several.

        Returns
        -------
        Dataset
            See `result`.
        """
        from ..feed.source import SequenceSource
        from ..sequence import sequence

        labelled = sequence(x, nan="keep")
        source = SequenceSource(labelled)
        with self._lock:
            self._channel = channel or self._channel
            self.schema_out(source.schema)
            self._history = History(max(len(labelled), 1), len(self.experts))
            stop = threading.Event()
            for block in source.blocks(stop):
                self.update(block)
            return self.result()

    def finish(self) -> None:
        """The feed has ended: a shadow run that is open stays undecided."""

    def result(self, *, rows: int | None = None) -> xr.Dataset:
        """What the loop said of the newest rows.

        Parameters
        ----------
        rows : int, optional
            Default all that are kept.

        Returns
        -------
        Dataset, dims (time, expert)
            ``value``, ``prediction`` (made before the value was seen), ``loss``, ``weight`` (time, expert),
            ``change`` and ``event``; the counts as attributes.
        """
        with self._lock:
            kept, attrs = self._history.read(rows), self.counts
        time = self._input.time if self._input is not None else TimeBase()
        unit = self._input.channels[self._column].unit if self._input is not None else ""
        return label_rows(kept, experts=self.experts, time=time, unit=unit, attrs=attrs)

    def recent(self, rows: int) -> dict[str, np.ndarray]:
        """The newest `rows` rows that are kept, as arrays without labels; what views draw."""
        with self._lock:
            return self._history.read(rows)

    # -- changing itself -----------------------------------------------------------------------------

    def propose(self, change: Change, *, proposer: str = "user", evidence: Mapping[str, float] | None = None) -> Entry:
        """Run a change on a shadow copy; the gate decides while the next rows come.

        Parameters
        ----------
        change : Change
            `Forget`, `SetMemory`, `SetCoefficients`, `SetShare` or one of your own.
        proposer : str, optional
            Who proposes; default ``"user"``.
        evidence : mapping of str to float, optional
            Why, for the journal.

        Returns
        -------
        Entry
            The journal's line; look for its number in `journal` later.

        Raises
        ------
        InputError
            If a shadow already runs, the budget is spent, the change does not fit or nothing was learned yet.
        """
        if not isinstance(change, Change):
            raise InputError(f"a change has a target and apply(state, layout), such as Forget([0]); not {change!r}")
        with self._lock:
            return self._trials.propose(change, proposer=proposer, evidence=evidence or {}, row=self._row)

    @property
    def journal(self) -> tuple[Entry, ...]:
        """Every line so far, oldest first."""
        with self._lock:
            return tuple(self._trials.journal)

    @property
    def counts(self) -> dict[str, int]:
        """Rows, missing, lost, unpredicted, withheld, committed, rolled back and numerical resets."""
        with self._lock:
            names = ("rows", "missing", "lost", "unpredicted", "withheld", "committed", "rolled_back")
            found = {name: int(self._record.counts[i]) for i, name in enumerate(names)}
            return {**found, "resets": int(self._record.live[kernels.RESETS])}

    @property
    def runs(self) -> tuple[int, ...]:
        """Numbers of the proposals whose shadow runs can be looked at, oldest first."""
        with self._lock:
            return self._trials.runs

    def shadow_run(self, number: int) -> dict[str, np.ndarray]:
        """The signals of a proposal's shadow run, one value a row; of the newest 32 proposals.

        Raises
        ------
        InputError
            If it is not kept.
        """
        with self._lock:
            return self._trials.run(number)

    def snapshot(self) -> dict[str, np.ndarray]:
        """Everything the loop knows, as copies of flat arrays by name."""
        with self._lock:
            return self._record.copy()

    def restore(self, snapshot: Mapping[str, np.ndarray]) -> None:
        """Go back to a snapshot of this loop, bit for bit; the journal goes on and says so.

        Raises
        ------
        InputError
            If it is not a snapshot of a loop with these settings.
        """
        with self._lock:
            self._trials.restore(snapshot, row=self._row)

    def report(self) -> list[str]:
        """Lines for the health of the feed."""
        counts = self.counts
        lines = [f"{counts['missing']} rows were missing and skipped"] * bool(counts["missing"])
        lines += [f"{counts['withheld']} proposals were withheld"] * bool(counts["withheld"])
        return lines + [f"{counts['resets']} experts began again: rounding"] * bool(counts["resets"])

    def warm(self, schema: Schema) -> None:
        """Compile the kernels before the first row."""
        from .warming import warm

        if not kernels.advance.signatures or not kernels.advance_pair.signatures:
            deque(warm(), maxlen=0)

    def __repr__(self) -> str:
        counts = self.counts
        return (
            f"StrangeLoop({counts['rows']:,} rows, {len(self.experts)} experts, "
            f"{counts['committed']} committed, {counts['rolled_back']} rolled back)"
        )

    # -- one row after the other -----------------------------------------------------------------------

    def _block(self, values: Any) -> Block:
        array = np.asarray(values)
        if array.ndim != 1 or array.dtype.kind not in "fiub":
            raise InputError(f"update takes one sequence of real numbers, not {array.dtype} of shape {array.shape}")
        if self._column:
            raise InputError("this loop runs on a feed with several channels; give blocks")
        first = self._next or 0
        return Block(first=first, start=first, columns=(array.astype(np.float64),))

    def _learn(self, x: np.ndarray, block: Block) -> Block:
        record, shape = self._record, (self.layout.lags, self.layout.learners)
        many, experts = len(x), len(self.experts)
        prediction, loss, change = np.empty(many), np.empty(many), np.empty(many)
        weights = np.empty((many, experts))
        event = np.full(many, "", object)
        at = 0
        while at < many:
            if self._trials.open is None:
                done, alarm = kernels.advance(
                    record.live, record.control, x, at, many, *shape, prediction, loss, weights, change
                )
                at += done
                record.counts[ROWS] += done
            else:
                out, signals = np.empty(3), np.empty(len(SIGNALS))
                gate = self.gate
                counted, alarm = kernels.advance_pair(
                    record.live, record.shadow, record.control, record.sums, x, at, *shape,
                    gate.horizon, gate.alpha, signals, out, weights[at],
                )  # fmt: skip
                prediction[at], loss[at], change[at] = out
                at += 1
                record.counts[ROWS] += 1
                if counted:
                    self._row = block.first + at - 1
                    event[at - 1] = self._trials.judge(signals, row=self._row)
            if alarm:
                self._row = block.first + at - 1
                event[at - 1] = "; ".join(filter(None, (event[at - 1], self._alarm())))
        missing = int(np.isnan(x).sum())
        record.counts[MISSING] += missing
        record.counts[UNPREDICTED] += int(np.isnan(prediction).sum()) - missing
        step = self._input.time.step if self._input is not None else 1
        rows = np.arange(many)
        self._history.write(
            row=block.first + rows,
            tick=block.ticks if block.ticks is not None else block.start + step * rows,
            value=x,
            prediction=prediction,
            loss=loss,
            weights=weights,
            change=change,
            event=event,
        )
        return replace(block, columns=(prediction, loss, *np.ascontiguousarray(weights.T), change, event))

    def _alarm(self) -> str:
        """Level 2 believes that the world has changed."""
        if not self.self_modify:
            return ""
        if self._trials.open is not None or self._trials.spent:
            self._record.counts[WITHHELD] += 1
            return ""
        half = range((self.layout.learners + 1) // 2)
        alarms = float(self._record.control[kernels.ALARMS])
        entry = self.propose(Forget(tuple(half)), proposer="level 2", evidence={"alarms": alarms})
        return f"{entry.number}: proposed"
