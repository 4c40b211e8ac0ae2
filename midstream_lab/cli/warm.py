"""``midstream-lab warm``: compile the kernels ahead of their first use."""

from __future__ import annotations

import argparse
import sys
import time

from ..errors import LabError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "warm",
        help="compile the kernels ahead of their first use",
        description="Compile every kernel into the cache on disk, in a process of its own, with progress. "
        "Once per installation; a second call finds them ready.",
    )
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from ..warm import warm

    start = time.monotonic()
    warming = warm()
    shown = ""
    while not warming.wait(0.1):
        if warming.progress != shown and sys.stderr.isatty():
            print(f"\r\033[K{warming.progress}", end="", file=sys.stderr, flush=True)
        shown = warming.progress
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if warming.error:
        raise LabError(warming.progress)
    print(f"{warming.progress} ({time.monotonic() - start:.1f} s)")
    return 0
