"""``midstream-lab serve``: stream a dataset, a system or one's own file over QUIC."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..errors import InputError


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "serve",
        help="stream a dataset, a system or a file over QUIC",
        description="Stream a sequence over QUIC until Ctrl-C. A connection card is written (readable by you alone); "
        "whoever has it can connect: midstream-lab watch CARD, or connect('CARD') in a notebook.",
        epilog="A reader on another machine: --host 0.0.0.0 (or one address of yours), then copy the card there.",
    )
    command.add_argument("name", metavar="NAME", help="a shipped dataset, a system (lorenz, rossler, henon) or a file")
    command.add_argument("--channel", help="send this channel only")
    command.add_argument("--card", type=Path, help="where to write the card (default: NAME.card in this folder)")
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    command.add_argument("--port", type=int, default=0, help="UDP port (default: any free one)")
    command.add_argument("--speed", type=speed, default=1.0, help="multiple of its own rate, or max (default: 1)")
    command.add_argument(
        "--rate", type=positive, help="rows a second, for months, years and other time without seconds"
    )
    command.add_argument("--loop", action="store_true", help="start a recording again at its end")
    command.add_argument("--rotate-token", action="store_true", help="make a new access token; old cards end")
    command.set_defaults(run=run)


def positive(text: str) -> float:
    """A positive number."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return value


def speed(text: str) -> float | str:
    """A positive number or ``max``."""
    return text if text == "max" else positive(text)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from ..stream import serve
    from .resolve import source

    label = Path(args.name).stem
    card = args.card or Path(f"{label.replace('/', '-')}.card")
    if not card.parent.is_dir():
        raise InputError(f"{card.parent} is not a folder; name another with --card")
    sources = {label: source(args.name, speed=args.speed, loop=args.loop, rate=args.rate, channel=args.channel)}
    with serve(sources, name=label, host=args.host, port=args.port, rotate_token=args.rotate_token) as server:
        try:
            server.card.save(card)
            print(f"serving {label} on {server.card.addresses[0]}; card: {card}")
            print(f"watch it with: midstream-lab watch {card}     (Ctrl-C ends)", flush=True)
            while not server.closed:
                time.sleep(0.5)
                if sys.stdout.isatty():
                    print(f"\r\033[K{server.status()}", end="", flush=True)
        finally:
            print(f"\n{server.status()}" if sys.stdout.isatty() else server.status())
    return 0
