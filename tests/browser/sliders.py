"""How long it takes from a key on a slider to the picture that follows, told by the page itself."""

from __future__ import annotations

from typing import Any

#: Press a key on a slider, as often as said, and wait each time until the frame with the change has been drawn. What
#: changes within a frame is drawn at its end, anything else in the next one. Between two keys all comes to rest.
MEASURE = """
async ([slider, root, field, key, times, within]) => {
    const handle = document.querySelectorAll(slider)[0], page = document.querySelectorAll(root)[0], taken = [];
    const soon = (done) => setTimeout(done, 0);
    const frame = () => new Promise((done) => (within ? soon(done) : requestAnimationFrame(() => soon(done))));
    handle.focus();
    for (let k = 0; k < times; k += 1) {
        const before = page.dataset[field], start = performance.now();
        const changed = new Promise((done) => {
            const watcher = new MutationObserver(() => {
                if (page.dataset[field] === before) return;
                watcher.disconnect();
                done();
            });
            watcher.observe(page, { attributes: true });
        });
        handle.dispatchEvent(new KeyboardEvent("keydown", { key, code: key, keyCode: 39, bubbles: true }));
        await changed;
        await frame();
        taken.push(performance.now() - start);
        await new Promise((done) => setTimeout(done, 1000));
    }
    return taken;
}
"""


def move_to_pixel(
    page: Any, slider: str, root: str, field: str, *, within: bool = False, times: int = 10
) -> list[float]:
    """Milliseconds from a key on `slider` until the change of ``root.dataset[field]`` stands on the page, each time.

    `within` says that the page sets the field within a frame.
    """
    return page.page.evaluate(MEASURE, [slider, root, field, "ArrowRight", times, within])
