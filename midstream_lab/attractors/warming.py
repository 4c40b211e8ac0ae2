"""Compile every kernel of this room ahead of time, on tiny data."""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["warm"]


def warm() -> Iterator[tuple[str, int, int]]:
    """Call every face once, which compiles its kernels or loads them from the cache on disk.

    Yields
    ------
    kernel : str
        What is ready now.
    done, total : int
        How many are ready, of how many.

    Examples
    --------
    >>> steps = list(warm())
    >>> steps[-1][1] == steps[-1][2] == len(steps)
    True
    """
    from . import systems
    from .basins import basins
    from .correlation import correlation_sum
    from .delay import estimate_delay
    from .dimension import estimate_embedding_dim, false_neighbours
    from .divergence import divergence_curve
    from .embedding import embed
    from .embedding_report import embedding_report
    from .entropy import permutation_entropy, sample_entropy
    from .ftle import ftle
    from .lyapunov import lyapunov_max
    from .online.warming import run_twins
    from .orbits import orbit_diagram
    from .pecuzal import pecuzal
    from .prediction import predict
    from .recurrence import recurrence_matrix, recurrence_points
    from .recurrence_tile import recurrence_tile
    from .rqa import rqa
    from .scaling import dfa, hurst
    from .sections import poincare_section
    from .spectrum import lyapunov_spectrum
    from .spectrum_from_data import lyapunov_spectrum_from_data
    from .surrogate_test import surrogate_test
    from .surrogates import surrogates
    from .theiler import estimate_theiler
    from .zero_one import zero_one_test

    henon, lorenz = systems.Henon(), systems.Lorenz()
    x = henon.trajectory(600).sel(channel="x")
    jobs = {
        "map": lambda: henon.jacobian(henon.state),
        "flow": lambda: (lorenz.advance(2), lorenz.velocity(lorenz.state), lorenz.jacobian(lorenz.state)),
        "adaptive": lambda: systems.Lorenz(integrator="tsit5").step(),
        "noise": lambda: systems.NoisyFlow(lorenz, noise=0.1).step(),
        "delay": lambda: systems.MackeyGlass().step(),
        "spectrum": lambda: lyapunov_spectrum(henon, duration=40),
        "ftle": lambda: ftle(henon, {"x": [0.1]}, duration=1),
        "sections": lambda: poincare_section(systems.LotkaVolterra(), ("prey", 1.0), n=1),
        "orbits": lambda: orbit_diagram(henon, "a", [1.0], n=1, transient=1),
        "basins": lambda: basins(henon, {"x": [0.1]}, box=([-2, -2], [2, 2]), cells=9),
        "embedding": lambda: embed(x, delay=1, dim=2),
        "information": lambda: estimate_delay(lorenz.trajectory(600, transient=0.0), channel="x"),
        "dimension": lambda: (estimate_embedding_dim(x, max_dim=2), false_neighbours(x, max_dim=2)),
        "theiler": lambda: estimate_theiler(x),
        "divergence": lambda: [divergence_curve(x, method=m, embedding_dim=2) for m in ("rosenstein", "kantz")],
        "pecuzal": lambda: pecuzal(x, max_lag=3, max_dim=2),
        "embedding_report": lambda: embedding_report(x, max_dim=2),
        "tangent": lambda: lyapunov_max(x, draws=2),
        "spectrum_from_data": lambda: lyapunov_spectrum_from_data(x, embedding_dim=2, draws=2),
        "correlation": lambda: (correlation_sum(x), sample_entropy(x)),
        "recurrence": lambda: (recurrence_matrix(x), recurrence_points(x), recurrence_tile(x), rqa(x)),
        "entropy": lambda: (permutation_entropy(x), permutation_entropy(x, weighted=True)),
        "scaling": lambda: (dfa(x), hurst(x)),
        "zero_one": lambda: zero_one_test(x, angles=10),
        "surrogates": lambda: surrogates(x, method="pseudo_periodic", n=1),
        "prediction": lambda: (surrogate_test(x, n=1), predict(x), predict(x, method="s_map")),
        "online": run_twins,
    }
    for done, (name, job) in enumerate(jobs.items(), start=1):
        job()
        yield name, done, len(jobs)
