"""Static pictures with matplotlib, for papers, the command line and saved notebooks."""

from .attractor import attractor
from .embedding import embedding
from .loop import loop
from .recurrence import recurrence
from .schedule import schedule
from .sequence import sequence
from .streams import streams
from .style import COLORMAP, PALETTE, new_figure, png

__all__ = [
    "COLORMAP",
    "PALETTE",
    "attractor",
    "embedding",
    "loop",
    "new_figure",
    "png",
    "recurrence",
    "schedule",
    "sequence",
    "streams",
]
