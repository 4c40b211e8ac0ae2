"""Distinct updates drawn per second in headless Chromium: LiveAttractor against plotly's FigureWidget.

Both show the same curve of 10k, 100k and 1M points; 256 new points are offered 60 times a second. Ours gets only
the new points; plotly has no way to append, so it gets the newest whole arrays, and only when the page says that it
has plotted the last ones (its queue would grow without end otherwise). Each window ends with a synchronous readPixels,
so that what was counted has been drawn. Rounds alternate between the two, each in a browser and a kernel of its own.
"""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from typing import Any

import lab
from report import record, write

HERE = Path(__file__).parent

ROUNDS = 3

#: Points, and seconds counted.
CASES = ((10_000, 4.0), (100_000, 4.0), (1_000_000, 8.0))

READY = {
    "ours": "() => Number(document.querySelector('.midstream')?.dataset.points ?? 0) >= POINTS",
    "plotly": "() => document.querySelector('.js-plotly-plot')?._fullLayout?.scene?._scene?.glplot != null",
}

#: How many distinct updates have been drawn, and the graphics context that drew them.
WATCH = {
    "ours": """() => {
        const gl = document.querySelector(".midstream-points").getContext("webgl2");
        window.bench = { gl, updates: () => Number(document.querySelector(".midstream").dataset.updates) };
    }""",
    "plotly": f"""() => {{
        const plot = document.querySelector(".js-plotly-plot"), gl = plot._fullLayout.scene._scene.glplot.gl;
        let seen = 0, newest = null;
        plot.on("plotly_afterplot", () => {{
            const x = plot._fullData[0].x, last = x[x.length - 1];
            if (last === newest) return;
            newest = last;
            seen += 1;
            {lab.KERNEL}.requestExecute({{ code: "drawn.set()", silent: true, store_history: false }});
        }});
        window.bench = {{ gl, updates: () => seen }};
    }}""",
}

WINDOW = """async (seconds) => {
    const { gl, updates } = window.bench;
    const settle = (ms) => new Promise((done) => setTimeout(done, ms));
    const finish = () => gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    await settle(1000);
    finish();
    const before = updates(), start = performance.now();
    await settle(1000 * seconds);
    const drawn = updates() - before;
    finish();
    return [drawn, (performance.now() - start) / 1000];
}"""


def run(library: str, points: int, seconds: float, folder: Path, address: str) -> tuple[int, float]:
    """Updates drawn, and in how many seconds."""
    # A short cell, so that what it shows lies in sight: JupyterLab does not draw what does not.
    setup = f"LIBRARY, POINTS = {library!r}, {points}\nexec(open({str(HERE / 'frames_cell.py')!r}).read())"
    name = lab.notebook(folder / "frames.ipynb", setup, "shown").name
    with lab.chromium() as page:
        page.open(address, name)
        page.run_all()
        try:
            page.wait_cells()
            page.wait_for(READY[library].replace("POINTS", str(points)), timeout=120)
            page.page.evaluate(WATCH[library])
            page.execute("producer.start()")
            drawn, elapsed = page.page.evaluate(WINDOW, seconds)
        finally:
            page.shut_down()
    return drawn, elapsed


def summary(points: int, runs: dict[str, list[tuple[int, float]]]) -> dict[str, Any]:
    """The record of one number of points."""
    rates = {library: statistics.median(n / s for n, s in done) for library, done in runs.items()}
    raw = "; ".join(f"{library} {', '.join(f'{n} in {s:.1f} s' for n, s in done)}" for library, done in runs.items())
    return record(
        "updates drawn",
        f"{points:,} points, 60 x 256 new ones offered per second",
        rates["ours"],
        "/s",
        better="higher",
        peer="plotly FigureWidget",
        peer_value=rates["plotly"],
        note=f"software WebGL; median of {len(runs['ours'])} alternating runs: {raw}",
    )


def main() -> None:
    """Measure, and keep the records after every round."""
    runs: dict[int, dict[str, list[tuple[int, float]]]] = {points: {"ours": [], "plotly": []} for points, _ in CASES}
    with tempfile.TemporaryDirectory() as private:
        folder = Path(private) / "notebooks"
        folder.mkdir()
        with lab.jupyterlab(folder, Path(private) / "jupyter") as address:
            for _ in range(ROUNDS):
                for points, seconds in CASES:
                    for library, done in runs[points].items():
                        done.append(run(library, points, seconds, folder, address))
                        print(f"{points:,} points, {library}: {done[-1][0]} in {done[-1][1]:.1f} s", flush=True)
                write("frames", [summary(points, each) for points, each in runs.items()])


if __name__ == "__main__":
    main()
