"""Twins of the batch functions for feeds: bounded memory, the same answer however the rows are cut into blocks.

Each is an operator for `Feed.pipe`, and can be fed by hand with ``update(block)`` and asked by ``result()``, which has
the variables of the batch function and `n_used` (samples it rests on), `window` and `age` (rows that have come since
the newest of them).

================================== ======================= ============== ============================
twin                               batch function          equal          over
================================== ======================= ============== ============================
OnlineEmbedding                    embed                   exact          the last `window` rows
OnlineNeighbours                   divergence_curve: pairs exact          the last `window` rows
OnlineDivergence                   divergence_curve        exact          the last `window` rows
OnlineDivergence, half_life=window divergence_curve        within 0.1 nat these; old pairs weigh less
OnlinePermutationEntropy           permutation_entropy     exact          the last `window` rows
OnlineRecurrenceRate               rqa: recurrence_rate    exact          the last `window` rows
OnlineRqa                          rqa                     exact          the last `window` rows
OnlineZeroOne                      zero_one_test           on its block   the newest whole block
Windowed(lyapunov_max)             lyapunov_max            exact          the last `window` rows, anew
Windowed(classify_attractor)       classify_attractor      exact          the last `window` rows, anew
================================== ======================= ============== ============================

Exact means equal to the batch function on those rows; of two neighbours that are equally near (quantised data) the
other may be followed. What fades stays that close on stationary data. A block of `OnlineZeroOne` ends at every row
divisible by `window`: its answer is up to `window` rows old, and equal to the batch on the rows that it rests on.

Missing rows and values that are not finite start a twin again: windows never reach across a gap. A row takes a time,
and a twin a memory, that grow with `window` at most. To put a result together takes about a millisecond, for
`OnlineDivergence` a time that grows with `window` times `steps`: at 10,000 rows a second choose `every` of 100 or more.

The exponent with its interval and the verdict have no twin: they rest on resampling over several embeddings, which
nothing updates row by row. ``Windowed(lyapunov_max, window=..., every=...)`` computes them anew; its rows bear the time
of the newest row of the window, and windows that touch a gap are left out.
"""

from .base import Twin
from .divergence import OnlineDivergence, OnlineNeighbours
from .embedding import OnlineEmbedding
from .entropy import OnlinePermutationEntropy
from .recurrence import OnlineRecurrenceRate, OnlineRqa
from .zero_one import OnlineZeroOne

__all__ = [
    "OnlineDivergence",
    "OnlineEmbedding",
    "OnlineNeighbours",
    "OnlinePermutationEntropy",
    "OnlineRecurrenceRate",
    "OnlineRqa",
    "OnlineZeroOne",
    "Twin",
]
