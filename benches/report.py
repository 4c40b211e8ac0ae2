"""Run the benches and draw TABLE.md from their raw results."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RESULTS = HERE / "results"
HEAD = ("| job | case | ours | peer | ratio | goal | note |", "|---|---|---|---|---|---|---|")
MARKERS = ("<!-- quoted from benches/TABLE.md -->", "<!-- end of quote -->")

#: The rows that the README quotes.
HEADLINES = (
    ("divergence_curve", "Lorenz, n=5000, m=5"),
    ("lyapunov_max: median relative error", "all"),
    ("coverage of the 0.90 interval", "all"),
    ("median width of the interval", "all"),
    ("verdict: right", "all systems, 1% noise"),
    ("verdict: noise taken for strange", "all noises"),
    ("dtw_distance", "n=5000"),
    ("edit_distance", "coded arrays, n=10,000, 1,000 random edits"),
    ("updates drawn", "10,000 points, 60 x 256 new ones offered per second"),
    ("updates drawn", "100,000 points, 60 x 256 new ones offered per second"),
    ("updates drawn", "1,000,000 points, 60 x 256 new ones offered per second"),
    ("delay", "QUIC on loopback to pixel, p50"),
    ("delay", "QUIC on loopback to pixel, p95"),
)


def record(
    bench: str,
    case: str,
    ours: float,
    unit: str,
    *,
    better: str = "lower",
    peer: str | None = None,
    peer_value: float | None = None,
    goal: dict[str, Any] | None = None,
    note: str = "",
) -> dict[str, Any]:
    """One row of the table; README.md here says what the fields mean."""
    return {
        "bench": bench,
        "case": case,
        "ours": ours,
        "unit": unit,
        "better": better,
        "peer": peer,
        "peer_value": peer_value,
        "goal": goal,
        "note": note,
    }


def write(name: str, records: list[dict[str, Any]]) -> Path:
    """Keep the raw results of one bench."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(records, indent=1) + "\n")
    return path


def ratio(row: dict[str, Any]) -> float | None:
    """How many times better than the peer."""
    if row["peer_value"] is None or not row["ours"] or not row["peer_value"]:
        return None
    return row["peer_value"] / row["ours"] if row["better"] == "lower" else row["ours"] / row["peer_value"]


def verdict(row: dict[str, Any]) -> str:
    """Whether the goal is met, with the goal."""
    goal = row.get("goal")
    if not goal:
        return ""
    figure = ratio(row) if goal["figure"] == "ratio" else row["ours"]
    name, met = next(
        (f"{word} {goal[key]:g}", figure is not None and test(figure, goal[key]))
        for key, word, test in (
            ("at_least", "at least", lambda a, b: a >= b),
            ("at_most", "at most", lambda a, b: a <= b),
        )
        if key in goal
    )
    return f"{'met' if met else '**missed**'} ({name}{'x' if goal['figure'] == 'ratio' else ''})"


def line(row: dict[str, Any]) -> str:
    """One row in Markdown."""
    factor = ratio(row)
    peer = f"{row['peer']} {row['peer_value']:.4g}" if row["peer_value"] is not None else row["peer"] or ""
    return (
        f"| {row['bench']} | {row['case']} | {row['ours']:.4g} {row['unit']} | {peer} | "
        f"{'' if factor is None else f'{factor:.3g}x'} | {verdict(row)} | {row['note']} |"
    )


def quote() -> None:
    """Put the headlines into the README, between its two markers."""
    readme = HERE.parent / "README.md"
    rows = [row for path in sorted(RESULTS.glob("*.json")) for row in json.loads(path.read_text())]
    chosen = [row for headline in HEADLINES for row in rows if (row["bench"], row["case"]) == headline]
    before, rest = readme.read_text().split(MARKERS[0])
    after = rest.split(MARKERS[1])[1]
    quoted = "\n".join([MARKERS[0], "", *HEAD, *map(line, chosen), "", MARKERS[1]])
    readme.write_text(before + quoted + after)


def table() -> str:
    """The table in Markdown."""
    lines = [
        "# Measured",
        "",
        "Drawn by `make bench` from the raw results under `results/`; medians. Read the ratios.",
        "",
    ]
    for path in sorted(RESULTS.glob("*.json")):
        rows = json.loads(path.read_text())
        lines += [f"## {path.stem}", "", *HEAD, *map(line, rows)]
        lines.append("")
    return "\n".join(lines)


def environment() -> dict[str, str]:
    """Where the benches find what they share with each other and with the tests."""
    tests = HERE.parent / "tests"
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (HERE, tests, tests / "browser", tests / "stream")))}


def main() -> int:
    """Run what was asked for; a bench that fails is named and the rest go on."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--run", action="store_true", help="run every bench first")
    options.add_argument("--only", help="run the benches whose name contains this")
    args = options.parse_args()
    failed = []
    if args.run:
        for script in sorted(HERE.rglob("bench_*.py")):
            if args.only and args.only not in script.stem:
                continue
            start = time.monotonic()
            code = subprocess.run([sys.executable, str(script)], env=environment(), check=False).returncode
            print(
                f"{script.stem}: {'ok' if code == 0 else f'failed ({code})'} in {time.monotonic() - start:.0f} s",
                flush=True,
            )
            failed += [script.stem] if code else []
    (HERE / "TABLE.md").write_text(table())
    quote()
    print(f"wrote benches/TABLE.md on Python {platform.python_version()}")
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
