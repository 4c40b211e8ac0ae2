"""The newest rows of what a loop said, in a ring."""

from __future__ import annotations

import numpy as np

__all__ = ["History"]


class History:
    """Keeps the newest `rows` rows.

    Parameters
    ----------
    rows : int
    experts : int
        Columns of the weights.
    """

    def __init__(self, rows: int, experts: int):
        self._rows = rows
        self._written = 0
        self._columns: dict[str, np.ndarray] = {
            "row": np.zeros(rows, np.int64),
            "tick": np.zeros(rows, np.int64),
            "value": np.zeros(rows),
            "prediction": np.zeros(rows),
            "loss": np.zeros(rows),
            "weights": np.zeros((rows, experts)),
            "change": np.zeros(rows),
            "event": np.full(rows, "", object),
        }

    def write(self, **columns: np.ndarray) -> None:
        """Add rows; every column of the same length."""
        many = len(columns["row"])
        kept = min(many, self._rows)
        slots = (self._written + many - kept + np.arange(kept)) % self._rows
        for name, values in columns.items():
            self._columns[name][slots] = values[many - kept :]
        self._written += many

    def read(self, rows: int | None = None) -> dict[str, np.ndarray]:
        """The newest `rows` rows (default all that are kept), oldest first, copied."""
        held = min(self._written, self._rows)
        count = held if rows is None else min(rows, held)
        slots = (self._written - count + np.arange(count)) % self._rows
        return {name: values[slots] for name, values in self._columns.items()}
