"""``midstream-lab demo``: packet to picture in one process, on real data, without a browser."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from ..errors import InputError, require


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add the command to the parser."""
    command = commands.add_parser(
        "demo",
        help="stream a real ECG over QUIC, embed it, estimate its exponent, write a picture",
        description="Serve a recording on loopback, connect to it, embed what arrives, estimate its largest Lyapunov "
        "exponent and write a PNG; then the same for the Lorenz system, whose exponent is known.",
    )
    command.add_argument("--dataset", default="ecg_mitbih_208", help="a shipped dataset (default: %(default)s)")
    command.add_argument("--rows", type=int, default=7200, help="rows to estimate from (default: %(default)s)")
    command.add_argument("--out", type=Path, default=Path("demo.png"), help="the picture (default: %(default)s)")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from .. import plot
    from .resolve import source
    from .warm import run as warm_up

    require("matplotlib", extra="plot")  # before the work, not after it
    if args.rows < 1:
        raise InputError(f"a demo of {args.rows} rows shows nothing; --rows takes at least one row")
    if args.out.is_dir():
        raise InputError(f"{args.out} is a folder; name a file in it with --out")
    if not args.out.resolve().parent.is_dir():
        raise InputError(f"{args.out.resolve().parent} is not a folder; name another file with --out")
    warm_up(args)
    window = stream_through(source(args.dataset, speed="max"), "recording", rows=args.rows)
    points = report(args.dataset, window)
    lorenz = stream_through(source("lorenz", speed="max"), "lorenz", rows=5000).sel(channel="x")
    report("lorenz", lorenz, known="0.906 (Sprott 2003)")
    args.out.write_bytes(plot.png(plot.attractor(points, title=f"{args.dataset}: delay embedding")))
    print(f"picture: {args.out}")
    return 0


def stream_through(source: Any, name: str, *, rows: int) -> Any:
    """The first `rows` rows of `source` after a journey over QUIC on loopback."""
    from ..stream import connect, serve

    start = time.monotonic()
    with serve({name: source}, name=f"demo-{name}") as server, connect(server.card, name=f"demo-{name}") as client:
        feed = client.subscribe(name, policy="block", window=rows)
        feed.wait(n=rows, timeout=60)
        window = feed.window(rows)
        counts = feed.counts
    took = time.monotonic() - start
    print(f"{name}: {counts.received:,} rows over QUIC with TLS 1.3 in {took:.1f} s, lost {counts.lost:,}")
    return window


def report(name: str, window: Any, *, known: str = "") -> Any:
    """Embed and estimate one channel, print what was found, and return the embedding."""
    from ..attractors import embed, estimate_delay, lyapunov_max

    start = time.monotonic()
    found = lyapunov_max(window)
    took = time.monotonic() - start
    low, high = (float(end) for end in found["interval"].values)
    unit = found["exponent"].attrs.get("units", "")
    print(f"{name}: largest Lyapunov exponent from {window.sizes['time']:,} rows in {took:.2f} s")
    if str(found["status"].item()) == "ok":
        text = f"{float(found['exponent']):.3g} [{low:.3g}, {high:.3g}] {unit}"
        print(f"  {text}" + (f"; known: {known}" if known else ""))
    else:
        print(f"  inconclusive: {found['reasons'].item()}")
    return embed(window, delay=int(estimate_delay(window)["delay"]), dim=3)
