"""Kernels behind `midstream_lab.attractors`."""
