"""nolds on the same arrays, in an environment of its own that is made on first use."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

PEERS = Path(__file__).resolve().parent / "peers"
NAME = "nolds 0.6.1"


@dataclass(frozen=True)
class Nolds:
    """The interpreter of the peer's environment."""

    python: Path

    @classmethod
    def find(cls) -> Nolds | None:
        """The environment ``benches/peers/.nolds``, made if need be; None, with the reason printed, if it cannot be."""
        folder = PEERS / ".nolds"
        python = folder / "bin" / "python"
        if not python.exists():
            make = [[sys.executable, "-m", "venv", str(folder)]]
            make.append([str(python), "-m", "pip", "install", "--quiet", "-r", str(PEERS / "nolds.txt")])
            for command in make:
                done = subprocess.run(command, check=False, capture_output=True, text=True)
                if done.returncode:
                    print(f"nolds is left out: {' '.join(command)} failed: {done.stderr.strip()[-300:]}")
                    return None
        return cls(python)

    def lyap_r(self, x: np.ndarray, *, repeat: int = 1, **options: int) -> dict[str, Any]:
        """``nolds.lyap_r`` of `x`: `exponent` per sample, `curve` and the fastest of `repeat` runs in `seconds`."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "x.npy"
            np.save(file, x)
            command = [self.python, PEERS / "nolds_lyap_r.py", file, json.dumps({"repeat": repeat, **options})]
            done = subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True)
            return json.loads(done.stdout)
