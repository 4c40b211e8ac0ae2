"""From decoded values to typed rows: which fields the rows of a source have, and what is wrong with a misfit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np

from ...errors import InputError
from ...feed.schema import Channel, Schema
from ...timebase import SECONDS, TimeBase

__all__ = ["ARRIVAL", "Channels", "Fields", "as_channels"]

#: Time of rows that bring none, or moments of their own: whole nanoseconds since 1970, not evenly spaced.
ARRIVAL = TimeBase(tick=Fraction(1, 10**9), unit="s", step=0, epoch="1970-01-01T00:00:00")

#: How channels may be declared: names (of numbers), ``{name: kind}``, or `Channel` objects.
Channels = Sequence[str | Channel] | Mapping[str, str]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Seconds since 1970 beyond this are held by a float64 to the microsecond only, so the rest of the digits is noise.
EXACT = 2.0**53 / 1e9
LARGEST = 2**63

NO_VALUE: dict[str, Any] = {"float": float("nan"), "category": "", "text": ""}


def as_channels(channels: Channels) -> tuple[Channel, ...]:
    """Channels from names, from ``{name: kind}``, or as they are.

    Raises
    ------
    InputError
        If there is none, two have one name, or a kind is unknown.

    Examples
    --------
    >>> [(channel.name, channel.kind) for channel in as_channels({"level": "float", "note": "text"})]
    [('level', 'float'), ('note', 'text')]
    """
    if isinstance(channels, str) or not isinstance(channels, (Mapping, Sequence)):
        raise InputError(f"channels is a list of names or {{name: kind}}, not {channels!r}")
    given: Sequence[Any] = list(channels.items()) if isinstance(channels, Mapping) else [(c, "float") for c in channels]
    made = []
    for name, kind in given:
        if not isinstance(name, (str, Channel)):
            raise InputError(f"a channel is a name or a Channel, not {name!r}")
        made.append(name if isinstance(name, Channel) else Channel(name=name, kind=kind))
    return Schema(channels=tuple(made)).channels


class Fields:
    """What a row is made of, and how a decoded value becomes one.

    A number or a text is a row of one channel; a list holds the values in order; a mapping names them. A missing
    value (absent or None) is NaN in a channel of floats and an empty text in one of texts; whole numbers and truths
    cannot be missing. Names that are no channels are left out and collected in `unknown`.

    Parameters
    ----------
    channels : list of str, mapping of str to kind, or list of Channel
        What to keep.
    time : str, optional
        The field with the row's time: a moment in ISO 8601 (UTC where it has no offset), or a number of `unit` since
        1970. Default: rows bring no time.
    unit : str, optional
        Unit of a time that is a number; default ``"s"``.
    order : sequence of str, optional
        Names of the values of a row that is a list; default the time, if any, and the channels.

    Raises
    ------
    InputError
        If the channels or the unit are none.

    Examples
    --------
    >>> fields = Fields(["x", "y"], time="t", unit="ms")
    >>> fields.row({"t": 1500, "x": 0.5})
    ([0.5, nan], 1500000000)
    """

    def __init__(
        self, channels: Channels, *, time: str | None = None, unit: str = "s", order: Sequence[str] | None = None
    ) -> None:
        self.channels = as_channels(channels)
        names = [channel.name for channel in self.channels]
        if time is not None and (not isinstance(time, str) or time in names):
            raise InputError(f"time names the field of the time, which is no channel; it is {time!r}")
        if not isinstance(unit, str) or unit.lower() not in SECONDS:
            raise InputError(f"unit of the time is one of fixed length such as 's', 'ms' or 'ns', not {unit!r}")
        self.time = time
        self.unknown: set[str] = set()
        self._size = SECONDS[unit.lower()] * 10**9
        own = [*([time] if time is not None else []), *names]
        self.order = list(own if order is None else order)
        self._known = set(own)

    def row(self, given: Any) -> tuple[list[Any], int | None]:
        """The values of a row in the order of the channels, and its tick if it brings one.

        Raises
        ------
        InputError
            If it does not fit; the message names the channel but not the value, so that messages can be counted.
        """
        named = self._named(given)
        values = [_value(channel, named.get(channel.name)) for channel in self.channels]
        if self.time is None:
            return values, None
        return values, self._tick(named.get(self.time))

    def _named(self, given: Any) -> Mapping[str, Any]:
        if isinstance(given, Mapping):
            if len(self.unknown) < 16:  # enough to tell of
                self.unknown |= {str(name)[:40] for name in given.keys() - self._known}
            if self._known.isdisjoint(given):
                raise InputError("none of the channels is in it")
            return given
        if isinstance(given, np.ndarray):
            if given.ndim > 1:
                raise InputError("a row has one dimension")
            given = given.tolist()
        values = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(values) != len(self.order):
            raise InputError(f"{len(values)} values where {len(self.order)} belong")
        return dict(zip(self.order, values, strict=True))

    def _tick(self, value: Any) -> int:
        """Nanoseconds since 1970."""
        wrong = f"the time {self.time!r} is no moment"
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, str):
            value = _moment(value, wrong)
        if isinstance(value, datetime):
            moment = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
            tick = (moment - EPOCH) // timedelta(microseconds=1) * 1000
        elif isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < LARGEST:
            raise InputError(wrong)
        elif isinstance(value, int):
            tick = int(value * self._size)
        else:
            nanoseconds = value * float(self._size)
            seconds = nanoseconds / 1e9
            tick = round(nanoseconds) if abs(seconds) < EXACT else round(seconds * 1e6) * 1000
        if not abs(tick) < LARGEST:
            raise InputError(wrong)
        return tick


def _value(channel: Channel, value: Any) -> Any:
    """A value as the channel's kind wants it; numpy's numbers are taken, and the text of a number is not."""
    if value is None:
        if channel.kind not in NO_VALUE:
            raise InputError(f"channel {channel.name!r} is missing; only numbers of kind float and texts may be")
        return NO_VALUE[channel.kind]
    if isinstance(value, np.generic):
        value = value.item()
    if channel.kind in ("category", "text"):
        if not isinstance(value, str):
            raise InputError(f"channel {channel.name!r} does not hold a text")
        try:
            value.encode()
        except UnicodeEncodeError:  # a lone surrogate, which JSON can spell and no encoding can
            raise InputError(f"channel {channel.name!r} holds a text that is not Unicode") from None
        return value
    truth = isinstance(value, (bool, np.bool_))
    if channel.kind == "bool":
        if not truth:
            raise InputError(f"channel {channel.name!r} does not hold a truth")
        return value
    if truth or not isinstance(value, (int, float)):
        raise InputError(f"channel {channel.name!r} does not hold a number")
    if channel.kind == "int":
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            raise InputError(f"channel {channel.name!r} does not hold a whole number")
        if not -LARGEST <= value < LARGEST:
            raise InputError(f"channel {channel.name!r} holds a number beyond 64 bits")
        return int(value)
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if number in (float("inf"), float("-inf")):
        raise InputError(f"channel {channel.name!r} holds an infinite number")
    return number


def _moment(text: str, wrong: str) -> int | float | datetime:
    """A number where the text is one, as a cell of CSV; else a date."""
    for kind in (int, float, datetime.fromisoformat):
        try:
            return kind(text.strip())
        except ValueError:
            continue
    raise InputError(wrong)
