"""Attractors: dynamical systems, delay embedding, and the largest Lyapunov exponent with an honest interval."""

from . import systems
from .delay import autocorrelation, estimate_delay
from .dimension import estimate_embedding_dim
from .divergence import divergence_curve
from .embedding import embed
from .information import mutual_information
from .lyapunov import lyapunov_max
from .theiler import estimate_theiler
from .warming import warm

__all__ = [
    "autocorrelation",
    "divergence_curve",
    "embed",
    "estimate_delay",
    "estimate_embedding_dim",
    "estimate_theiler",
    "lyapunov_max",
    "mutual_information",
    "systems",
    "warm",
]
