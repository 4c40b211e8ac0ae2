"""Temporal logic on signals: formulas, and monitors that judge a sequence while it comes."""

from .formula import Formula, parse
from .monitor import Monitor

__all__ = ["Formula", "Monitor", "parse"]
