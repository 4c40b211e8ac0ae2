"""After warm(), no face of the room compiles anything more."""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
import numba.core.dispatcher
from midstream_lab import scheduling
from midstream_lab.scheduling import Simulation, Task, TaskSet, analyse, simulate

def entries():
    return {f"{name}.{key}": len(value.signatures) for name, module in list(sys.modules.items())
            if name.startswith("midstream_lab.kernels.scheduling") for key, value in vars(module).items()
            if isinstance(value, numba.core.dispatcher.Dispatcher)}

list(scheduling.warm())
before = entries()
for unit in (None, "ms"):
    tasks = TaskSet([Task("a", wcet=1, period=3), Task("b", wcet=0.5, period=4, deadline=2)], unit=unit)
    for policy in scheduling.POLICIES:
        for cores in (1, 2):
            simulate(tasks, policy, cores=cores, preemptive=cores == 1)
            simulation = Simulation(tasks, policy, cores)
            simulation.run_until(50); simulation.queue(); simulation.step_back()
            simulation.go_to(3); simulation.reset()
    for policy in ("rm", "dm", "fp", "edf"):
        analyse(tasks, policy=policy)
print(json.dumps({k: v for k, v in entries().items() if v != before[k]}))
"""


def test_after_warm_no_face_compiles_anything() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {}
