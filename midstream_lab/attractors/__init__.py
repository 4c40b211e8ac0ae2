"""Attractors: dynamical systems, delay embedding, and the largest Lyapunov exponent with an honest interval."""

from . import systems
from .basins import basin_fractions, basins
from .correlation import correlation_sum
from .correlation_dimension import correlation_dimension
from .delay import autocorrelation, estimate_delay
from .dimension import estimate_embedding_dim, false_neighbours
from .divergence import divergence_curve
from .embedding import embed
from .embedding_report import embedding_report
from .entropy import permutation_entropy, sample_entropy
from .fixed_points import fixed_points, periodic_orbit
from .ftle import ftle
from .information import mutual_information
from .lyapunov import lyapunov_max
from .online import (
    OnlineDivergence,
    OnlineEmbedding,
    OnlineNeighbours,
    OnlinePermutationEntropy,
    OnlineRecurrenceRate,
    OnlineRqa,
    OnlineZeroOne,
)
from .orbits import orbit_diagram
from .pecuzal import pecuzal
from .prediction import predict
from .recurrence import recurrence_matrix, recurrence_points
from .recurrence_tile import recurrence_tile
from .rqa import rqa
from .scaling import dfa, hurst
from .sections import poincare_section
from .spectrum import kaplan_yorke, lyapunov_spectrum
from .spectrum_from_data import lyapunov_spectrum_from_data
from .surrogate_test import surrogate_test
from .surrogates import surrogates
from .theiler import estimate_theiler
from .verdict import Evidence, Verdict, classify_attractor, map_verdict
from .warming import warm
from .zero_one import zero_one_test

__all__ = [
    "Evidence",
    "OnlineDivergence",
    "OnlineEmbedding",
    "OnlineNeighbours",
    "OnlinePermutationEntropy",
    "OnlineRecurrenceRate",
    "OnlineRqa",
    "OnlineZeroOne",
    "Verdict",
    "autocorrelation",
    "basin_fractions",
    "basins",
    "classify_attractor",
    "correlation_dimension",
    "correlation_sum",
    "dfa",
    "divergence_curve",
    "embed",
    "embedding_report",
    "estimate_delay",
    "estimate_embedding_dim",
    "estimate_theiler",
    "false_neighbours",
    "fixed_points",
    "ftle",
    "hurst",
    "kaplan_yorke",
    "lyapunov_max",
    "lyapunov_spectrum",
    "lyapunov_spectrum_from_data",
    "map_verdict",
    "mutual_information",
    "orbit_diagram",
    "pecuzal",
    "periodic_orbit",
    "permutation_entropy",
    "poincare_section",
    "predict",
    "recurrence_matrix",
    "recurrence_points",
    "recurrence_tile",
    "rqa",
    "sample_entropy",
    "surrogate_test",
    "surrogates",
    "systems",
    "warm",
    "zero_one_test",
]
