"""Slow, obvious versions of the kernels: what they are compared with."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np


def embed(x, delay, dim):
    """Delay vectors, one list at a time."""
    return np.array([[x[i + k * delay] for k in range(dim)] for i in range(len(x) - (dim - 1) * delay)])


def neighbours(points, count, theiler):
    """Squared distances to the nearest points outside the Theiler window, duplicates left out: (n, count)."""
    squared = np.full((len(points), count), np.inf)
    for i, here in enumerate(points):
        found = sorted(
            d for j, there in enumerate(points) if abs(i - j) > theiler and (d := ((here - there) ** 2).sum()) > 0
        )[:count]
        squared[i, : len(found)] = found
    return squared


def equiprobable(x, bins):
    """Bin of each value by its rank; equal values share the bin of the first of them."""
    ranked = sorted(x)
    return [ranked.index(value) * bins // len(x) for value in x]


def mutual_information(x, bins, lag):
    """Sum of p(a, b) log(p(a, b) / p(a) p(b)) over the pairs of bins."""
    labels = equiprobable(list(x), bins)
    pairs = list(zip(labels[: len(labels) - lag], labels[lag:], strict=True))
    n = len(pairs)
    joint, left, right = Counter(pairs), Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    return sum(c / n * math.log((c / n) / (left[a] / n * right[b] / n)) for (a, b), c in joint.items())


def divergence(x, delay, dim, theiler, steps):
    """Rosenstein's curve: mean log distance of each vector to its nearest neighbour, as both move on."""
    points = embed(x, delay, dim)
    rows = len(points) - steps
    logs = [[] for _ in range(steps + 1)]
    for i in range(rows):
        others = [
            (((points[i] - points[j]) ** 2).sum(), j)
            for j in range(rows)
            if abs(i - j) > theiler and (points[i] != points[j]).any()
        ]
        if not others:
            continue
        _, j = min(others)
        for k in range(steps + 1):
            distance = math.dist(points[i + k], points[j + k])
            if distance > 0:
                logs[k].append(math.log(distance))
    return np.array([np.mean(some) if some else np.nan for some in logs])


def expansion(x, delay, dim, theiler):
    """Cao's mean ratio of neighbour distances in `dim` + 1 and `dim` components, Euclidean."""
    wide = embed(x, delay, dim + 1)
    narrow = wide[:, :dim]
    ratios = []
    for i in range(len(wide)):
        others = [
            (((narrow[i] - narrow[j]) ** 2).sum(), j)
            for j in range(len(wide))
            if abs(i - j) > theiler and (narrow[i] != narrow[j]).any()
        ]
        d, j = min(others)
        ratios.append(math.dist(wide[i], wide[j]) / math.sqrt(d))
    return float(np.mean(ratios))


def close_pairs(points, radius, lag):
    """Share of pairs `lag` apart that are within `radius`."""
    n = len(points)
    return sum(math.dist(points[i], points[i + lag]) <= radius for i in range(n - lag)) / (n - lag)


def tangent_growth(x, delay, dim, theiler, count, ridge, settle):
    """Log growth in one delay of vectors pushed along ridge regressions on neighbours, and the squared errors."""
    points = embed(x, delay, dim)[: len(x) - dim * delay]
    future = np.asarray(x)[dim * delay :]
    logs, squares = [], []
    matrices = []
    for i, here in enumerate(points):
        nearest = sorted(
            (((here - points[j]) ** 2).sum(), j)
            for j in range(len(points))
            if abs(i - j) > theiler and (here != points[j]).any()
        )
        chosen = [j for _, j in nearest[:count]]
        near, next_ = points[chosen], future[chosen]
        a, b = near - near.mean(axis=0), next_ - next_.mean()
        gradient = np.linalg.solve(a.T @ a + ridge * np.trace(a.T @ a) * np.eye(dim), a.T @ b)
        squares.append((future[i] - next_.mean() - gradient @ (here - near.mean(axis=0))) ** 2)
        matrix = np.eye(dim, k=1)
        matrix[-1] = gradient
        matrices.append(matrix)
    for start in range(delay):
        v = np.full(dim, dim**-0.5)
        for age, i in enumerate(range(start, len(points), delay)):
            v = matrices[i] @ v
            if age >= settle:
                logs.append(math.log(np.linalg.norm(v)))
            v /= np.linalg.norm(v)
    return np.array(logs), np.array(squares)


def integrate(velocity, state, h, steps):
    """Classical Runge-Kutta, step by step."""
    y = np.array(state, dtype=float)
    for _ in range(steps):
        k1 = velocity(y)
        k2 = velocity(y + h / 2 * k1)
        k3 = velocity(y + h / 2 * k2)
        k4 = velocity(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y
