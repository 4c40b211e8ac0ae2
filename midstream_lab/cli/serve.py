"""``midstream-lab serve``: stream datasets, systems, one's own files, or lines from anywhere, over QUIC."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..errors import InputError
from .progress import LOOK, Meter, Progress, settle

EPILOG = """\
NAME is one of
  ecg_mitbih_208          a shipped dataset
  lorenz, rossler, henon  a system, simulated as it is sent
  my.csv                  a file: CSV, NPY, Parquet, NetCDF, Zarr, or WAV (sound, at its sampling rate)
  -                       lines of standard input: JSON objects, JSON arrays, CSV or plain text
  tail:app.log            lines that are added to a file, also when it is rotated
  udp:9000  tcp:9000      JSON lines that are sent to a port of this machine, with --channels;
                          udp:0.0.0.0:9000 takes them from other machines, too (they are not encrypted)
  pulse=my.csv            any of these under a name of your choice

examples:
  midstream-lab serve lorenz ecg=ecg_mitbih_208
  my_sensor --json | midstream-lab serve sensor=-
  midstream-lab serve tcp:9000 --channels temperature,humidity,room:text

a reader on another machine, with midstream-lab installed there (pip install "midstream-lab[lab]"):
  1. here   midstream-lab serve lorenz --host 0.0.0.0 --port 4433
            (--host: listen on all addresses, or name one of yours; --port: a fixed UDP port,
            which firewalls between the two machines have to let through)
  2. here   copy the card, lorenz.card, to the other machine, for example: scp lorenz.card OTHER:
            It holds the address, the authority that signs the server's certificate, and the access
            token: who has it can read, so send it as you would send a password.
  3. there  midstream-lab watch lorenz.card
            or, in a notebook: from midstream_lab.stream import connect
                               feed = connect("lorenz.card").subscribe("lorenz")
The card stays good when the server is started again; --rotate-token ends all older cards.
"""


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "serve",
        help="stream datasets, systems, files or lines over QUIC",
        description="Stream one or several sources over QUIC until Ctrl-C. A connection card is written (readable\n"
        "by you alone); whoever has it can connect: midstream-lab watch CARD, or connect('CARD') in a notebook.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.add_argument("names", metavar="NAME", nargs="+", help="what to stream (see below), also [LABEL=]NAME")
    server_options(command)
    recorded = command.add_argument_group("datasets, systems and files")
    recorded.add_argument("--channel", help="send this channel only")
    replay_options(recorded)
    lines = command.add_argument_group("lines (-, tail:, udp:, tcp:)")
    lines.add_argument("--channels", metavar="X,Y,Z:KIND", help="fields to send, of the kind float, int, bool or text")
    lines.add_argument("--format", choices=("json", "csv", "text"), help="what a line is (default: as the first one)")
    lines.add_argument("--time", metavar="FIELD", help="the field with the row's time (default: time of arrival)")
    lines.add_argument("--unit", default="s", help="unit of a time that is a number (default: %(default)s)")
    command.set_defaults(run=run)


def server_options(command: argparse.ArgumentParser) -> None:
    """Where to listen, and where the card goes."""
    command.add_argument("--card", type=Path, help="where to write the card (default: NAME.card in this folder)")
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    command.add_argument("--port", type=int, default=0, help="UDP port (default: the one of the last time, or any)")
    command.add_argument("--qlog", metavar="FOLDER", help="log what happens on each QUIC connection there")
    command.add_argument("--rotate-token", action="store_true", help="make a new access token; old cards end")


def replay_options(command: argparse._ActionsContainer) -> None:
    """How fast, and how often."""
    command.add_argument("--speed", type=speed, default=1.0, help="multiple of its own rate, or max (default: 1)")
    command.add_argument(
        "--rate", type=positive, help="rows a second, for months, years and other time without seconds"
    )
    command.add_argument("--loop", action="store_true", help="start a recording again at its end")


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
    check_card(args)
    with ExitStack() as opened:
        sources: dict[str, Any] = {}
        for given in args.names:
            label, source = _source(given, args)
            opened.callback(getattr(source, "close", lambda: None))
            if label in sources:
                raise InputError(f"two sources are named {label}; name them: serve a={given} b=...")
            sources[label] = source
        return serve_until_stopped(sources, args)


def check_card(args: argparse.Namespace) -> None:
    """Look at the card's folder before the work, not after it."""
    if args.card is not None and not args.card.parent.is_dir():
        raise InputError(f"{args.card.parent} is not a folder; name another with --card")


def serve_until_stopped(sources: Mapping[str, Any], args: argparse.Namespace) -> int:
    """Serve, say how to connect, and show what is sent."""
    from ..stream import serve

    name = "+".join(sources)
    card = args.card or Path(f"{name.replace('/', '-')[:100]}.card")
    where = {"host": args.host, "port": args.port, "rotate_token": args.rotate_token, "qlog": args.qlog}
    with serve(sources, name=name, **where) as server:
        progress, meter = Progress(), Meter()
        try:
            server.card.save(card)
            print(f"serving {', '.join(sources)} on {server.card.addresses[0]}; card: {card}")
            print(f"watch it with: midstream-lab watch {card}     (Ctrl-C ends)", flush=True)
            settle()
            while not server.closed:
                time.sleep(LOOK)
                progress.show(f"{server.status()} | {meter.rate(*server.sent)}", *notes(server))
        finally:
            _, size = server.sent
            progress.show(f"{server.status()}, {size / 1e6:,.2f} MB", *notes(server), last=True)
    return 0


def notes(server: Any) -> list[str]:
    """What is to be said of the sources: lines that were left out, and which failed."""
    return [f"  {label}: {line}" for label, runner in server.runners.items() for line in runner.health]


def _source(given: str, args: argparse.Namespace) -> tuple[str, Any]:
    """The label of a source, and the source."""
    from . import resolve

    label, name = resolve.labelled(given)
    if name == "-" or (name.startswith(resolve.LINES) and not Path(name).exists()):
        if args.channel is not None:
            raise InputError("--channel is for recordings and systems; --channels says which fields of lines to send")
        if name == "-" and args.channels is None:
            print("waiting for the first lines of standard input, which show its channels", flush=True)
        source = resolve.lines(name, channels=args.channels, format=args.format, time=args.time, unit=args.unit)
        return label or source.name, source
    source = resolve.source(name, speed=args.speed, loop=args.loop, rate=args.rate, channel=args.channel)
    return label or Path(name).stem, source
