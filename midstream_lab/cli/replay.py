"""``midstream-lab replay``: stream recordings again, bit for bit, at their own rate or another."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from ..errors import InputError
from .serve import check_card, replay_options, serve_until_stopped, server_options


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "replay",
        help="stream recordings again",
        description="Stream what midstream-lab record has written, until Ctrl-C: the same rows, numbers, times and "
        "gaps, at the rate of their times. A chunk at a time is in memory. Connect as to midstream-lab serve.",
    )
    command.add_argument("paths", metavar="PATH", nargs="+", help="a recording, also LABEL=PATH")
    server_options(command)
    replay_options(command)
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from ..stream import Recording, Replay
    from .resolve import labelled

    check_card(args)
    sources: dict[str, Any] = {}
    for given in args.paths:
        label, path = labelled(given)
        label = label or Path(path).stem
        if label in sources:
            raise InputError(f"two recordings are named {label}; name them: replay a={given} b=...")
        sources[label] = Replay(Recording(path), speed=args.speed, loop=args.loop, rate=args.rate)
    return serve_until_stopped(sources, args)
