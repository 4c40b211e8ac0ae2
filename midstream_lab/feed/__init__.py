"""Live sequences: feeds, and the operators between them."""

from .dejitter import Dejitter, dejitter
from .feed import Counts, Feed
from .operators import Operator
from .pipe import Sink
from .reader import ReaderCounts
from .schema import Block, Channel, Kind, Schema, Source
from .source import SequenceSource, run_source
from .windowed import Windowed

__all__ = [
    "Block",
    "Channel",
    "Counts",
    "Dejitter",
    "Feed",
    "Kind",
    "Operator",
    "ReaderCounts",
    "Schema",
    "SequenceSource",
    "Sink",
    "Source",
    "Windowed",
    "dejitter",
    "run_source",
]
