"""Run in a peer's environment: ``python invariants.py JOB x.npy '{"repeat": 3, ...}'`` prints answer and time."""

import contextlib
import io
import json
import sys
import time
import warnings

import numpy as np


def corr_dim(x, *, dim, delay, radii):
    """The logarithms of nolds' correlation sums, Euclidean."""
    import nolds

    _, (_, sums, _) = nolds.corr_dim(x, dim, lag=delay, rvals=radii, fit="poly", debug_data=True)
    return {"log_sum": np.asarray(sums).tolist()}


def rqa(x, *, dim, delay, radius):
    """pyunicorn's recurrence quantification, maximum norm, lines of 2 or more."""
    from pyunicorn.timeseries import RecurrencePlot

    plot = RecurrencePlot(x, dim=dim, tau=delay, metric="supremum", threshold=radius, silence_level=3)
    return {
        "determinism": plot.determinism(),
        "mean_diagonal": plot.average_diaglength(),
        "longest_diagonal": plot.max_diaglength(),
        "diagonal_entropy": plot.diag_entropy(),
        "laminarity": plot.laminarity(),
        "trapping_time": plot.trapping_time(),
        "longest_vertical": plot.max_vertlength(),
    }


def perm_entropy(x, *, order):
    """antropy's permutation entropy, in bits."""
    import antropy

    return {"bits": antropy.perm_entropy(x, order=order)}


def sample_entropy(x, *, dim):
    """antropy's sample entropy at a tolerance of 0.2 standard deviations."""
    import antropy

    return {"entropy": antropy.sample_entropy(x, order=dim)}


def information(x, *, bins, max_lag):
    """neurokit2's mutual information of numbers of bins and their past, in bits, from lag 1."""
    import neurokit2

    told = [neurokit2.mutual_information(x[:-k], x[k:], method="nolitsa", bins=bins) for k in range(1, max_lag + 1)]
    return {"bits": [float(bits) for bits in told]}


def delay(x, *, max_lag):
    """neurokit2's delay by its own default."""
    import neurokit2

    return {"delay": neurokit2.complexity_delay(x, delay_max=max_lag, method="fraser1986")[0]}


def cao(x, *, delay, max_dim, theiler):
    """neurokit2's E1 and E2 with Euclidean neighbours."""
    import neurokit2

    _, told = neurokit2.complexity_dimension(x, delay, max_dim, method="afnn", metric="euclidean", window=theiler)
    return {"e1": told["E1"].tolist(), "e2": told["E2"].tolist()}


def fnn(x, *, delay, max_dim, theiler, ratio):
    """neurokit2's shares of false neighbours, by ratio and by size."""
    import neurokit2

    _, told = neurokit2.complexity_dimension(x, delay, max_dim, method="fnn", window=theiler, R=ratio)
    return {"by_ratio": told["f1"].tolist(), "by_size": told["f2"].tolist()}


JOBS = {job.__name__: job for job in (corr_dim, rqa, perm_entropy, sample_entropy, information, delay, cao, fnn)}


def main():
    job, options = JOBS[sys.argv[1]], json.loads(sys.argv[3])
    x, repeat, seconds = np.load(sys.argv[2]), options.pop("repeat", 1), []
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        answer = job(x[:1000], **options)  # compile and import
        for _ in range(repeat):
            start = time.perf_counter()
            answer = job(x, **options)
            seconds.append(time.perf_counter() - start)
    told = {key: value if isinstance(value, list) else float(value) for key, value in answer.items()}
    json.dump({**told, "seconds": min(seconds)}, sys.stdout)


if __name__ == "__main__":
    main()
