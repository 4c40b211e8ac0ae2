"""How often the verdict is right, on systems and noises that it was set up on and on others.

``python bench_verdict.py`` takes about an hour on one core; the runs of each row are independent.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

import numpy as np
from kinds import CHOSEN_ON, KNOWN, NOISES, draw, verdict_shortfalls
from report import record, write

from midstream_lab.attractors import classify_attractor, lyapunov_max, surrogate_test, systems, zero_one_test

SYSTEM_RUNS, NOISE_RUNS, NOISE_VERDICTS = 20, 60, 15
N = 5000


def part(name: str) -> str:
    return "the thresholds were chosen on it" if name in CHOSEN_ON else "not used for the thresholds"


def systems_rows(noise: float) -> tuple[list[dict], dict[str, list[str]]]:
    """A row for each system: the share of right answers."""
    rows, told = [], {}
    for name, known in KNOWN.items():
        if known.kind == "fixed point" and noise:
            continue
        kinds = []
        for seed in range(SYSTEM_RUNS):
            x, dt = draw(known, [21, seed], noise=noise)
            kinds.append(classify_attractor(x, dt=dt).kind)
        told[name] = kinds
        count = Counter(kinds)
        wrong = sum(count.values()) - count[known.kind] - count["inconclusive"]
        said = ", ".join(f"{kind} {times}" for kind, times in count.most_common())
        goal = {"figure": "ours", "at_most": 0.05}
        rows.append(
            record(
                "verdict: confidently wrong",
                f"{name} ({known.kind})" + (", 1% noise" if noise else ""),
                wrong / len(kinds),
                "of runs",
                goal=None if known.hard else goal,
                note=f"{said}; {part(name)}" + ("; inconclusive is expected" if known.hard else ""),
            )
        )
        print(rows[-1]["case"], said, flush=True)
    return rows, told


def summary(told: dict[str, list[str]], case: str) -> list[dict]:
    """Answered and right over all rows that count."""
    rows = [(KNOWN[name].kind, kind) for name, kinds in told.items() if not KNOWN[name].hard for kind in kinds]
    answered = [(true, kind) for true, kind in rows if kind != "inconclusive"]
    right = sum(true == kind for true, kind in answered)
    missed = verdict_shortfalls(told)
    note = "; ".join(missed) or "every part of the bar is cleared"
    return [
        record("verdict: answered", case, len(answered) / len(rows), "of runs", better="higher",
               goal={"figure": "ours", "at_least": 0.7}, note=note),
        record("verdict: right", case, right / len(answered), "of the answered", better="higher",
               goal={"figure": "ours", "at_least": 0.95}),
        record("verdict: confidently wrong", case, (len(answered) - right) / len(rows), "of runs",
               goal={"figure": "ours", "at_most": 0.02}),
    ]  # fmt: skip


def noise_rows() -> list[dict]:
    """A row for each noise: how often it comes out strange. Without an exponent it cannot, so that is asked first."""
    rows, total = [], 0
    for name, make in NOISES.items():
        strange, count = 0, Counter()
        for seed in range(NOISE_RUNS):
            x = make(N, np.random.default_rng([22, seed]))
            if seed < NOISE_VERDICTS:
                kind = classify_attractor(x, dt=1).kind
                count[kind] += 1
                strange += kind == "strange"
            elif lyapunov_max(x, dt=1)["status"].item() == "ok":
                strange += classify_attractor(x, dt=1).kind == "strange"
        total += strange
        said = ", ".join(f"{kind} {times}" for kind, times in count.most_common())
        rows.append(
            record(
                "verdict: noise taken for strange",
                name,
                strange / NOISE_RUNS,
                "of runs",
                note=f"{NOISE_RUNS} runs; whole verdicts of the first {NOISE_VERDICTS}: {said}; {part(name)}",
            )
        )
        print(name, strange, said, flush=True)
    all_rows = record(
        "verdict: noise taken for strange",
        "all noises",
        total / (NOISE_RUNS * len(NOISES)),
        "of runs",
        goal={"figure": "ours", "at_most": 0.005},
        note=f"{NOISE_RUNS} runs of each of {len(NOISES)} noises",
    )
    return [all_rows, *rows]


def time_row() -> dict:
    """The 0-1 test, 99 surrogates and a verdict in turn."""
    x = systems.Lorenz().trajectory(N, dt="1/50").sel(channel="x")
    seconds = []
    for _ in range(4):
        start = time.perf_counter()
        zero_one_test(x)
        surrogate_test(x, n=99)
        classify_attractor(x)
        seconds.append(time.perf_counter() - start)
    return record(
        "0-1 test, surrogates and verdict",
        "Lorenz, n=5000",
        float(np.median(seconds[1:])),
        "s",
        goal={"figure": "ours", "at_most": 2},
        note="99 IAAFT surrogates; median of 3",
    )


def main() -> int:
    """All rows into results/verdict.json."""
    rows = [time_row()]
    for noise, case in ((0.0, "all systems"), (0.01, "all systems, 1% noise")):
        found, told = systems_rows(noise)
        rows += [*summary(told, case), *found]
    write("verdict", [*rows, *noise_rows()])
    return 0


if __name__ == "__main__":
    sys.exit(main())
