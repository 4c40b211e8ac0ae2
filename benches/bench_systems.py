"""The Lyapunov spectrum of the Lorenz equations beside jitcode_lyap, and the adaptive integrator beside scipy's DOP853.

The exponents add up to -41/3 exactly: each side's error of integration is its distance from that, and ours must be no
larger. The peer's time is without its compilation in C, ours without the loading of the kernel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from report import record, write
from scipy.integrate import solve_ivp

from midstream_lab.attractors import lyapunov_spectrum, systems

PEERS = Path(__file__).resolve().parent / "peers"
SUM = -41.0 / 3.0
#: Length of the run, largest step of ours, and what the peer is told: its own default integrator, tolerance 1e-6.
DURATION, STEP = 1000.0, 0.0125
START = [1.0, 2.0, 20.0]
OPTIONS = {"time": DURATION, "rtol": 1e-6, "every": 0.5, "integrator": "dopri5", "repeat": 5, "initial": START}


class Coarse(systems.Lorenz):
    """Lorenz at a step whose error is that of the peer."""

    max_step = STEP


def fastest(job: Callable[[], Any], *, repeat: int = 15) -> float:
    """Fastest of some warm runs, in milliseconds."""
    job()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        job()
        seconds.append(time.perf_counter() - start)
    return 1e3 * min(seconds)


def find_peer() -> Path | None:
    """The interpreter of ``benches/peers/.jitcode``, made if need be; None, with a reason printed, if it cannot."""
    folder = PEERS / ".jitcode"
    python = folder / "bin" / "python"
    if not python.exists():
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "-r", str(PEERS / "jitcode.txt")],
        ):
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                print(f"jitcode is left out: {done.stderr.strip()[-300:]}")
                return None
    return python


def bench_spectrum() -> dict[str, Any]:
    system = Coarse(initial=START)

    def ours() -> Any:
        return lyapunov_spectrum(system, duration=DURATION, transient=0.0)

    values = ours()["spectrum"].values
    error = abs(values.sum() - SUM)
    milliseconds = fastest(ours)
    python, peer_value, note = find_peer(), None, f"sum of the exponents off by {error:.0e}"
    if python is not None:
        command = [str(python), str(PEERS / "jitcode_lyap_lorenz.py"), json.dumps(OPTIONS)]
        # It compiles where it stands and would read the pyproject.toml of this repository.
        with tempfile.TemporaryDirectory() as folder:
            told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
        theirs = json.loads(told[told.index("{") :])
        far = abs(sum(theirs["spectrum"]) - SUM)
        if error > far or np.abs(values - theirs["spectrum"]).max() > 0.05:
            raise SystemExit(f"not the same answer, or less accurate: {values} against {theirs['spectrum']}")
        peer_value = 1e3 * theirs["seconds"]
        note += f", of the peer by {far:.0e}; without {theirs['compile']:.1f} s of the peer's compiling"
    return record(
        "lyapunov_spectrum",
        f"Lorenz, three exponents, T={DURATION:g}",
        milliseconds,
        "ms",
        peer="jitcode_lyap 1.7.3, dopri5" if python else None,
        peer_value=peer_value,
        goal={"figure": "ratio", "at_least": 10} if python else None,
        note=note,
    )


def bench_integrators() -> dict[str, Any]:
    """Both at a tolerance of 1e-9 from the same start, against DOP853 at 1e-13."""
    flow, t = systems.Lorenz(integrator="tsit5", initial=START), 20.0

    def velocity(_: float, s: np.ndarray) -> np.ndarray:
        return np.array([10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]])

    def theirs(tolerance: float = 1e-9, end: float = t) -> np.ndarray:
        return solve_ivp(velocity, (0, end), [1, 2, 20], method="DOP853", rtol=tolerance, atol=tolerance).y[:, -1]

    def ours(end: float = t) -> np.ndarray:
        flow.reset()
        return flow.run_until(end)

    # The error is looked at early, before chaos multiplies it.
    exact = theirs(1e-13, 5.0)
    errors = [float(np.abs(end - exact).max()) for end in (ours(5.0), theirs(1e-9, 5.0))]
    return record(
        "adaptive integration",
        f"Lorenz, T={t:g}, tolerance 1e-9",
        fastest(ours),
        "ms",
        peer="scipy DOP853",
        peer_value=fastest(theirs, repeat=3),
        note=f"error at T=5: {errors[0]:.0e}, of the peer {errors[1]:.0e}",
    )


def main() -> int:
    records = [bench_spectrum(), bench_integrators()]
    for row in records:
        print(row["bench"], row["case"], f"{row['ours']:.3g} ms", row["peer_value"] or "", row["note"])
    write("systems", records)
    return 0


if __name__ == "__main__":
    sys.exit(main())
