"""From a key on a slider to the picture that follows, in JupyterLab in headless Chromium.

The page itself looks at its clock when the key goes down and when the frame with the change has been drawn. The kernel
is at rest before each key. Drawing is in software here, and the browser, the server and the kernel share the cores.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import lab
import numpy as np
from report import record, write
from sliders import move_to_pixel

#: Keys for each figure.
TIMES = 15

GOAL = {"figure": "ours", "at_most": 100}

CELL = """
from midstream_lab import attractors
from midstream_widgets import BasinMap, EmbeddingExplorer, PoincareSection, RecurrencePlot
lorenz = attractors.systems.Lorenz().trajectory(5000, dt=0.02).sel(channel="x")
view = {made}
view
"""

SECTION = "PoincareSection(attractors.systems.Rossler())"
BASINS = 'BasinMap(attractors.systems.Henon(a=1.0), {"x": (-2, 2), "y": (-2, 2)}, parameters={"a": (0.9, 1.4)})'

#: Case, what is made, the selector of the widget's root, and what it sets within the frame that shows the change.
CASES = (
    ("attractor follows the delay, Lorenz, n=5000", "EmbeddingExplorer(lorenz)", "[data-updates]", "updates", True),
    ("divergence curve follows the delay, Lorenz, n=5000", "EmbeddingExplorer(lorenz)", "[data-drawn]", "drawn", False),
    ("recurrence plot follows the rate, Lorenz, n=5000", "RecurrencePlot(lorenz)", "[data-radius]", "radius", True),
    ("section follows the offset, Rossler", SECTION, "[data-token]", "token", True),
    ("coarse basins follow a parameter, Henon", BASINS, "[data-token]", "token", True),
)  # fmt: skip


def main() -> None:
    """Measure every case and keep the rows."""
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "notebooks"
        folder.mkdir()
        with lab.jupyterlab(folder, Path(temporary) / "private") as address:
            for case, made, root, field, within in CASES:
                name = lab.notebook(folder / "bench.ipynb", CELL.format(made=made)).name
                with lab.chromium(width=1500) as page:
                    page.open(address, name)
                    page.run_all()
                    page.wait_cells()
                    page.execute("assert view.wait(timeout=60)")
                    page.wait_for(f"() => document.querySelector('.midstream{root}') !== null")
                    taken = move_to_pixel(page, ".noUi-handle", f".midstream{root}", field, within=within, times=TIMES)
                    page.shut_down()
                note = f"{TIMES} keys, 90th percentile {np.percentile(taken, 90):.0f} ms; software rendering"
                rows.append(record("slider move to pixel", case, float(np.median(taken)), "ms", goal=GOAL, note=note))
                print(rows[-1], flush=True)
    write("sliders", rows)


if __name__ == "__main__":
    main()
