"""Run in a peer's environment: ``python exponents.py JOB x.npy OPTIONS`` prints the exponent of each row per sample."""

import contextlib
import io
import json
import sys
import warnings

import numpy as np


def nolds(x, *, delay, dim, theiler):
    """nolds' default delay and dimension, with the Theiler window given."""
    from nolds import lyap_r

    return lyap_r(x, fit="poly", min_tsep=theiler)


def neurokit(x, *, delay, dim, theiler):
    """neurokit2 finds no delay or dimension by itself: all are given."""
    from neurokit2 import complexity_lyapunov

    return complexity_lyapunov(x, delay=delay, dimension=dim, separation=theiler)[0]


def main():
    job = {"nolds": nolds, "neurokit": neurokit}[sys.argv[1]]
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(io.StringIO()):
        found = [float(job(x, **row)) for x, row in zip(np.load(sys.argv[2]), json.loads(sys.argv[3]), strict=True)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
