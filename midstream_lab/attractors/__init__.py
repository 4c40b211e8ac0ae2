"""Attractors: dynamical systems, delay embedding, and the largest Lyapunov exponent with an honest interval."""

from . import systems
from .correlation import correlation_sum
from .correlation_dimension import correlation_dimension
from .delay import autocorrelation, estimate_delay
from .dimension import estimate_embedding_dim
from .divergence import divergence_curve
from .embedding import embed
from .entropy import permutation_entropy, sample_entropy
from .information import mutual_information
from .lyapunov import lyapunov_max
from .online import OnlinePermutationEntropy, OnlineRecurrenceRate, OnlineRqa, OnlineZeroOne
from .recurrence import recurrence_matrix, recurrence_points
from .rqa import rqa
from .scaling import dfa, hurst
from .spectrum import kaplan_yorke, lyapunov_spectrum
from .theiler import estimate_theiler
from .warming import warm
from .zero_one import zero_one_test

__all__ = [
    "OnlinePermutationEntropy",
    "OnlineRecurrenceRate",
    "OnlineRqa",
    "OnlineZeroOne",
    "autocorrelation",
    "correlation_dimension",
    "correlation_sum",
    "dfa",
    "divergence_curve",
    "embed",
    "estimate_delay",
    "estimate_embedding_dim",
    "estimate_theiler",
    "hurst",
    "kaplan_yorke",
    "lyapunov_max",
    "lyapunov_spectrum",
    "mutual_information",
    "permutation_entropy",
    "recurrence_matrix",
    "recurrence_points",
    "rqa",
    "sample_entropy",
    "systems",
    "warm",
    "zero_one_test",
]
