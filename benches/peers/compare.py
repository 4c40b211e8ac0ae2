"""Run in the peers' environment: ``python compare.py pairs.npz`` answers and times the jobs that the file asks for.

The file holds ``jobs``, a JSON list of {"job", "a", "b", "options", "repeat"}, and the arrays that a and b name.
"""

import json
import sys
import time
import warnings

import numpy as np


def dtaidistance(a, b, *, window=None, penalty=0.0, **_):
    from dtaidistance import dtw

    # its window is one more, and it squares the penalty
    options = {} if window is None else {"window": window + 1}
    return dtw.distance_fast(a, b, penalty=penalty**0.5, **options)


def aeon(a, b, *, window=None, **_):
    from aeon.distances import dtw_distance

    return dtw_distance(a, b, window=None if window is None else window / len(a)) ** 0.5


def aeon_path(a, b, **_):
    from aeon.distances import dtw_alignment_path

    return dtw_alignment_path(a, b)[1] ** 0.5


def aeon_weighted(a, b, *, weight, **_):
    from aeon.distances import wdtw_distance

    return wdtw_distance(a, b, g=weight) ** 0.5


def tslearn(a, b, *, window=None, itakura=None, **_):
    from tslearn.metrics import dtw

    if itakura is not None:
        return dtw(a, b, global_constraint="itakura", itakura_max_slope=itakura)
    return dtw(a, b, sakoe_chiba_radius=window)


def dtw_python(a, b, *, step_pattern, open_begin=False, open_end=False, **_):
    import dtw

    found = dtw.dtw(
        a,
        b,
        step_pattern=getattr(dtw, step_pattern),
        dist_method="sqeuclidean",
        open_begin=open_begin,
        open_end=open_end,
    )
    return found.distance**0.5


def rapidfuzz(a, b, **_):
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.distance(a, b)


def rapidfuzz_osa(a, b, **_):
    from rapidfuzz.distance import OSA

    return OSA.distance(a, b)


def rapidfuzz_lcs(a, b, **_):
    from rapidfuzz.distance import LCSseq

    return LCSseq.similarity(a, b)


def edlib(a, b, **_):
    import edlib

    return edlib.align(a, b)["editDistance"]


JOBS = {
    job.__name__: job
    for job in (
        dtaidistance, aeon, aeon_path, aeon_weighted, tslearn, dtw_python, rapidfuzz, rapidfuzz_osa, rapidfuzz_lcs,
        edlib,
    )
}  # fmt: skip


def main():
    warnings.simplefilter("ignore")
    given = np.load(sys.argv[1])
    answers = []
    for asked in json.loads(str(given["jobs"])):
        job, options, repeat = JOBS[asked["job"]], asked["options"], asked.get("repeat", 1)
        a, b = given[asked["a"]], given[asked["b"]]
        if asked.get("text"):
            a, b = ("".join(map(chr, x + 97)) for x in (a, b))
        answer, seconds = job(a, b, **options), []
        for _ in range(repeat):
            start = time.perf_counter()
            job(a, b, **options)
            seconds.append(time.perf_counter() - start)
        answers.append({"answer": float(answer), "seconds": min(seconds)})
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
