"""Finding in a stream: operators for feeds, in bounded memory, with the same answer however the rows are cut."""

from .spring import SpringMonitor

__all__ = ["SpringMonitor"]
