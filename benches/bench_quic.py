"""QUIC streams: ours and stock aioquic by turns, each end in a process of its own.

``python benches/bench_quic.py --quick --streams`` measures the priorities once, in about a minute, and prints.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from report import HEAD, HERE, environment, line, record, write

STOCK = f"aioquic {version('aioquic')}"
ROUND_TRIP, BANDWIDTH = 0.020, 10e6
#: Where the server listens, and the datagram size of stock aioquic there: the largest that it can send. Ours finds its
#: own size.
PLACES = {"loopback": ("127.0.0.1", 16_300), "20 ms, 10 MB/s": ("0.0.0.0", 1_200)}

#: Stacks on loopback, with their datagram sizes.
ECHOES = {"ours": ("ours", 16_300), "stock": ("stock", 16_300), "stock as it is": ("stock", 1_200)}


@contextmanager
def running(script: str, *args: Any, env: dict[str, str]) -> Iterator[dict[str, Any]]:
    """A process that says in one line where it is, and runs until its stdin is closed."""
    command = [sys.executable, str(HERE / script), *map(str, args)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"{script} ended with code {process.wait()} before it had started")
            yield json.loads(line) | {"process": process.pid}
        finally:
            try:
                process.communicate("", timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()


def answer(script: str, *args: Any, env: dict[str, str]) -> dict[str, Any]:
    """What a process says before it ends."""
    command = [sys.executable, str(HERE / script), *map(str, args)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=env, check=True)
    return json.loads(done.stdout)


def streams(stack: str, place: str, seconds: float, env: dict[str, str]) -> dict[str, dict[str, float]]:
    """The three cases of one stack at one place: samples alone, bulk alone, both."""
    host, datagram = PLACES[place]
    card = Path(env["MIDSTREAM_LAB_DATA"]) / "bench.card"
    to_serve, to_measure = ((host, card), card) if stack == "ours" else ((host, datagram), datagram)
    with ExitStack() as stacked:
        address = stacked.enter_context(running(f"quic_{stack}.py", "serve", *to_serve, seconds, env=env))["address"]
        if place != "loopback":
            address = stacked.enter_context(running("quic_path.py", address, ROUND_TRIP, BANDWIDTH, env=env))["address"]
        return answer(f"quic_{stack}.py", "measure", to_measure, address, seconds, env=env)


Runs = dict[tuple[str, str], list[dict[str, Any]]]


def priorities(rounds: int, seconds: float, env: dict[str, str]) -> Runs:
    """Every round of every place and stack, by turns."""
    found: Runs = {}
    for _ in range(rounds):
        for place in PLACES:
            for stack in ("ours", "stock"):
                found.setdefault((place, stack), []).append(streams(stack, place, seconds, env))
    return found


def echoes(rounds: int, env: dict[str, str]) -> dict[str, list[dict[str, float]]]:
    """Every round of the echoes of every stack; stock aioquic also with its own datagram size."""
    found: dict[str, list[dict[str, float]]] = {}
    for _ in range(rounds):
        for name, (stack, datagram) in ECHOES.items():
            with running("quic_echo.py", "serve", stack, datagram, env=env) as server:
                to = server["address"], server["process"]
                found.setdefault(name, []).append(answer("quic_echo.py", "measure", stack, datagram, *to, env=env))
    return found


def virtual_rows(env: dict[str, str]) -> list[dict[str, Any]]:
    """The priorities over the path on virtual time; the same in every run."""
    ours, stock = (answer("quic_virtual.py", stack, ROUND_TRIP, BANDWIDTH, env=env) for stack in ("ours", "stock"))
    place = "20 ms, 10 MB/s, virtual time"
    most, least = {"figure": "ours", "at_most": 1.5}, {"figure": "ours", "at_least": 0.9}
    more = {"peer": STOCK, "peer_value": stock["rate"], "better": "higher", "goal": least}
    return [
        record("p99 beside bulk", place, ours["p99"], "of idle p99", peer=STOCK, peer_value=stock["p99"], goal=most),
        record("bulk beside samples", place, ours["rate"], "of bulk alone", **more),
    ]


def spread(values: list[float]) -> str:
    """Least and most, for a note."""
    return f"{min(values):.3g} to {max(values):.3g} in {len(values)} runs"


def row(
    bench: str, case: str, unit: str, ours: list[float], peer: list[float], *, peer_name: str = STOCK, **more: Any
) -> dict[str, Any]:
    """A record of medians; the spreads stand in its note."""
    note = f"{spread(ours)}; peer {spread(peer)}"
    middle, other = statistics.median(ours), statistics.median(peer)
    return record(bench, case, middle, unit, peer=peer_name, peer_value=other, note=note, **more)


def priority_rows(found: Runs, place: str) -> list[dict[str, Any]]:
    """The sample stream and the bulk stream at one place."""
    ours, stock = found[place, "ours"], found[place, "stock"]

    def of(case: str, part: str) -> tuple[list[float], list[float]]:
        return [run[case][part] for run in ours], [run[case][part] for run in stock]

    def beside(part: str, alone: str) -> tuple[list[float], list[float]]:
        """A figure of both streams together as a multiple of the same alone, run by run."""
        first, second = ([run["both"][part] / run[alone][part] for run in runs] for runs in (ours, stock))
        return first, second

    first = "connect, show the token, list sources"
    opened = {kind: [run["connect"][kind] for run in ours] for kind in ("new", "again")}
    sample, slower, kept = "24-byte sample at 1 kHz", "p99 beside bulk", "bulk beside samples"
    most, least = {"figure": "ours", "at_most": 1.5}, {"figure": "ours", "at_least": 0.9}
    return [
        row(sample, f"{place}, idle, p50", "ms", *of("idle", "p50")),
        row(sample, f"{place}, idle, p99", "ms", *of("idle", "p99")),
        row(sample, f"{place}, beside bulk, p50", "ms", *of("both", "p50")),
        row(sample, f"{place}, beside bulk, p99", "ms", *of("both", "p99")),
        row(slower, place, "of idle p99", *beside("p99", "idle"), goal=most),
        row("bulk", f"{place}, alone", "MB/s", *of("bulk", "rate"), better="higher"),
        row("bulk", f"{place}, beside samples", "MB/s", *of("both", "rate"), better="higher"),
        row(kept, place, "of bulk alone", *beside("rate", "bulk"), better="higher", goal=least),
        record(first, f"{place}, first time", statistics.median(opened["new"]), "ms", note=spread(opened["new"])),
        record(
            first, f"{place}, again (0-RTT)", statistics.median(opened["again"]), "ms", note=spread(opened["again"])
        ),
    ]


def echo_rows(found: dict[str, list[dict[str, float]]]) -> list[dict[str, Any]]:
    """Connects, echoes, concurrent streams and one big stream, on loopback."""

    def of(figure: str, stack: str = "stock") -> tuple[list[float], list[float]]:
        return [run[figure] for run in found["ours"]], [run[figure] for run in found[stack]]

    own, large = f"{STOCK}, 1,200-byte datagrams", f"{STOCK}, 16,300-byte datagrams"
    together = "1,000 streams open at once"
    return [
        row("connect to first echo", "1-RTT", "ms", *of("connect")),
        row("stream open to first echo", "p50", "ms", *of("open p50")),
        row("stream open to first echo", "p99", "ms", *of("open p99"), goal={"figure": "ours", "at_most": 1.0}),
        row(together, "open", "streams", *of("streams"), better="higher", goal={"figure": "ours", "at_least": 1000}),
        record(
            together, "1 kB each echoed", statistics.median(of("concurrent")[0]), "s", note=spread(of("concurrent")[0])
        ),
        record(together, "memory of the larger side", statistics.median(of("memory")[0]), "MiB"),
        row("one stream of 64 MiB", "largest datagrams", "MB/s", *of("big"), peer_name=large, better="higher"),
        row("one stream of 64 MiB", "defaults", "MB/s", *of("big", "stock as it is"), peer_name=own, better="higher"),
    ]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="one short round, printed only")
    options.add_argument("--streams", action="store_true", help="the sample and the bulk stream only, printed only")
    args = options.parse_args()
    rounds, seconds = (1, 2.0) if args.quick else (3, 2.5)
    with tempfile.TemporaryDirectory() as folder:
        env = {**environment(), "MIDSTREAM_LAB_DATA": folder}
        streamed = priorities(rounds, seconds, env)
        rows = [row for place in PLACES for row in priority_rows(streamed, place)] + virtual_rows(env)
        if not args.streams:
            rows += echo_rows(echoes(rounds, env))
    print(*HEAD, *map(line, rows), sep="\n")
    if not args.quick and not args.streams:
        write("quic", rows)


if __name__ == "__main__":
    main()
