"""Run in the peers' environment: ``python pairwise.py series.npz`` answers and times many distances at once."""

import json
import sys
import time
import warnings

import numpy as np


def aeon(given):
    from aeon.distances import dtw_pairwise_distance

    return lambda: dtw_pairwise_distance(given["X"]) ** 0.5


def dtaidistance(given):
    from dtaidistance import dtw

    return lambda: dtw.distance_matrix_fast(given["X"], parallel=False)


def tslearn(given):
    from tslearn.metrics import cdist_dtw

    return lambda: cdist_dtw(given["X"], n_jobs=1)


def aeon_nearest(given):
    from aeon.distances import dtw_pairwise_distance

    share = int(given["window"]) / given["many"].shape[1]
    return lambda: dtw_pairwise_distance(given["query"][None], given["many"], window=share)[0] ** 0.5


def dtaidistance_nearest(given):
    from dtaidistance import dtw

    query, many, window = given["query"], given["many"], int(given["window"]) + 1

    def search():
        best, at = np.inf, -1
        for k, series in enumerate(many):
            found = dtw.distance_fast(query, series, window=window, max_dist=best)
            if found < best:
                best, at = found, k
        return np.array([best, at])

    return search


def tslearn_nearest(given):
    from tslearn.metrics import cdist_dtw

    radius = int(given["window"])
    return lambda: cdist_dtw(
        given["query"][None], given["many"], global_constraint="sakoe_chiba", sakoe_chiba_radius=radius
    )[0]


JOBS = (aeon, dtaidistance, tslearn, aeon_nearest, dtaidistance_nearest, tslearn_nearest)


def main():
    warnings.simplefilter("ignore")
    given = dict(np.load(sys.argv[1]))
    answers = {}
    for make in JOBS:
        job = make(given)
        answer, seconds = job(), []
        for _ in range(20 if make.__name__.endswith("nearest") else 4):
            start = time.perf_counter()
            job()
            seconds.append(time.perf_counter() - start)
        if make.__name__.endswith("nearest") and len(answer) > 2:
            answer = np.array([answer.min(), answer.argmin()])
        answers[make.__name__] = {"answer": answer.ravel().tolist(), "seconds": min(seconds)}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
