"""Whether a sequence is a sum of a few exact frequencies, and which ones they are multiples of."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Lines", "find_lines"]

#: Most lines taken out of a sequence, and most harmonics of one fundamental frequency.
MAX_LINES, MAX_HARMONICS = 40, 64
#: The strongest line may be up to this harmonic of the fundamental.
STRONGEST = 8
#: Lines weaker than this share of the standard deviation do not have to fit the fundamental frequencies.
WEAK = 0.03
#: Multiples of two fundamental frequencies that are tried, and how close a line must come, in units of 1 / n.
MULTIPLES, NEAR = 8, 0.05
GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


@dataclass(frozen=True, kw_only=True)
class Lines:
    """What is left of a sequence when its lines are taken out.

    Attributes
    ----------
    residual : float
        Standard deviation that they do not explain, as a share of that of the sequence.
    fundamentals : tuple of float
        Frequencies, cycles per sample, of whose multiples the strong lines are sums: one for a cycle, two for a torus;
        none if there are no such.
    count : int
        Lines taken out.
    """

    residual: float
    fundamentals: tuple[float, ...]
    count: int


def find_lines(values: np.ndarray, *, enough: float) -> Lines:
    """Take out the strongest lines one by one, and find what they are multiples of.

    Each frequency is refined on the Hann-weighted remainder (Laskar 1990); in the end all amplitudes are fitted
    together. Where the strong lines are harmonics of one frequency, all its harmonics are fitted.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Mean 0, standard deviation 1.
    enough : float
        Residual at which to stop.
    """
    n = len(values)
    window = np.hanning(n)
    left = values.copy()
    found: list[float] = []
    strength: list[float] = []
    while len(found) < MAX_LINES and left.std() > 0.5 * enough:
        frequency = _peak(left, window)
        waves = _waves(n, np.array([frequency]))
        weighted = waves * window[:, None]
        line = waves @ np.linalg.lstsq(weighted.T @ waves, weighted.T @ left, rcond=1e-8)[0]
        left = left - line
        found.append(frequency)
        strength.append(line.std())
    residual = _unexplained(values, np.array(found))
    strong = [f for f, s in sorted(zip(found, strength, strict=True), key=lambda each: -each[1]) if s > WEAK]
    fundamentals = _basis(np.array(strong), n)
    if len(fundamentals) == 1 and residual > enough:
        harmonics = np.arange(1, min(MAX_HARMONICS, int(0.5 / fundamentals[0] + 1e-6)) + 1)
        residual = min(residual, _unexplained(values, fundamentals[0] * harmonics))
    return Lines(residual=residual, fundamentals=fundamentals, count=len(found))


def _waves(n: int, frequencies: np.ndarray) -> np.ndarray:
    """Cosines and sines, shape (n, 2 frequencies)."""
    phases = 2.0 * np.pi * np.outer(np.arange(n), frequencies)
    return np.concatenate([np.cos(phases), np.sin(phases)], axis=1)


def _unexplained(values: np.ndarray, frequencies: np.ndarray) -> float:
    if not len(frequencies):
        return 1.0
    waves = _waves(len(values), frequencies)
    left = values - waves @ np.linalg.lstsq(waves, values, rcond=1e-8)[0]
    return float(left.std() / np.sqrt(max(0.1, 1.0 - 2.0 * len(frequencies) / len(values))))


def _basis(lines: np.ndarray, n: int) -> tuple[float, ...]:
    """One or two frequencies of which all lines are sums of multiples; the strongest comes first."""
    if not len(lines):
        return ()
    near = NEAR / n
    for q in range(1, STRONGEST + 1):
        ratio = lines * q / lines[0]
        if (np.abs(ratio - np.rint(ratio)) * lines[0] / q <= near).all():
            return (float(lines[0] / q),)
    multiples = np.arange(-MULTIPLES, MULTIPLES + 1)
    for second in lines[1:]:
        sums = (multiples[:, None] * lines[0] + multiples * second).ravel()
        sums = np.abs(sums - np.rint(sums))  # frequencies above one half come back folded
        if all(np.abs(sums - line).min() <= near for line in lines):
            return float(lines[0]), float(second)
    return ()


def _peak(values: np.ndarray, window: np.ndarray) -> float:
    """Frequency of the strongest line, refined between the bins of the weighted spectrum."""
    n = len(values)
    weighted = window * (values - values.mean())
    power = np.abs(np.fft.rfft(weighted, 2 * n))
    power[:3] = 0.0
    at = int(np.argmax(power))
    time = np.arange(n)
    return _largest(
        lambda f: abs(np.dot(weighted, np.exp(-2j * np.pi * f * time))),
        (at - 1) / (2 * n),
        min(0.5, (at + 1) / (2 * n)),
    )


def _largest(function: Callable[[float], float], low: float, high: float, steps: int = 24) -> float:
    """Where a function with one maximum has it, by the golden section."""
    a, b = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    fa, fb = function(a), function(b)
    for _ in range(steps):
        if fa >= fb:
            high, b, fb = b, a, fa
            a = high - GOLDEN * (high - low)
            fa = function(a)
        else:
            low, a, fa = a, b, fb
            b = low + GOLDEN * (high - low)
            fb = function(b)
    return 0.5 * (low + high)
