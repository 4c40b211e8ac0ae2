"""Coverage-guided fuzzing of every target, with atheris (libFuzzer) in an environment of its own: `make fuzz`.

Seeds are fixed, so a run can be repeated. An input that breaks a target is written to corpus/TARGET/ and from then on
replayed by `make test`. With ``--keep`` the inputs that reach new code are minimised into the corpus as well.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
#: Where inputs that reach new code go while a run lasts.
WORK = HERE.parents[1] / ".fuzz" / "inputs"
#: Parts of all executions that a target gets.
SHARES = {
    "control_requests": 0.35,
    "control_replies": 0.15,
    "arrow_metadata": 0.15,
    "arrow_stream": 0.15,
    "card": 0.05,
    "datagrams": 0.15,
}
LONGEST = 1024
#: Rows, a question and an answer; see FORMAT.md.
DATAGRAMS = [
    "010001000300000007000000000000000700000000000000070000000000000000000000000000000100000000000000000000000000e03f",
    "01010000010000000200000000000000",
    "0102000001000000020000000000000003000000000000000400000000000000",
]
CARD = {
    "kind": "midstream-lab card",
    "version": 1,
    "name": "lab",
    "server": "0123456789abcdef",
    "addresses": ["127.0.0.1:4433", "[::1]:4433", "lab.local:1"],
    "authority": "-----BEGIN CERTIFICATE-----",
    "token": "0123456789_abcdefghijkl",
}
#: Kept inputs for each target: the smallest ones.
KEPT = 30


def main() -> int:
    """Fuzz all targets, or those that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", choices=[*SHARES, []], metavar="TARGET", help=", ".join(SHARES))
    parser.add_argument("--runs", type=int, default=1_000_000, help="executions in all (default 1,000,000)")
    parser.add_argument("--keep", action="store_true", help="minimise the inputs that reach new code into the corpus")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        fuzz(given.targets[0], given.runs)
        return 0
    chosen = given.targets or list(SHARES)
    total, failures, began = 0, 0, time.monotonic()
    for target in chosen:
        runs = round(given.runs * SHARES[target] / sum(SHARES[name] for name in chosen))
        done, failed = watch(target, runs)
        total, failures = total + done, failures + failed
        if given.keep:
            keep(target)
    print(f"{total:,} executions in {time.monotonic() - began:.0f} s, {failures} findings")
    return min(failures, 1)


def watch(target: str, runs: int) -> tuple[int, int]:
    """Run a target in a process of its own; how often it ran, and whether it broke."""
    command = [sys.executable, __file__, target, "--runs", str(runs), "--one"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace")
    executions = re.findall(r"^(?:#|Done )(\d+)\b", done.stderr, re.MULTILINE)
    features = re.findall(r"cov: (\d+) ft: (\d+)", done.stderr)
    blocks, reached = features[-1] if features else ("0", "0")
    count = max(map(int, executions), default=0)
    print(f"{target}: {count:,} executions, {blocks} edges, {reached} features", flush=True)
    if done.returncode:
        print("\n".join(done.stderr.splitlines()[-40:]), file=sys.stderr)
    return count, int(done.returncode != 0)


def seeds(target: str) -> list[bytes]:
    """Good inputs to begin with: the vectors that fix the formats."""
    vectors = HERE.parent / "stream" / "vectors"
    if target.startswith("control"):
        listed = [bytes.fromhex(vector["bytes"]) for vector in json.loads((vectors / "control.json").read_text())]
        return [*listed, b"".join(listed), *[message[4:] for message in listed]]
    if target == "card":
        return [json.dumps(CARD).encode()]
    if target == "datagrams":
        return [bytes.fromhex(text) for text in DATAGRAMS]
    streams = [path.read_bytes() for path in sorted(vectors.glob("*.arrows"))]
    if target == "arrow_stream":
        return streams
    return [data[8 : 8 + int.from_bytes(data[4:8], "little")] for data in streams]


def words(target: str) -> list[bytes]:
    """What the mutator may put in: the names and values of the format."""
    texts = re.findall(rb'"[^"]*"|[\d.]+|[{}:,\[\]]|null|true', b" ".join(seeds(target)))
    return sorted({*texts, b"NaN", b"1e999", b"-1", b"9223372036854775808", b"\\ud800", b"midstream.stride"})


def fuzz(target: str, runs: int) -> None:
    """Run a target with instrumented code; does not return."""
    import atheris

    with atheris.instrument_imports(include=["midstream_lab.stream"]):
        from targets import TARGETS
    work = WORK / target
    work.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(target)):
        (work / f"seed-{number}").write_bytes(seed)
    committed = CORPUS / target
    committed.mkdir(parents=True, exist_ok=True)
    dictionary = WORK / f"{target}.dict"
    quoted = ("".join(f"\\x{byte:02x}" for byte in word) for word in words(target) if len(word) < 60)
    dictionary.write_text("".join(f'"{word}"\n' for word in quoted))
    options = [
        f"-dict={dictionary}",
        f"-atheris_runs={runs}",
        "-seed=1",
        f"-max_len={LONGEST}",
        "-timeout=20",
        "-rss_limit_mb=2048",
    ]
    options += [f"-artifact_prefix={committed}/found-", "-use_value_profile=1"]
    atheris.Setup([sys.argv[0], *options, str(work), str(committed)], TARGETS[target])
    atheris.Fuzz()


def keep(target: str) -> None:
    """Copy the smallest inputs of the run into the corpus."""
    kept = CORPUS / target
    found = sorted((WORK / target).iterdir(), key=lambda path: (path.stat().st_size, path.name))
    step = max(1, len(found) // KEPT)
    for path in found[::step][:KEPT]:
        (kept / path.name[:16]).write_bytes(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
