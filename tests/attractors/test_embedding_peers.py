"""Mutual information, Cao's curves and false neighbours against what neurokit2 says of the same sequence."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from midstream_lab.attractors import estimate_embedding_dim, false_neighbours, mutual_information

ORACLE = json.loads((Path(__file__).parents[1] / "oracles" / "embedding.json").read_text())
X = np.array(ORACLE["x"])


def told(job: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the peer was asked for, and its answer."""
    (row,) = [row for row in ORACLE["answers"] if row["job"] == job]
    return row["options"], row["answer"]


def test_mutual_information_of_the_same_bins() -> None:
    options, answer = told("information")
    np.testing.assert_allclose(mutual_information(X, **options)[1:] / math.log(2.0), answer["bits"], rtol=1e-9)


def test_e2_of_euclidean_neighbours() -> None:
    options, answer = told("cao")
    np.testing.assert_allclose(estimate_embedding_dim(X, **options)["e2"], answer["e2"], rtol=1e-9)


def test_e1_grows_alike_though_the_peer_mixes_norms() -> None:
    options, answer = told("cao")
    found = estimate_embedding_dim(X, **options)["e1"].values
    assert np.corrcoef(found, answer["e1"])[0, 1] > 0.9


def test_false_neighbours_by_ratio() -> None:
    options, answer = told("fnn")
    np.testing.assert_allclose(false_neighbours(X, **options)["by_ratio"], answer["by_ratio"], atol=1e-12)


def test_false_neighbours_by_size_are_fewer_by_the_smaller_norm() -> None:
    options, answer = told("fnn")
    assert (false_neighbours(X, **options)["by_size"].values >= answer["by_size"]).all()
