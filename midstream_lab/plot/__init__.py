"""Static pictures with matplotlib, for papers, the command line and saved notebooks."""

from .alignment import alignment
from .attractor import attractor
from .basins import basins
from .embedding import embedding
from .loop import loop
from .orbits import orbits
from .recurrence import recurrence
from .schedule import schedule
from .sections import section
from .sequence import sequence
from .streams import streams
from .style import COLORMAP, PALETTE, new_figure, png

__all__ = [
    "COLORMAP",
    "PALETTE",
    "alignment",
    "attractor",
    "basins",
    "embedding",
    "loop",
    "new_figure",
    "orbits",
    "png",
    "recurrence",
    "schedule",
    "section",
    "sequence",
    "streams",
]
