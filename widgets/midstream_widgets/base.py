"""What every live widget shares: the clock's rule, colours, errors, snapshots, and the joined ES module."""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import anywidget
import traitlets

from midstream_lab.errors import InputError

from .clock import CLOCK

__all__ = ["RAMP", "Canvas", "OnClock", "Snapshot", "join_esm", "reject_unknown"]

_HERE = Path(__file__).parent

#: cividis (Nunez, Anderton and Renslow 2018), readable without colour vision, cut where it would not stand out
#: against the page: from faint to strong on a light and on a dark one.
_CIVIDIS = (
    (0, 34, 78), (18, 53, 112), (59, 73, 108), (87, 93, 109), (112, 113, 115),
    (138, 134, 120), (165, 156, 116), (195, 179, 105), (225, 204, 85), (254, 232, 56),
)  # fmt: skip
RAMP = {"light": [list(c) for c in _CIVIDIS[7::-1]], "dark": [list(c) for c in _CIVIDIS[2:]]}


def join_esm(*names: str) -> str:
    """The text of one self-contained ES module: the shared part and the widget's own files.

    Relative imports do not work inside a widget's module, so files are joined as they are.
    """
    return "\n".join((_HERE / name).read_text(encoding="utf-8") for name in ("base.js", *names))


def reject_unknown(unknown: Iterable[str], known: Iterable[str], *, what: str) -> None:
    """Raise `InputError` for keywords that do not exist, with the nearest that does."""
    known = sorted(known)
    for name in unknown:
        near = get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"it knows {', '.join(known)}"
        raise InputError(f"{what} has no keyword {name!r}; {hint}")


class OnClock:
    """Mixin for ipywidgets: messages from the browser are handled on the clock's thread.

    JupyterLab delivers them to a thread of its own (a subshell) while a cell runs; this only queues them there.
    """

    def open(self) -> None:
        """Open the connection to the browser."""
        super().open()  # type: ignore[misc]
        # ipykernel sends what the browser says to the thread that spoke last, here the main one, which a
        # busy cell holds. The thread that the browser asked for does as well: it only has to queue.
        comm = self.comm  # type: ignore[attr-defined]
        if hasattr(comm, "_reply_subshell_for"):
            comm._reply_subshell_for = lambda _data, asked_for: asked_for

    def _handle_msg(self, msg: dict[str, Any]) -> None:
        CLOCK.post(super()._handle_msg, msg)  # type: ignore[misc]


class Canvas(OnClock, anywidget.AnyWidget):
    """Base of the pictures that draw themselves in the browser: traits only, no behaviour.

    Attributes
    ----------
    errors : deque of str
        What went wrong in the browser, oldest first; the person sees the same text over the picture.
    """

    _css = (_HERE / "base.css").read_text(encoding="utf-8")
    _title = traitlets.Unicode("").tag(sync=True)
    _look = traitlets.Dict().tag(sync=True)
    _status = traitlets.Dict().tag(sync=True)
    _picture = traitlets.Bytes(b"").tag(sync=True)

    def __init__(self, **traits: Any):
        self.errors: deque[str] = deque(maxlen=50)
        super().__init__(**traits)


class Snapshot:
    """A static picture that stays in a saved notebook.

    Parameters
    ----------
    data : bytes
        The picture, as PNG.
    text : str
        What it shows, for readers without pictures.
    """

    def __init__(self, data: bytes, text: str):
        self.data = data
        self.text = text

    def save(self, path: str | Path) -> Path:
        """Write the PNG to `path` and return the path."""
        path = Path(path)
        path.write_bytes(self.data)
        return path

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/plain": self.text, "image/png": base64.b64encode(self.data).decode("ascii")}
