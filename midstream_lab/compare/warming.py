"""Compile every kernel of this room ahead of time, on tiny data."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["warm"]


def warm() -> Iterator[tuple[str, int, int]]:
    """Call every face once, which compiles its kernels or loads them from the cache on disk.

    Yields
    ------
    kernel : str
        What is ready now.
    done, total : int
        How many are ready, of how many.

    Examples
    --------
    >>> steps = list(warm())
    >>> steps[-1][1] == steps[-1][2] == len(steps)
    True
    """
    from ..feed import Block
    from .bounds import lb_improved, lb_kim
    from .dtw import dtw, dtw_distance
    from .edit import edit_alignment, edit_distance
    from .find import find
    from .lcs import lcs
    from .matrix_profile import matrix_profile
    from .nearest import nearest
    from .online import SpringMonitor
    from .pairwise import pairwise
    from .profile import distance_profile

    x, y = [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]
    jobs = {
        "dtw_distance": lambda: dtw_distance(x, y),
        "dtw_distance, variants": lambda: dtw_distance(x, y, penalty=1.0),
        "dtw": lambda: dtw(x, y),
        "dtw, variants": lambda: dtw(x, y, penalty=1.0, cost_matrix=True),
        "edit_distance": lambda: edit_distance("abc" * 99, "acb" * 99),
        "edit_distance, weights": lambda: edit_distance("abc", "acb", insert=2),
        "edit_alignment": lambda: edit_alignment("abc", "acb"),
        "pairwise": lambda: pairwise([x, y]),
        "nearest": lambda: nearest(x, [x, y]),
        "matrix_profile": lambda: matrix_profile([*x, *y], window=3),
        "distance_profile": lambda: distance_profile(x, [*x, *y]),
        "SpringMonitor": lambda: SpringMonitor(x, 1.0).update(Block(first=0, start=0, columns=(np.array(y),))),
        "find": lambda: find(x, [*x, *y], measure="dtw"),
        "lower bounds": lambda: (lb_kim(x, y), lb_improved(x, y)),
        "lcs": lambda: lcs("abc" * 400, "acb" * 400),
    }
    for done, (name, job) in enumerate(jobs.items(), 1):
        job()
        yield name, done, len(jobs)
