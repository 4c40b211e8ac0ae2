"""What every widget shares: one module of its own, hints, messages on the clock."""

import re
import threading

import ipywidgets
import pytest

from midstream_lab.errors import InputError
from midstream_widgets import base
from midstream_widgets.base import RAMP, OnClock, join_esm, reject_unknown
from midstream_widgets.clock import CLOCK


def test_a_joined_module_is_self_contained():
    text = join_esm("live_attractor.js", "live_attractor_view.js")
    assert len(re.findall(r"^export default", text, re.MULTILINE)) == 1
    assert not re.search(r"^\s*import\b", text, re.MULTILINE)
    assert "http" not in text


def test_unknown_keywords_are_refused_with_a_hint():
    reject_unknown([], ["delay"], what="It")
    with pytest.raises(InputError, match="It has no keyword 'dela'; did you mean 'delay'"):
        reject_unknown(["dela"], ["delay", "dim"], what="It")
    with pytest.raises(InputError, match="it knows delay, dim"):
        reject_unknown(["zzz"], ["dim", "delay"], what="It")


class Slider(OnClock, ipywidgets.IntSlider):
    pass


def test_messages_from_the_browser_are_handled_on_the_clocks_thread():
    slider, seen, done = Slider(max=9), [], threading.Event()
    slider.observe(lambda change: (seen.append(CLOCK.on_thread()), done.set()), names="value")
    slider._handle_msg({"content": {"data": {"method": "update", "state": {"value": 4}}}})
    assert done.wait(10)
    assert slider.value == 4
    assert seen == [True]
    slider.close()


def test_the_browser_chooses_the_thread_that_hears_it(monkeypatch):
    """ipykernel would choose the thread that spoke last, which a busy cell holds."""

    class Comm:
        comm_id = "1"

        def _reply_subshell_for(self, data, asked_for):
            return None

        def on_msg(self, callback):
            pass

        def close(self):
            pass

    monkeypatch.setattr(ipywidgets.widgets.widget.comm, "create_comm", lambda **_: Comm())
    slider = Slider()
    assert slider.comm._reply_subshell_for({}, "subshell 1") == "subshell 1"
    slider.close()


def test_colours_are_readable_against_the_page():
    def contrast(color, page):
        def light(rgb):
            linear = [c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        high, low = sorted((light(color), light(page)), reverse=True)
        return (high + 0.05) / (low + 0.05)

    assert contrast(RAMP["light"][-1], (255, 255, 255)) > 7
    assert contrast(RAMP["dark"][-1], (17, 17, 17)) > 7
    assert min(contrast(c, (255, 255, 255)) for c in RAMP["light"]) > 1.9
    assert min(contrast(c, (17, 17, 17)) for c in RAMP["dark"]) > 1.9


def test_the_ramp_is_the_colour_map_of_the_static_pictures():
    matplotlib = pytest.importorskip("matplotlib")
    from midstream_lab.plot import COLORMAP

    full = [tuple(round(255 * c) for c in color[:3]) for color in matplotlib.colormaps[COLORMAP](range(256))]
    for color in base._CIVIDIS:
        assert min(max(abs(a - b) for a, b in zip(color, other, strict=True)) for other in full) <= 6
