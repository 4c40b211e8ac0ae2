"""Scheduling: task sets, policies, a simulation to step through, and schedulability analysis."""

from .analysis import Analysis, analyse
from .event import Event
from .policy import POLICIES, Policy
from .schedule import Schedule, simulate
from .simulation import Simulation
from .task import Task, TaskSet
from .warming import warm

__all__ = [
    "POLICIES",
    "Analysis",
    "Event",
    "Policy",
    "Schedule",
    "Simulation",
    "Task",
    "TaskSet",
    "analyse",
    "simulate",
    "warm",
]
