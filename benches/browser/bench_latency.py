"""Delay from a sample being sent to its pixel being drawn, in JupyterLab in headless Chromium.

The value encodes its index: sample k lies in cell k of a grid. After every painting the page reads the cells that
are due with readPixels, which waits until the drawing is done, and notes the time at which each was lit. Sending is
stamped with `time.time_ns` just before the source yields the block (or before `Feed.append`), drawing with
``performance.timeOrigin + performance.now()``. Both are the clock of one machine; how far they disagree is bounded
before and after by asking the page between two looks at the own clock, and the middle of the bounds is taken off.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import lab
import numpy as np
from report import record, write

HERE = Path(__file__).parent

#: The grid has SIDE x SIDE cells, one for each sample.
SIDE = 20

WATCH = """(side) => {
    const gl = document.querySelector(".midstream-points").getContext("webgl2");
    const width = gl.drawingBufferWidth, height = gl.drawingBufferHeight, times = [];
    const lit = (x, y, w, h) => {
        const pixels = new Uint8Array(4 * w * h);
        gl.readPixels(x, y, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
        return pixels;
    };
    // Where the corners of the frame are drawn says where the cells are.
    let box = null;
    const measure = () => {
        const pixels = lit(0, 0, width, height), xs = [], ys = [];
        for (let i = 0; i < width * height; i += 1) {
            if (pixels[4 * i + 3]) { xs.push(i % width); ys.push(Math.floor(i / width)); }
        }
        if (!xs.length) return null;
        const ends = (values) => [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
        return [...ends(xs), ...ends(ys)];
    };
    const isLit = (index) => {
        const column = index % side, row = Math.floor(index / side);
        const x = Math.round(box[0] + (box[1] - box[0]) * (column + 0.5) / side);
        const y = Math.round(box[2] + (box[3] - box[2]) * (row + 0.5) / side);
        return lit(x - 1, y - 1, 3, 3).some((value) => value > 0);
    };
    const look = () => {
        if (!window.latency.started) { box = measure(); return; }
        while (times.length < side * side && isLit(times.length)) {
            times.push(performance.timeOrigin + performance.now());
        }
    };
    // The drawing buffer can be read until the page is composed: right after the painting's own code.
    let waiting = false;
    const draw = gl.drawArrays.bind(gl);
    gl.drawArrays = (...args) => {
        draw(...args);
        if (!waiting) queueMicrotask(() => { waiting = false; look(); });
        waiting = true;
    };
    window.latency = { started: false, times, box: () => box };
}"""


def offset(page: lab.LabPage) -> tuple[float, float]:
    """Bounds of the page's clock minus ours, in ms: the tightest of 100 questions."""
    low, high = -np.inf, np.inf
    for _ in range(100):
        before = time.time_ns() / 1e6
        there = page.page.evaluate("() => performance.timeOrigin + performance.now()")
        low, high = max(low, there - time.time_ns() / 1e6), min(high, there - before)
    return low, high


def run(route: str, folder: Path, address: str) -> tuple[np.ndarray, str]:
    """Delay of every sample in ms, and how well the clocks agreed."""
    # A short cell, so that what it shows lies in sight: JupyterLab does not draw what does not.
    setup = f"ROUTE, SIDE = {route!r}, {SIDE}\nexec(open({str(HERE / 'latency_cell.py')!r}).read())"
    name = lab.notebook(folder / "latency.ipynb", setup, "shown").name
    with lab.chromium() as page:
        page.open(address, name)
        page.run_all()
        try:
            page.wait_cells()
            page.wait_for("() => Number(document.querySelector('.midstream')?.dataset.points ?? 0) === 5")
            page.page.evaluate(WATCH, SIDE)
            page.page.locator(".midstream-stage").focus()
            for key in ("ArrowRight", "ArrowLeft"):  # paint anew, back to where it was
                time.sleep(1.0)
                page.page.keyboard.press(key)
            page.wait_for("() => window.latency.box()")
            first = offset(page)
            page.page.evaluate("() => { window.latency.started = true; }")
            page.execute("go.set()")
            page.wait_for(f"() => window.latency.times.length === {SIDE * SIDE}", timeout=120)
            last = offset(page)
            drawn = np.array(page.page.evaluate("() => window.latency.times"))
            sent = np.array(json.loads(page.execute("import json; print(json.dumps(sent))"))) / 1e6
        finally:
            page.shut_down()
    clocks = sum(first + last) / 4
    note = (
        f"page's clock minus ours within [{first[0]:.2f}, {first[1]:.2f}] ms before and "
        f"[{last[0]:.2f}, {last[1]:.2f}] ms after; {clocks:.2f} ms taken off"
    )
    return drawn - sent - clocks, note


def main() -> None:
    """Measure, and keep the records."""
    records = []
    routes = {"quic": "QUIC on loopback to pixel", "append": "Feed.append to pixel"}
    with tempfile.TemporaryDirectory() as private:
        folder = Path(private) / "notebooks"
        folder.mkdir()
        with lab.jupyterlab(folder, Path(private) / "jupyter") as address:
            for route, title in routes.items():
                delays, clocks = run(route, folder, address)
                print(f"{title}: {np.percentile(delays, [0, 50, 95, 100]).round(1)} ms; {clocks}", flush=True)
                for percent in (50, 95):
                    note = f"software WebGL; {delays.size} samples, one at a time, all seen in order; least "
                    note += f"{delays.min():.1f}, most {delays.max():.1f} ms; {clocks}"
                    value = float(np.percentile(delays, percent))
                    records.append(record("delay", f"{title}, p{percent}", value, "ms", note=note))
    write("latency", records)


if __name__ == "__main__":
    main()
