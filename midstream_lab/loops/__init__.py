"""The strange loop: a tower of learners on a live sequence that may change itself, through a gate."""

from .changes import Change, Forget, SetCoefficients, SetMemory, SetShare
from .gate import Gate
from .journal import Entry
from .loop import StrangeLoop
from .warming import warm

__all__ = [
    "Change",
    "Entry",
    "Forget",
    "Gate",
    "SetCoefficients",
    "SetMemory",
    "SetShare",
    "StrangeLoop",
    "warm",
]
