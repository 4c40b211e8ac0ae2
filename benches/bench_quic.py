"""QUIC streams: ours and stock aioquic by turns, each end in a process of its own.

``python benches/bench_quic.py --quick`` measures once and prints; nothing is written.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from report import HEAD, HERE, environment, line, record, write

STOCK = f"aioquic {version('aioquic')}"
ROUND_TRIP, BANDWIDTH = 0.020, 10e6
#: Where the server listens, the datagram size of stock aioquic there (ours finds its own), and the way to it.
PLACES = {"loopback": ("127.0.0.1", 16_300), "20 ms, 10 MB/s": ("0.0.0.0", 1_200)}


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
            yield json.loads(line)
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
Figure = Callable[..., float]


def priorities(rounds: int, seconds: float, env: dict[str, str]) -> Runs:
    """Every round of every place and stack, by turns."""
    found: Runs = {}
    for _ in range(rounds):
        for place in PLACES:
            for stack in ("ours", "stock"):
                found.setdefault((place, stack), []).append(streams(stack, place, seconds, env))
    return found


def spread(values: list[float]) -> str:
    """Least and most, for a note."""
    return f"{min(values):.3g} to {max(values):.3g} in {len(values)} runs"


def priority_rows(found: Runs) -> list[dict[str, Any]]:
    """The rows of the sample stream and the bulk stream at each place."""
    rows = []

    def row(place: str, bench: str, case: str, unit: str, figure: Figure, **more: Any) -> None:
        ours, peer = ([figure(run) for run in found[place, stack]] for stack in ("ours", "stock"))
        middle, other = statistics.median(ours), statistics.median(peer)
        note = f"{spread(ours)}; peer {spread(peer)}"
        rows.append(record(bench, f"{place}{case}", middle, unit, peer=STOCK, peer_value=other, note=note, **more))

    for place in PLACES:
        for case, words in (("idle", "idle"), ("both", "beside bulk")):
            for part in ("p50", "p99"):
                row(place, "24-byte sample at 1 kHz", f", {words}, {part}", "ms", lambda run, c=case, p=part: run[c][p])
        row(
            place, "p99 beside bulk", "", "of idle p99",
            lambda run: run["both"]["p99"] / run["idle"]["p99"], goal={"figure": "ours", "at_most": 1.5},
        )  # fmt: skip
        row(place, "bulk", ", alone", "MB/s", lambda run: run["bulk"]["rate"], better="higher")
        row(place, "bulk", ", beside samples", "MB/s", lambda run: run["both"]["rate"], better="higher")
        row(
            place, "bulk beside samples", "", "of bulk alone",
            lambda run: run["both"]["rate"] / run["bulk"]["rate"],
            better="higher", goal={"figure": "ours", "at_least": 0.9},
        )  # fmt: skip
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="one short round, printed only")
    args = options.parse_args()
    rounds, seconds = (1, 2.0) if args.quick else (5, 5.0)
    with tempfile.TemporaryDirectory() as folder:
        env = {**environment(), "MIDSTREAM_LAB_DATA": folder}
        rows = priority_rows(priorities(rounds, seconds, env))
    print(*HEAD, *map(line, rows), sep="\n")
    if not args.quick:
        write("quic", rows)


if __name__ == "__main__":
    main()
