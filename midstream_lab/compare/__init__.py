"""Compare: distances and alignments of sequences, of numbers and of symbols."""

from .alignment import Alignment
from .barycenter import barycenter
from .bounds import envelope, lb_improved, lb_keogh, lb_kim
from .classify import NearestNeighborClassifier
from .cluster import cluster
from .dtw import derivative, dtw, dtw_distance
from .edit import EditAlignment, edit_alignment, edit_distance, edit_similarity
from .find import find
from .lcs import CommonSubsequence, lcs, lcs_length
from .matrix_profile import join_profile, matrix_profile
from .measures import MEASURES
from .motifs import discords, motifs
from .nearest import nearest
from .online import SpringMonitor
from .pairwise import pairwise
from .profile import distance_profile
from .warming import warm

__all__ = [
    "MEASURES",
    "Alignment",
    "CommonSubsequence",
    "EditAlignment",
    "NearestNeighborClassifier",
    "SpringMonitor",
    "barycenter",
    "cluster",
    "derivative",
    "discords",
    "distance_profile",
    "dtw",
    "dtw_distance",
    "edit_alignment",
    "edit_distance",
    "edit_similarity",
    "envelope",
    "find",
    "join_profile",
    "lb_improved",
    "lb_keogh",
    "lb_kim",
    "lcs",
    "lcs_length",
    "matrix_profile",
    "motifs",
    "nearest",
    "pairwise",
    "warm",
]
