"""nolds, pyunicorn and antropy on the same arrays, in environments of their own that are made on first use.

``python benches/invariant_peers.py`` stores their answers on one short sequence in tests/oracles/invariants.json.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PEERS = Path(__file__).resolve().parent / "peers"
ORACLE = PEERS.parents[1] / "tests" / "oracles" / "invariants.json"


@dataclass(frozen=True)
class Peer:
    """The interpreter of a peer's environment."""

    python: Path

    @classmethod
    def find(cls, name: str) -> Peer | None:
        """The environment ``benches/peers/.NAME``, made if need be; None, with the reason printed, if it cannot be."""
        folder = PEERS / f".{name}"
        python = folder / "bin" / "python"
        if not python.exists():
            make = [[sys.executable, "-m", "venv", str(folder)]]
            make.append([str(python), "-m", "pip", "install", "--quiet", "-r", str(PEERS / f"{name}.txt")])
            for command in make:
                done = subprocess.run(command, check=False, capture_output=True, text=True)
                if done.returncode:
                    print(f"{name} is left out: {' '.join(command)} failed: {done.stderr.strip()[-300:]}")
                    return None
        return cls(python)

    def run(self, job: str, x: np.ndarray, **options: Any) -> dict[str, Any]:
        """The answer of a job of ``peers/invariants.py`` on `x`, with the fastest of its runs in `seconds`."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "x.npy"
            np.save(file, x)
            command = [self.python, PEERS / "invariants.py", job, file, json.dumps(options)]
            done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
            return json.loads(done.stdout)


def main() -> int:
    """Store what the peers say."""
    rng = np.random.default_rng(1)
    x = (np.sin(np.arange(600) / 7.0) + 0.3 * rng.standard_normal(600)).round(6)
    nolds, others = Peer.find("nolds"), Peer.find("recurrence")
    if nolds is None or others is None:
        return 1
    radii = [0.4, 0.8, 1.6]
    jobs = [
        (nolds, "nolds 0.6.1", "corr_dim", {"dim": 3, "delay": 4, "radii": radii}),
        (others, "pyunicorn 1.0.0", "rqa", {"dim": 3, "delay": 4, "radius": 0.8}),
        (others, "antropy 0.2.3", "perm_entropy", {"order": 4}),
        (others, "antropy 0.2.3", "sample_entropy", {"dim": 2}),
    ]
    rows = []
    for peer, version, job, options in jobs:
        answer = peer.run(job, x, **options)
        answer.pop("seconds")
        rows.append({"job": job, "version": version, "options": options, "answer": answer})
    told = {
        "command": "make oracles",
        "sha256": hashlib.sha256(x.astype("<f8").tobytes()).hexdigest(),
        "x": x.tolist(),
        "answers": rows,
    }
    ORACLE.parent.mkdir(exist_ok=True)
    ORACLE.write_text(json.dumps(told, indent=1) + "\n")
    print(f"wrote {ORACLE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
