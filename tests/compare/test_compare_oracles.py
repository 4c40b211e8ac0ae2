"""The same answers as dtaidistance, aeon, tslearn, dtw-python and RapidFuzz, on pairs stored with their answers."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from midstream_lab.compare import dtw, dtw_distance, edit_alignment, edit_distance, lcs

TOLD = json.loads((Path(__file__).parents[1] / "oracles" / "compare.json").read_text())
ARRAYS = {name: np.array(values) for name, values in TOLD["arrays"].items()}
PEERS = sorted({answer["job"] for answer in TOLD["answers"]})


def test_the_pairs_are_those_that_the_peers_were_given() -> None:
    data = b"".join(array.astype("<f8").tobytes() for array in ARRAYS.values())
    assert hashlib.sha256(data).hexdigest() == TOLD["sha256"]


@pytest.mark.parametrize("peer", PEERS)
def test_every_answer_of_a_peer_is_ours(peer: str) -> None:
    told = [answer for answer in TOLD["answers"] if answer["job"] == peer]
    assert len(told) >= 25
    for answer in told:
        a, b, options = ARRAYS[answer["a"]], ARRAYS[answer["b"]], answer["options"]
        if peer == "rapidfuzz_lcs":
            assert lcs(a, b).length == answer["answer"]
        elif peer.startswith("rapidfuzz"):
            weights = {"transpose": 1} if peer.endswith("osa") else {}
            assert edit_distance(a, b, **weights) == answer["answer"]
            assert edit_alignment(a, b, **weights).distance == answer["answer"]
        else:
            assert dtw_distance(a, b, **options) == pytest.approx(answer["answer"], rel=1e-9)
            assert dtw(a, b, **options).distance == pytest.approx(answer["answer"], rel=1e-9)
