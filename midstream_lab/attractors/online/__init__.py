"""Twins of the batch functions for feeds: bounded memory, the same answer however the rows are cut into blocks.

Each is an operator for `Feed.pipe`, and can be fed by hand with ``update(block)`` and asked by ``result()``, which has
the variables of the batch function and `n_used` (samples it rests on), `window` and `age` (rows that have come since
the newest of them).

======================== ============================== ======== ====================================================
twin                     batch function                 exact    over
======================== ============================== ======== ====================================================
OnlinePermutationEntropy `permutation_entropy`          yes      the last `window` rows; updated with every row
OnlineRecurrenceRate     `rqa`, its `recurrence_rate`   yes      the last `window` rows; updated with every row
OnlineRqa                `rqa`                          yes      the last `window` rows; computed when asked, in a time
                                                                 that grows with the square of `window`
OnlineZeroOne            `zero_one_test`                no       the newest complete block of `window` rows: equal to
                                                                 the batch there, and up to `window` rows old
======================== ============================== ======== ====================================================

Exact means equal to the batch function on the last `window` rows. Missing rows and values that are not finite start a
twin again: windows never reach across a gap. To put a result together takes about a millisecond: at 10,000 rows a
second choose `every` of 20 or more.
"""

from .base import Twin
from .entropy import OnlinePermutationEntropy
from .recurrence import OnlineRecurrenceRate, OnlineRqa
from .zero_one import OnlineZeroOne

__all__ = ["OnlinePermutationEntropy", "OnlineRecurrenceRate", "OnlineRqa", "OnlineZeroOne", "Twin"]
