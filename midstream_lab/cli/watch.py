"""``midstream-lab watch``: see a stream arrive, with its running estimate, in a terminal."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "watch",
        help="connect to a stream and show it with its running estimate",
        description="Connect with a card, show rows, rate and losses, and the running largest Lyapunov exponent.",
    )
    command.add_argument("card", metavar="CARD", help="the file that midstream-lab serve wrote")
    command.add_argument("--source", help="which source of the server (default: its only one)")
    command.add_argument("--channel", help="estimate this channel (default: the first)")
    command.add_argument("--window", type=int, default=4096, help="rows an estimate looks at (default: %(default)s)")
    command.add_argument("--every", type=int, default=1024, help="rows between estimates (default: %(default)s)")
    command.add_argument("--seconds", type=float, help="stop after this long (default: at the end or Ctrl-C)")
    command.add_argument("--no-estimate", action="store_true", help="show the arrival only")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from ..stream import connect

    with connect(args.card, name="watch") as client:
        feed = client.subscribe(args.source, window=max(2 * args.window, 8192))
        if not (args.no_estimate or feed.schema.time.regular):
            print("time is irregular: no estimate is made", flush=True)
        estimates = running_estimate(feed, args) if feed.schema.time.regular and not args.no_estimate else None
        start = time.monotonic()
        deadline = start + args.seconds if args.seconds else float("inf")
        try:
            while not feed.closed and time.monotonic() < deadline:
                time.sleep(0.5)
                show(status(feed, estimates, time.monotonic() - start))
        finally:
            show(status(feed, estimates, time.monotonic() - start), last=True)
        if feed.error:
            raise feed.error
    return 0


def running_estimate(feed: Any, args: argparse.Namespace) -> Any:
    """A feed of estimates on the newest window of one channel."""
    from functools import partial

    from ..attractors import lyapunov_max
    from ..feed import Windowed

    channel = args.channel or feed.schema.names[0]
    feed.schema.index(channel)
    estimate = partial(lyapunov_max, channel=channel)
    return feed.pipe(Windowed(estimate, window=args.window, every=args.every), name="estimate")


def status(feed: Any, estimates: Any, seconds: float) -> str:
    """One line: what arrived, what was lost, and what the newest estimate says."""
    counts = feed.counts
    rate = counts.received / seconds if seconds else 0.0
    line = f"{counts.received:,} rows, {rate:,.0f}/s, lost {counts.lost:,}, overwritten {counts.overwritten:,}"
    if estimates is None:
        return line
    if estimates.error is not None:
        return f"{line} | the estimate ended: {estimates.error}"
    if not estimates.counts.received:
        return f"{line} | no estimate yet"
    last = estimates.rows(1)
    value, low, high = (float(last[name].values[-1]) for name in ("exponent", "interval_low", "interval_high"))
    if str(last["status"].values[-1]) == "ok":
        return f"{line} | exponent {value:.3g} [{low:.3g}, {high:.3g}]"
    return f"{line} | inconclusive: {last['reasons'].values[-1]}"


def show(line: str, *, last: bool = False) -> None:
    """Print over the line before in a terminal; elsewhere only the last line is printed."""
    if sys.stdout.isatty():
        print(f"\r\033[K{line}", end="\n" if last else "", flush=True)
    elif last:
        print(line, flush=True)
