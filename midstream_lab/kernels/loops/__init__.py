"""Kernels behind `midstream_lab.loops`."""
