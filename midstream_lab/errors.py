"""The errors of the lab.

::

    LabError
    ├── InputError (ValueError)         what was given cannot be used as it is
    │   ├── GapError                    the sequence has gaps that this computation cannot bridge
    │   └── FormulaError                a formula that cannot be read, with a caret under the place
    ├── MissingExtra (ImportError)      an optional dependency is not installed
    ├── ConvergenceError                an iteration ended without an answer; ``partial`` holds what it had
    ├── OperatorStalled                 a feed operator took too long and its feed was closed
    ├── StorageError (OSError)          a file could not be written: the disk is full, say
    └── StreamError (ConnectionError)   the connection, the server or the client failed
        ├── AuthError                   the certificate or the token was refused
        ├── FrameError                  bytes that are not what the protocol says
        └── LimitError                  a cap of the server was reached

Every message says what was given, what is allowed and what to do.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

__all__ = [
    "AuthError",
    "ConvergenceError",
    "FormulaError",
    "FrameError",
    "GapError",
    "InputError",
    "LabError",
    "LimitError",
    "MissingExtra",
    "OperatorStalled",
    "StorageError",
    "StreamError",
    "require",
]


class LabError(Exception):
    """Base of every error that the lab raises on purpose."""


class InputError(LabError, ValueError):
    """What was given cannot be used as it is."""


class GapError(InputError):
    """The sequence has gaps, or irregular times, that this computation cannot bridge."""


class FormulaError(InputError):
    """A formula that cannot be read or used; the message shows it with a caret under the place.

    Parameters
    ----------
    message : str
        What is wrong and what is allowed.
    text : str
        The formula.
    position : int
        Where in `text`, counted from 0.
    """

    def __init__(self, message: str, text: str, position: int):
        super().__init__(f"{message}\n  {text}\n  {' ' * position}^")
        self.text = text
        self.position = position
        self._given = message, text, position

    def __reduce__(self) -> tuple[type, tuple[str, str, int], dict[str, object]]:
        # Exception gives __init__ the message alone, and a worker's error would not come back from another process
        return type(self), self._given, self.__dict__


class MissingExtra(LabError, ImportError):
    """An optional dependency is not installed."""


class ConvergenceError(LabError):
    """An iteration ended without an answer; `partial` holds what it had."""

    def __init__(self, message: str, partial: Any = None):
        super().__init__(message)
        self.partial = partial


class OperatorStalled(LabError):
    """A feed operator took longer than a turn may take; its feed was closed."""


class StorageError(LabError, OSError):
    """A file could not be written: the disk is full, say, or the folder is gone."""


class StreamError(LabError, ConnectionError):
    """The connection, the server or the client failed."""


class AuthError(StreamError):
    """The certificate or the access token was refused."""


class FrameError(StreamError):
    """Bytes that are not what the protocol says."""


class LimitError(StreamError):
    """A cap of the server was reached: connections, subscriptions or a rate; see `midstream_lab.stream.Limits`."""


def require(module: str, *, extra: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Parameters
    ----------
    module : str
        The module to import, for example ``"pyarrow"``.
    extra : str
        The extra of midstream-lab that installs it.

    Raises
    ------
    MissingExtra
        If the module is not installed.

    Examples
    --------
    >>> require("json", extra="stream").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise MissingExtra(
            f"This needs the package {error.name!r}, which is not installed. "
            f'Install it with: pip install "midstream-lab[{extra}]"'
        ) from error
