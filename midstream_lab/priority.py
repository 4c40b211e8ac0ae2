"""One scale of urgency, for streams and for the scheduler."""

from __future__ import annotations

import enum

from .errors import InputError

__all__ = ["Priority"]


class Priority(enum.IntEnum):
    """How urgent something is; the smaller number goes first.

    Examples
    --------
    >>> Priority.of("high") < Priority.normal
    True
    >>> [level.name for level in Priority]
    ['critical', 'high', 'normal', 'low', 'background']
    """

    critical = 0
    high = 1
    normal = 2
    low = 3
    background = 4

    @classmethod
    def of(cls, value: Priority | str | int) -> Priority:
        """The level of that name or number.

        Raises
        ------
        InputError
            If there is no such level.
        """
        if isinstance(value, str) and value in cls.__members__:
            return cls[value]
        if isinstance(value, int) and not isinstance(value, bool) and value in cls._value2member_map_:
            return cls(value)
        raise InputError(f"priority must be one of {', '.join(cls.__members__)}, not {value!r}")
