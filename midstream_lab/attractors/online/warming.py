"""Run every twin once on a little noise, which compiles its kernels."""

from __future__ import annotations

import numpy as np

from ...feed import Block
from .divergence import OnlineDivergence, OnlineNeighbours
from .embedding import OnlineEmbedding
from .entropy import OnlinePermutationEntropy
from .recurrence import OnlineRecurrenceRate, OnlineRqa
from .zero_one import OnlineZeroOne

__all__ = ["run_twins"]


def run_twins() -> None:
    """Give every twin more rows than its window holds, in two blocks, so that it has to slide."""
    noise = np.random.default_rng(0).standard_normal(420)
    for twin in (
        OnlineEmbedding(window=300, delay=1, dim=2),
        OnlineNeighbours(window=300, every=100),
        OnlineDivergence(window=300, every=100, steps=5),
        OnlineDivergence(window=300, every=100, steps=5, half_life=100.0),
        OnlinePermutationEntropy(window=300, every=100),
        OnlineRecurrenceRate(window=300, every=100, radius=0.5),
        OnlineRqa(window=300, every=100, radius=0.5),
        OnlineZeroOne(window=200, angles=10),
    ):
        for begin, end in ((0, 310), (310, 420)):
            twin.update(Block(first=begin, start=begin, columns=(noise[begin:end],)))
