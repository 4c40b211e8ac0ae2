"""Compare: distances and alignments of sequences."""

from .alignment import Alignment
from .dtw import derivative, dtw, dtw_distance
from .warming import warm

__all__ = ["Alignment", "derivative", "dtw", "dtw_distance", "warm"]
