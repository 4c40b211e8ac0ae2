"""Kernels that several pillars use."""
