"""``midstream-lab watch``: see streams arrive, with their running estimates, in a terminal."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_args

from ..errors import InputError, StreamError
from ..feed.reader import Policy
from ..priority import Priority
from .progress import LOOK, Meter, Progress, settle
from .serve import positive

#: Batches whose median is the one-way delay that is shown.
BATCHES = 64


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "watch",
        help="connect to streams and show them with their running estimates",
        description="Connect with a card, show rows, rates and losses, and the running largest Lyapunov exponent.",
    )
    subscription_options(command)
    command.add_argument("--channel", help="estimate this channel (default: the first)")
    command.add_argument("--window", type=int, default=4096, help="rows an estimate looks at (default: %(default)s)")
    command.add_argument("--every", type=int, default=1024, help="rows between estimates (default: %(default)s)")
    command.add_argument("--no-estimate", action="store_true", help="show the arrival only")
    command.set_defaults(run=run)


def subscription_options(command: argparse.ArgumentParser, *, policy: str = "drop_oldest") -> None:
    """To what to subscribe, and how; `policy` is what the help calls the default."""
    command.add_argument("card", metavar="CARD", help="the file that midstream-lab serve wrote")
    command.add_argument(
        "--source", action="append", metavar="NAME", help="a source of the server; may be repeated (default: all)"
    )
    command.add_argument(
        "--policy",
        choices=get_args(Policy),
        help=f"what happens when this end is slower than the source: wait, or drop rows (default: {policy})",
    )
    command.add_argument(
        "--priority",
        action="append",
        default=[],
        metavar="[NAME=]LEVEL",
        help=f"{', '.join(Priority.__members__)}; for all sources, or for one, and then repeated (default: normal)",
    )
    command.add_argument(
        "--reconnect",
        type=float,
        default=True,
        metavar="SECONDS",
        help="how long to try again after a lost connection; 0: not at all (default: 600)",
    )
    command.add_argument(
        "--delivery",
        choices=["stream", "datagram"],
        default="stream",
        help="datagram: rows that are worthless when late, each sent once; what is lost or late is counted "
        "(default: %(default)s: every row that is sent arrives)",
    )
    command.add_argument("--qlog", metavar="FOLDER", help="log what happens on the QUIC connection there")
    command.add_argument(
        "--insecure-accept-any-certificate",
        action="store_true",
        help="do not check who answers: whoever does gets the card's token, and is believed",
    )
    command.add_argument("--seconds", type=positive, help="stop after this long (default: at the end or Ctrl-C)")


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    with connected(args, name="watch") as client:
        feeds = subscribe(client, args, window=max(2 * args.window, 8192))
        watched = [Watched(name=name, feed=feed, client=client) for name, feed in feeds.items()]
        for each in watched:
            if not args.no_estimate:
                each.prepare(args)
            if args.policy == "block":
                each.feed.sink(_seen)  # else the feed would wait for somebody to read its first window
        watch(client, watched, seconds=args.seconds)
    return 0


def connected(args: argparse.Namespace, *, name: str) -> Any:
    """A client, as the options say."""
    from ..stream import connect

    return connect(
        args.card,
        name=name,
        reconnect=args.reconnect,
        qlog=args.qlog,
        insecure_accept_any_certificate=args.insecure_accept_any_certificate,
    )


def subscribe(client: Any, args: argparse.Namespace, *, whole: bool = False, **options: Any) -> dict[str, Any]:
    """A feed for each source that was asked for, else for each that there is; with `whole`, sources wait that can."""
    offers = client.list()
    waiting = {offer.name for offer in offers if whole and not offer.live}
    names = args.source or [offer.name for offer in offers]
    levels = priorities(args.priority, names)
    feeds = {}
    for name in names:
        policy = args.policy or ("block" if name in waiting else "drop_oldest")
        feeds[name] = client.subscribe(name, policy=policy, delivery=args.delivery, **options, **levels.get(name, {}))
    return feeds


def _seen(block: Any) -> None:
    """A row that has arrived has been watched."""


def priorities(given: list[str], names: list[str]) -> dict[str, dict[str, str]]:
    """The level of each source that has one, as an argument of `Client.subscribe`."""
    chosen: dict[str, dict[str, str]] = {}
    for text in given:
        name, _, level = text.rpartition("=")
        if name and name not in names:
            raise InputError(f"--priority {text}: no source is named {name!r}; there are {', '.join(names)}")
        for each in [name] if name else names:
            chosen[each] = {"priority": Priority.of(level).name}
    return chosen


@dataclass(kw_only=True)
class Watched:
    """A feed, its estimates, its rates and its delay."""

    name: str
    feed: Any
    client: Any
    estimator: Any = None
    estimates: Any = None
    meter: Meter = field(default_factory=Meter)
    delay: str = ""

    def prepare(self, args: argparse.Namespace) -> None:
        """Choose what estimates on the newest window of one channel, where the feed allows it."""
        from functools import partial

        from ..attractors import lyapunov_max
        from ..feed import Windowed

        schema = self.feed.schema
        numeric = [channel.name for channel in schema.channels if channel.numeric]
        if not schema.time.regular or not numeric:
            why = "time is irregular" if numeric else "no channel is numeric"
            print(f"{self.name}: {why}: no estimate is made", flush=True)
            return
        channel = args.channel or numeric[0]
        schema.index(channel)
        self.estimator = Windowed(partial(lyapunov_max, channel=channel), window=args.window, every=args.every)

    def estimate(self) -> None:
        """Estimate from now on: not before the kernels are compiled, which would hold the stream up for seconds."""
        if self.estimator is not None and self.estimates is None:
            self.estimates = self.feed.pipe(self.estimator, name=f"estimate of {self.name}")

    def status(self) -> str:
        """One line: what arrived, what was lost, and what the newest estimate says."""
        counts, ring = self.feed.counts, self.feed.ring
        each = ring.bytes / ring.size if ring.size else 0.0
        rate = self.meter.rate(counts.received, round(counts.received * each))
        line = f"{self.name}: {counts.received:,} rows, {rate}, lost {counts.lost:,}"
        if counts.decimated:
            line += f", decimated {counts.decimated:,}"
        if counts.late:
            line += f", late {counts.late:,}"
        line += self._delay()
        if interruption := self.feed.interruption:
            line += f", {interruption}"
        return line if self.estimator is None else f"{line} | {self._newest_estimate()}"

    def _delay(self) -> str:
        """How long the newest batches were on their way, where rows are stamped; the last known without connection."""
        try:
            newest = self.client.delays(self.name).isel(batch=slice(-BATCHES, None))
        except (InputError, StreamError):
            return self.delay
        delay, error = float(newest["delay"].median()) / 1e6, float(newest["error"].median()) / 1e6
        self.delay = f", one-way delay {delay:.2f} ms (+-{error:.2f})"
        return self.delay

    def _newest_estimate(self) -> str:
        if self.estimates is None:
            return "no estimate yet"
        if self.estimates.error is not None:
            return f"the estimate ended: {self.estimates.error}"
        if not self.estimates.counts.received:
            return "no estimate yet"
        last = self.estimates.rows(1)
        value, low, high = (float(last[name].values[-1]) for name in ("exponent", "interval_low", "interval_high"))
        if str(last["status"].values[-1]) == "ok":
            return f"exponent {value:.3g} [{low:.3g}, {high:.3g}]"
        return f"inconclusive: {last['reasons'].values[-1]}"


def remarks(client: Any, followed: Iterable[Any]) -> list[str]:
    """What is to be said besides: that kernels are being compiled, and what happened to feeds."""
    compiling = [] if client.warming.done else [f"  {client.warming.progress}"]
    return compiling + [f"  {each.name}: {line}" for each in followed for line in each.feed.health]


def watch(client: Any, watched: list[Watched], *, seconds: float | None) -> None:
    """Show what arrives until every feed has ended, the time is over, or Ctrl-C.

    Raises
    ------
    LabError
        The error of the first feed that ended for one.
    """
    deadline = time.monotonic() + (float("inf") if seconds is None else seconds)
    settle()
    progress = Progress()
    try:
        print(
            f"watching {', '.join(each.name for each in watched)} of {client.card.name}     (Ctrl-C ends)", flush=True
        )
        while not all(each.feed.closed for each in watched) and time.monotonic() < deadline:
            if client.warming.done:
                for each in watched:
                    each.estimate()
            time.sleep(LOOK)
            progress.show(*(each.status() for each in watched), *remarks(client, watched))
    finally:
        progress.show(*(each.status() for each in watched), *remarks(client, watched), last=True)
    for each in watched:
        if each.feed.error is not None:
            raise each.feed.error
