"""midstream_lab: a lab for sequences in motion."""

__version__ = "0.1.0"
