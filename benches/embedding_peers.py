"""``python benches/embedding_peers.py`` stores in tests/oracles/embedding.json what neurokit2 says of short sequences.

Where its conventions differ: its information is in bits, of bins of equal width (it is given the numbers of our
equiprobable ones); its distances in the larger space are of the maximum norm even between Euclidean neighbours, so
that of Cao's curves only E2 is the same, and of Kennel's criteria only the ratio.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from invariant_peers import Peer

ORACLE = Path(__file__).resolve().parents[1] / "tests" / "oracles" / "embedding.json"
VERSION = "neurokit2 0.2.12"


def main() -> int:
    """Store what the peer says."""
    rng = np.random.default_rng(2)
    # Not rounded: of two neighbours equally near, each library takes another one.
    x = np.sin(np.arange(600) / 7.0) + 0.3 * rng.standard_normal(600)
    peer = Peer.find("neurokit")
    if peer is None:
        return 1
    labels = np.argsort(np.argsort(x)) * 12 // len(x)
    jobs = [
        ("information", labels, {"bins": 12, "max_lag": 20}),
        ("cao", x, {"delay": 3, "max_dim": 6, "theiler": 8}),
        ("fnn", x, {"delay": 3, "max_dim": 6, "theiler": 8, "ratio": 3.0}),
    ]
    rows = []
    for job, data, options in jobs:
        answer = peer.run(job, data, **options)
        answer.pop("seconds")
        rows.append({"job": job, "version": VERSION, "options": options, "answer": answer})
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
