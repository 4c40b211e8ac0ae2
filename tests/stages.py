"""Run the named stages of the check, each with its time; the first failure ends the run.

``python tests/stages.py lint types tests notebooks`` is what ``make test`` calls.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPO = Path(__file__).parents[1]
PYTEST = [sys.executable, "-m", "pytest"]

#: A worker for each core and one more, as many tests wait for a network; 4 at most. The tests of one file stay
#: together, as they share what is dear to make. The files are begun in order, those with the longest tests first.
WORKERS = min(4, 1 + (os.cpu_count() or 1))
SPREAD = ["-n", str(WORKERS), "--dist", "loadfile", "--no-loadscope-reorder"]
SUITE = ["tests/project", "tests", "midstream_lab"]

STAGES: dict[str, list[list[str]]] = {
    "lint": [
        [sys.executable, "-m", "ruff", "check", "."],
        [sys.executable, "-m", "ruff", "format", "--check", "."],
    ],
    "types": [[sys.executable, "-m", "mypy"]],
    "tests": [[*PYTEST, *SPREAD, "-m", "not browser and not slow", "--doctest-modules", *SUITE, "--durations=10"]],
    "notebooks": [[*PYTEST, *SPREAD, "--nbval", "--nbval-sanitize-with", "notebooks/sanitize.cfg", "notebooks"]],
    "slow": [[*PYTEST, "-n", str(WORKERS), "--maxschedchunk", "1", "-m", "slow", "tests", "--durations=10"]],
    "browser": [[*PYTEST, "-m", "browser", "tests/browser"]],
}


def install_chromium() -> str | None:
    """Install Debian's chromium if it is missing; a sentence saying why not, if that cannot be done."""
    if shutil.which("chromium"):
        return None
    if not shutil.which("apt-get"):
        return "Chromium is not installed, and there is no apt-get to install it with"
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install = [
        *prefix,
        "apt-get",
        "install",
        "-y",
        "-qq",
        "--no-install-recommends",
        "chromium",
        "fonts-dejavu-core",
    ]
    for command in ([*prefix, "apt-get", "update", "-qq"], install):
        if subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode:
            return f"Chromium is missing and this failed: {' '.join(command)}"
    return None


def main(names: list[str]) -> int:
    unknown = set(names) - set(STAGES)
    if unknown or not names:
        print(f"usage: stages.py {' '.join(STAGES)} (any of them, in order); unknown: {sorted(unknown)}")
        return 2
    times = []
    for name in names:
        print(f"== {name}", flush=True)
        start = time.monotonic()
        if name == "browser" and (reason := install_chromium()):
            print(reason, file=sys.stderr)
            return 1
        for command in STAGES[name]:
            if code := subprocess.run(command, cwd=REPO, check=False).returncode:
                print(f"== {name}: failed after {time.monotonic() - start:.0f} s", flush=True)
                return code
        times.append(f"{name} {time.monotonic() - start:.0f} s")
    print("== " + ", ".join(times), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
