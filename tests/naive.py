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


def distances(points, norm):
    """All distances (n, n): the largest difference of components, or the Euclidean one."""
    difference = np.abs(points[:, None] - points[None])
    return difference.max(axis=2) if norm == "max" else np.sqrt((difference**2).sum(axis=2))


def pairs_within(points, radii, theiler, norm):
    """Number of pairs (i, j), j > i + theiler, within each radius."""
    apart = distances(points, norm)[np.triu_indices(len(points), theiler + 1)]
    return [int((apart <= radius).sum()) for radius in radii]


def runs(flags):
    """Lengths of the runs of true values."""
    return [len(run) for run in "".join("1" if flag else "0" for flag in flags).split("0") if run]


def rqa(points, radius, theiler, norm, least=2):
    """Measures of recurrence quantification from the whole matrix."""
    n = len(points)
    matrix = distances(points, norm) <= radius
    lags = range(theiler + 1, n)
    diagonals = [length for lag in lags for length in runs(np.diagonal(matrix, lag))]
    verticals = [length for column in matrix.T for length in runs(column)]
    found = [length for length in diagonals if length >= least]
    tall = [length for length in verticals if length >= least]
    p = np.array(list(Counter(found).values())) / max(len(found), 1)
    used = np.arange(theiler + 1, int(0.9 * n))
    rates = [np.diagonal(matrix, lag).mean() for lag in used]
    return {
        "recurrence_rate": sum(diagonals) / sum(n - lag for lag in lags),
        "determinism": sum(found) / sum(diagonals),
        "mean_diagonal": np.mean(found),
        "longest_diagonal": max(found),
        "divergence": 1 / max(found),
        "diagonal_entropy": -(p * np.log(p)).sum(),
        "laminarity": sum(tall) / sum(verticals),
        "trapping_time": np.mean(tall),
        "longest_vertical": max(tall),
        "trend": ((used - used.mean()) * rates).sum() / ((used - used.mean()) ** 2).sum(),
    }


def permutation_entropy(x, order, delay, weighted=False):
    """Entropy in nats of the patterns by a stable sort, each with its number or with the variance of its windows."""
    weights = Counter()
    for i in range(len(x) - (order - 1) * delay):
        window = [x[i + k * delay] for k in range(order)]
        pattern = tuple(sorted(range(order), key=lambda k, window=window: window[k]))
        weights[pattern] += np.var(window) if weighted else 1
    whole = sum(weights.values())
    return -sum(w / whole * math.log(w / whole) for w in weights.values() if w > 0)


def sample_entropy(x, dim, radius):
    """Minus the log of the matches of dim + 1 samples over those of dim."""
    rows = len(x) - dim
    counts = [0, 0]
    for i in range(rows):
        for j in range(i + 1, rows):
            for longer in (0, 1):
                counts[longer] += max(abs(x[i + k] - x[j + k]) for k in range(dim + longer)) <= radius
    return -math.log(counts[1] / counts[0])


