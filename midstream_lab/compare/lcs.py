"""The longest common subsequence of two sequences of symbols."""

from __future__ import annotations

import html
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..kernels.compare.lcs import grow_lcs, trace_lcs
from ._symbols import codes_of

__all__ = ["CommonSubsequence", "lcs", "lcs_length"]

#: Pieces of at most this many cells are traced at once; larger ones are halved.
TRACE_CELLS = 1_000_000


@dataclass(frozen=True, kw_only=True, eq=False)
class CommonSubsequence:
    """What two sequences have in common, in order.

    Attributes
    ----------
    length : int
    subsequence : str, bytes, list or ndarray
        The symbols, in the form in which `a` was given.
    places : ndarray of int64, shape (length, 2)
        Where each stands in a and in b; read-only.
    shape : tuple of int
        Lengths of the two sequences.
    """

    length: int
    subsequence: Any
    places: np.ndarray = field(repr=False)
    shape: tuple[int, int]

    @property
    def similarity(self) -> float:
        """Length over the longer of the two lengths; 1 if both are empty."""
        return self.length / max(self.shape) if max(self.shape) else 1.0

    def __len__(self) -> int:
        return self.length

    def _repr_html_(self) -> str:
        shown = str(self.subsequence)
        rows = {
            "length": f"{self.length:,}",
            "of": f"{self.shape[0]:,} and {self.shape[1]:,}",
            "similarity": f"{self.similarity:.3f}",
            "subsequence": shown if len(shown) <= 80 else shown[:79] + "…",
        }
        cells = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
        return f"<table><caption>Longest common subsequence</caption>{cells}</table>"


def lcs(a: Any, b: Any) -> CommonSubsequence:
    """Longest common subsequence: the most symbols that stand in both, in the same order, gaps allowed.

    The lengths are computed 64 cells at a time (Hyyro 2004), the symbols by halving the problem (Hirschberg 1975), so
    that the memory is linear; a million symbols take time, not memory.

    Parameters
    ----------
    a, b : str, bytes, sequence of hashable, or array of int, shapes (n,) and (m,)
        Either may be empty.

    Returns
    -------
    CommonSubsequence
        One of the longest, if there are several.

    Raises
    ------
    InputError
        If a text is compared with something else, or symbols are floats or not hashable.

    References
    ----------
    Hyyro (2004), Bit-parallel LCS-length computation revisited, AWOCA; Hirschberg (1975), Commun. ACM 18, 341.

    Examples
    --------
    >>> found = lcs("AGGTAB", "GXTXAYB")
    >>> found.length, found.subsequence
    (4, 'GTAB')
    >>> lcs([1, 2, 3, 4], [2, 4, 6]).places.tolist()
    [[1, 0], [3, 1]]
    """
    first, second, codes = codes_of(a, b)
    places = _places(first, second, codes)
    places.flags.writeable = False
    kept = places[:, 0]
    if isinstance(a, str):
        subsequence: Any = "".join(a[i] for i in kept)
    elif isinstance(a, bytes | bytearray):
        subsequence = bytes(a[i] for i in kept)
    elif isinstance(a, np.ndarray):
        subsequence = a[kept]
    else:
        symbols = list(a)
        subsequence = [symbols[i] for i in kept]
    return CommonSubsequence(
        length=len(places), subsequence=subsequence, places=places, shape=(first.size, second.size)
    )


def lcs_length(a: Any, b: Any) -> int:
    """Length of the longest common subsequence alone, which is quicker; parameters and errors as for `lcs`.

    Examples
    --------
    >>> lcs_length("AGGTAB", "GXTXAYB")
    4
    """
    first, second, codes = codes_of(a, b)
    return int(grow_lcs(first, second, codes).sum()) if first.size and second.size else 0


def _places(a: np.ndarray, b: np.ndarray, codes: int) -> np.ndarray:
    """Indices of one longest common subsequence, (length, 2)."""
    found: list[np.ndarray] = []
    waiting = [(0, a.size, 0, b.size)]
    while waiting:  # a stack, of the left part last in: its depth is the logarithm of the lengths
        low_a, high_a, low_b, high_b = waiting.pop()
        part_a, part_b = a[low_a:high_a], b[low_b:high_b]
        if not (part_a.size and part_b.size):
            continue
        if part_a.size * part_b.size <= TRACE_CELLS or part_b.size == 1:
            found.append(trace_lcs(part_a, part_b) + np.array([low_a, low_b]))
            continue
        half = part_b.size // 2
        before = np.concatenate([[0], np.cumsum(grow_lcs(part_a, part_b[:half], codes), dtype=np.int64)])
        backward_a, backward_b = _reversed(part_a), _reversed(part_b[half:])
        after = np.concatenate([[0], np.cumsum(grow_lcs(backward_a, backward_b, codes), dtype=np.int64)])
        cut = int(np.argmax(before + after[::-1]))
        waiting.append((low_a + cut, high_a, low_b + half, high_b))
        waiting.append((low_a, low_a + cut, low_b, low_b + half))
    return np.concatenate(found) if found else np.empty((0, 2), np.int64)


def _reversed(x: np.ndarray) -> np.ndarray:
    backward = x[::-1].copy()
    backward.flags.writeable = False
    return backward
