"""Kernels behind `midstream_lab.scheduling`: the stepping machine and the schedulability tests, on int64 ticks."""