def fluctuation(x, size, order):
    """Root mean square of what polynomials leave of the profile, over segments from both ends."""
    profile = np.cumsum(x - np.mean(x))
    squares = []
    for part in (profile, profile[::-1]):
        for k in range(len(x) // size):
            segment = part[k * size : (k + 1) * size]
            fit = np.polynomial.Polynomial.fit(np.arange(size), segment, order)
            squares.append(np.mean((segment - fit(np.arange(size))) ** 2))
    return math.sqrt(np.mean(squares))


def rescaled_range(segment):
    """Range of the cumulated deviations over the standard deviation."""
    deviations = np.concatenate([[0.0], np.cumsum(segment - np.mean(segment))])
    return np.ptp(deviations) / np.std(segment)


def zero_one(x, c, cut):
    """Correlation of the mean square displacement of the driven walk with time."""
    j = np.arange(1, len(x) + 1)
    p, q = np.cumsum(x * np.cos(j * c)), np.cumsum(x * np.sin(j * c))
    starts = np.arange(len(x) - cut)
    spread = [np.mean((p[starts + k] - p[starts]) ** 2 + (q[starts + k] - q[starts]) ** 2) for k in range(1, cut + 1)]
    return np.corrcoef(np.arange(1, cut + 1), spread)[0, 1]


def analogue(points, future, i, count, theiler):
    """Mean future of the nearest points that are more than `theiler` samples away and not the same."""
    near = sorted(
        (((points[i] - points[j]) ** 2).sum(), j)
        for j in range(len(future))
        if abs(i - j) > theiler and (points[i] != points[j]).any()
    )[:count]
    return np.mean([future[j] for _, j in near], axis=0)


def s_map(points, future, i, theta, theiler):
    """Weighted least squares of the futures on the points, the weights falling with distance; value at point i."""
    others = [j for j in range(len(future)) if abs(i - j) > theiler]
    distance = np.array([math.dist(points[i], points[j]) for j in others])
    root = np.exp(-theta * distance / distance.mean()) ** 0.5
    design = np.column_stack([np.ones(len(others)), points[others]])
    weights = np.linalg.lstsq(design * root[:, None], future[others] * root[:, None], rcond=None)[0]
    return np.concatenate([[1.0], points[i]]) @ weights


def dtw_costs(
    x, y, *, inside=lambda i, j: True, squared=True, pattern="symmetric1", penalty=0.0, weight=None, opened=False
):
    """Cost of the best warping path to each cell, (n, m); infinite where there is none."""
    n, m = len(x), len(y)
    costs = np.full((n, m), np.inf)
    for i in range(n):
        for j in range(m):
            if not inside(i, j):
                continue
            apart = np.atleast_1d(np.asarray(x[i], float) - np.asarray(y[j], float))
            cost = (apart**2).sum() if squared else np.abs(apart).sum()
            if weight is not None:
                cost *= 1 / (1 + math.exp(-weight * (abs(i - j) - max(n, m) / 2)))
            if i == 0 and (j == 0 or opened):
                costs[i, j] = cost
                continue
            ways = []
            if i > 0 and j > 0:
                ways.append(costs[i - 1, j - 1] + (cost if pattern == "symmetric2" else 0.0))
            if i > 0:
                ways.append(costs[i - 1, j] + penalty)
            if pattern != "asymmetric" and j > 0:
                ways.append(costs[i, j - 1] + penalty)
            if pattern == "asymmetric" and i > 0 and j > 1:
                ways.append(costs[i - 1, j - 2] + penalty)
            costs[i, j] = cost + min(ways, default=np.inf)
    return costs


def edit_cost(a, b, *, insert=1, delete=1, substitute=1, transpose=None):
    """Least weight of the edits that turn a into b; the whole matrix."""
    cost = np.zeros((len(a) + 1, len(b) + 1))
    cost[:, 0] = np.arange(len(a) + 1) * delete
    cost[0] = np.arange(len(b) + 1) * insert
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            ways = [
                cost[i - 1, j - 1] + (0 if a[i - 1] == b[j - 1] else substitute),
                cost[i - 1, j] + delete,
                cost[i, j - 1] + insert,
            ]
            if transpose is not None and i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                ways.append(cost[i - 2, j - 2] + transpose)
            cost[i, j] = min(ways)
    return cost[-1, -1]


def common_length(a, b):
    """Length of the longest common subsequence; the whole matrix."""
    length = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i in range(len(a)):
        for j in range(len(b)):
            same = a[i] == b[j]
            length[i + 1, j + 1] = length[i, j] + 1 if same else max(length[i, j + 1], length[i + 1, j])
    return int(length[-1, -1])


def false_share(x, delay, dim, theiler, ratio, size):
    """Shares of nearest neighbours that one more component parts: by ratio, by size, by either."""
    rows = len(x) - dim * delay
    points, wider = embed(x, delay, dim)[:rows], embed(x, delay, dim + 1)
    verdicts = []
    for i in range(rows):
        others = [
            (((points[i] - points[j]) ** 2).sum(), j)
            for j in range(rows)
            if abs(i - j) > theiler and (points[i] != points[j]).any()
        ]
        square, j = min(others)
        by_ratio = abs(wider[i, -1] - wider[j, -1]) / math.sqrt(square) > ratio
        by_size = math.dist(wider[i], wider[j]) > size * np.std(x)
        verdicts.append((by_ratio, by_size, by_ratio or by_size))
    return np.mean(verdicts, axis=0)


def divergence_of_balls(x, delay, dim, theiler, radius, least, steps):
    """Kantz' curve: mean log of the mean distance, in the newest component, to all points of a ball."""
    rows = len(x) - (dim - 1) * delay - steps
    points, newest = embed(x, delay, dim)[:rows], (dim - 1) * delay
    logs = [[] for _ in range(steps + 1)]
    for i in range(rows):
        ball = [j for j in range(rows) if abs(i - j) > theiler and 0 < math.dist(points[i], points[j]) <= radius]
        if len(ball) < least:
            continue
        for k in range(steps + 1):
            mean = np.mean([abs(x[i + newest + k] - x[j + newest + k]) for j in ball])
            if mean > 0:
                logs[k].append(math.log(mean))
    return np.array([np.mean(some) if some else np.nan for some in logs]), len(logs[0])


def continuity(points, x, max_lag, theiler, needed):
    """Mean over points of the smallest radius that holds needed[k] of the k nearest neighbours in a new component."""
    radii = []
    for i in range(len(points)):
        near = sorted((((points[i] - points[j]) ** 2).sum(), j) for j in range(len(points)) if abs(i - j) > theiler)
        rows = []
        for lag in range(max_lag + 1):
            apart = [abs(x[i + lag] - x[j + lag]) for _, j in near]
            rows.append(min(sorted(apart[:k])[q - 1] for k, q in enumerate(needed) if q > 0))
        radii.append(rows)
    return np.mean(radii, axis=0)


def noise_amplification(points, count, theiler, horizon):
    """Uzal's cost at one horizon: log10 of the root of mean (conditional variance / extent) over sum of 1 / extent."""
    rows = len(points) - horizon
    ratios, inverse = [], 0.0
    for i in range(rows):
        near = sorted((((points[i] - points[j]) ** 2).sum(), j) for j in range(rows) if abs(i - j) > theiler)[:count]
        members = [i] + [j for _, j in near]
        pairs = [((points[a] - points[b]) ** 2).sum() for a in members for b in members if a < b]
        spread = []
        for ahead in range(1, horizon + 1):
            images = np.array([points[a + ahead] for a in members])
            spread.append(((images - images.mean(axis=0)) ** 2).sum(axis=1).mean())
        ratios.append(np.mean(spread) / np.mean(pairs))
        inverse += 1.0 / np.mean(pairs)
    return 0.5 * math.log10(np.mean(ratios)) - 0.5 * math.log10(inverse)


def window_distances(x, y, window):
    """Distances of all windows of x to all of y after each is brought to mean 0 and deviation 1; inf where NaN."""
    parts = [[series[i : i + window] for i in range(len(series) - window + 1)] for series in (x, y)]
    flat = [np.array([np.ptp(part) == 0 for part in each]) for each in parts]
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled = [np.array([(part - part.mean()) / (part - part.mean()).std() for part in each]) for each in parts]
        found = np.array([np.sqrt(((scaled[1] - one) ** 2).sum(axis=1)) for one in scaled[0]])
    found[flat[0][:, None] ^ flat[1]] = math.sqrt(window)
    found[flat[0][:, None] & flat[1]] = 0.0
    found[[np.isnan(part).any() for part in parts[0]]] = np.inf
    found[:, [np.isnan(part).any() for part in parts[1]]] = np.inf
    return found


def spring(query, x, threshold):
    """Matches of Sakurai's rule as (start, end, distance): a column of warping costs for every start on its own."""
    found, columns, best = [], {}, None
    for now, value in enumerate(x):
        if not math.isfinite(value):
            found, columns, best = found + ([best] if best else []), {}, None
            continue
        columns[now] = None
        for start, before in columns.items():
            column = []
            for i, wanted in enumerate(query):
                steps = [column[i - 1]] if i else []
                if before is not None:
                    steps += before[i : i + 1] + (before[i - 1 : i] if i else [])
                column.append((value - wanted) ** 2 + (min(steps) if steps else 0.0))
            columns[start] = column
        least = [min((column[i], start) for start, column in columns.items()) for i in range(len(query))]
        if best and all(cost >= best[2] or start > best[1] for cost, start in least):
            found.append(best)
            columns = {start: column for start, column in columns.items() if start > best[1]}
            best = None
        if columns:
            cost, start = min((column[-1], start) for start, column in columns.items())
            if cost <= threshold**2 and (best is None or cost < best[2]):
                best = (start, now, cost)
    return [(start, end, math.sqrt(cost)) for start, end, cost in found + ([best] if best else [])]
