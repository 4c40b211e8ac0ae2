"""``midstream-lab record``: write streams to crash-safe recordings on disk."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from .progress import LOOK, Meter, Progress, settle
from .watch import connected, remarks, subscribe, subscription_options

EPILOG = """\
A recording is a Zarr store (any Zarr reader opens it) with a journal beside it. Whatever ends this command, the
recording holds the first so many rows that arrived, and the same command goes on behind them.

  midstream-lab record lorenz.card run.zarr            one source
  midstream-lab record all.card runs                   every source: runs/NAME.zarr
  midstream-lab replay run.zarr                        stream it again
  midstream_lab.stream.Recording("run.zarr")    in Python: its rows, gaps and times
"""


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "record",
        help="write streams to crash-safe recordings on disk",
        description="Connect with a card and record what arrives until it ends, or until Ctrl-C.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    subscription_options(command, policy="block; drop_oldest for sources that cannot wait")
    command.add_argument(
        "path", metavar="PATH", type=Path, help="the recording; of several sources, the folder for theirs"
    )
    command.add_argument(
        "--continues",
        action="store_true",
        help="the source counts its rows as the recording does (a replay from its beginning): rows it has are skipped",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from ..stream import record

    with connected(args, name="record") as client, ExitStack() as opened:
        feeds = subscribe(client, args, whole=True)
        recorded = []
        for name, path in _paths(list(feeds), args.path).items():
            path.parent.mkdir(parents=True, exist_ok=True)
            recorder = record(feeds[name], path, continues=args.continues or None)
            opened.callback(recorder.close)
            recorded.append(Recorded(name=name, path=path, feed=feeds[name], recorder=recorder))
        follow(client, recorded, seconds=args.seconds)
    return 0


def _paths(names: list[str], path: Path) -> dict[str, Path]:
    """Where each source goes."""
    if len(names) == 1:
        return {names[0]: path}
    paths = {name: path / f"{name.replace('/', '-')}.zarr" for name in names}
    if len(set(paths.values())) < len(paths):
        raise InputError(f"two of the sources {', '.join(names)} go to one file; record one with --source")
    return paths


@dataclass(kw_only=True)
class Recorded:
    """A feed, its recorder and its rates."""

    name: str
    path: Path
    feed: Any
    recorder: Any
    meter: Meter = field(default_factory=Meter)

    def status(self) -> str:
        """One line: what is on disk, how fast it grows, and what is missing."""
        counts, ring = self.recorder.counts, self.feed.ring
        taken = self.feed.counts.received - counts.waiting - counts.dropped
        each = ring.bytes / ring.size if ring.size else 0.0
        line = f"{self.name}: {counts.recorded:,} rows in {self.path}, {self.meter.rate(taken, round(taken * each))}"
        line += f", lost {self.feed.counts.lost:,}, dropped {counts.dropped:,}"
        if counts.skipped:
            line += f", {counts.skipped:,} were there"
        return f"{line}, {interruption}" if (interruption := self.feed.interruption) else line


def follow(client: Any, recorded: list[Recorded], *, seconds: float | None) -> None:
    """Show what is recorded until every recorder has ended, the time is over, or Ctrl-C; then end them.

    Raises
    ------
    LabError
        What ended the first recorder that did not end well.
    """
    deadline = time.monotonic() + (float("inf") if seconds is None else seconds)
    settle()
    progress = Progress()
    try:
        print(
            f"recording {', '.join(each.name for each in recorded)} of {client.card.name}     (Ctrl-C ends)", flush=True
        )
        while not all(each.recorder.closed for each in recorded) and time.monotonic() < deadline:
            time.sleep(LOOK)
            progress.show(*(each.status() for each in recorded), *remarks(client, recorded))
    finally:
        for each in recorded:
            each.recorder.close()
        notes = [f"  {each.name}: {line}" for each in recorded for line in each.recorder.health]
        progress.show(*(each.status() for each in recorded), *remarks(client, recorded), *notes, last=True)
    for each in recorded:
        if each.recorder.error is not None:
            raise each.recorder.error
