"""After warm(), no face compiles anything more, whatever kind of data it gets."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json
import numba.core.dispatcher
import numpy as np, pandas as pd, xarray as xr
from midstream_lab import attractors
from midstream_lab.attractors import systems
from midstream_lab.feed import Block
from midstream_lab.sequence import sequence

steps = list(attractors.warm())

def entries():
    import sys
    found = {}
    for name, module in list(sys.modules.items()):
        if name.startswith("midstream_lab.kernels"):
            for key, value in vars(module).items():
                if isinstance(value, numba.core.dispatcher.Dispatcher):
                    found[f"{value.py_func.__module__}.{key}"] = len(value.signatures)
    return found

before = entries()
x = systems.Henon().trajectory(700).values[:, 0]
frozen = x.copy(); frozen.flags.writeable = False
frozen_radii = np.array([0.1, 0.5]); frozen_radii.flags.writeable = False
kinds = [x, x.astype(np.float32), (x * 1000).astype(int), x.tolist(), frozen, np.repeat(x, 2)[::2], x[::-1],
         xr.DataArray(x, dims="time"), pd.Series(x), sequence(x, dt=1)]
for kind in kinds:
    dt = None if kind is kinds[-1] else 1
    attractors.lyapunov_max(kind, dt=dt)
    attractors.lyapunov_max(kind, dt=dt, delay=2, embedding_dim=3, theiler=4)
    attractors.divergence_curve(kind, dt=dt, neighbours=3)
    attractors.lyapunov_spectrum_from_data(kind, dt=dt, draws=3)
    attractors.embed(kind, delay=2, dim=3)
    attractors.mutual_information(kind, max_lag=9)
    attractors.autocorrelation(kind, max_lag=9)
    attractors.estimate_delay(kind)
    attractors.estimate_theiler(kind)
    attractors.estimate_embedding_dim(kind, max_dim=3)
    attractors.correlation_sum(kind, norm="euclidean")
    attractors.correlation_sum(kind, radii=frozen_radii, delay=1, embedding_dim=1, theiler=0)
    attractors.recurrence_matrix(kind)
    attractors.recurrence_points(kind, norm="euclidean")
    attractors.rqa(kind, radius=0.5, rate=None)
    attractors.permutation_entropy(kind, weighted=True)
    attractors.sample_entropy(kind)
    attractors.dfa(kind)
    attractors.hurst(kind)
    attractors.zero_one_test(kind, angles=10)
attractors.correlation_dimension(np.tile(x, 3) + 1e-9 * np.arange(2100))
for twin in (attractors.OnlinePermutationEntropy(window=50), attractors.OnlineRecurrenceRate(window=50, radius=0.5),
             attractors.OnlineRqa(window=50, every=99, radius=0.5), attractors.OnlineZeroOne(window=200),
             attractors.OnlineEmbedding(window=50, delay=2, dim=3), attractors.OnlineNeighbours(window=50),
             attractors.OnlineDivergence(window=50, steps=5),
             attractors.OnlineDivergence(window=50, steps=5, half_life=9)):
    for begin in range(0, 700, 100):
        twin.update(Block(first=begin, start=begin, columns=(frozen[begin : begin + 100],)))
holes = x.copy(); holes[5] = np.nan
attractors.embed(holes, delay=1, dim=2)
for name in systems.__all__:
    if name in ("System", "Flow", "Map", "NoisyFlow", "MackeyGlass"):
        continue
    system = getattr(systems, name)(rng=1); system.step(); system.jacobian(system.state)
    system.trajectory(5, transient=1); attractors.lyapunov_spectrum(system, duration=300 * system.dt)
    if isinstance(system, systems.Flow):
        system.velocity(system.state)
        attractors.poincare_section(system, (system.variables[0], 0.0), n=1, transient=1)
attractors.lyapunov_spectrum(systems.MackeyGlass(), duration=400, transient=1)
systems.NoisyFlow(systems.Rossler(), noise=[0, 1, 0]).trajectory(3, transient=1)
systems.Duffing(integrator="tsit5").step()
attractors.ftle(systems.Lorenz(), {"x": [1, 2]}, duration=1)
attractors.orbit_diagram(systems.Lorenz(), "rho", [28], n=3, transient=1, follow=True)
attractors.basins(systems.Duffing(), {"x": [0.5]}, box=([-3, -3, 0], [3, 3, 7]), most=200)
attractors.fixed_points(systems.Henon()); attractors.periodic_orbit(systems.Henon(), [0.6, 0.2], 1)
after = entries()
print(json.dumps({"steps": steps, "before": before, "new": {k: v for k, v in after.items() if v != before.get(k)}}))
"""


@pytest.mark.slow
def test_after_warm_no_face_compiles_anything_on_any_kind_of_input() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    assert told["new"] == {}
    assert [step[1] for step in told["steps"]] == list(range(1, len(told["steps"]) + 1))
    faces = {key for key in told["before"] if "attractors" in key}
    assert len(faces) >= 10
