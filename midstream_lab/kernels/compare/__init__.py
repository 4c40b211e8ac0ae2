"""Kernels behind `midstream_lab.compare`."""
