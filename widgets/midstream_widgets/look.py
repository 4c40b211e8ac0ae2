"""What a live attractor shows, and the words on it: channels, axes, units, colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from midstream_lab.errors import InputError
from midstream_lab.feed.schema import Schema

from .base import RAMP

__all__ = ["Settings", "Subject"]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the controls say."""

    delay: int
    dim: int
    trail: int
    color: str
    paused: bool = False

    def __post_init__(self) -> None:
        for name in ("delay", "dim", "trail"):
            value = getattr(self, name)
            if isinstance(value, np.integer):
                object.__setattr__(self, name, int(value))
        for name, least, most in (("delay", 1, None), ("dim", 2, 3), ("trail", 2, 1 << 20)):
            value = getattr(self, name)
            if type(value) is not int or value < least or (most is not None and value > most):
                bounds = f"from {least} to {most:,}" if most else f"{least} or more"
                raise InputError(f"{name} must be a whole number, {bounds}, not {value!r}")
        if self.color not in ("time", "speed"):
            raise InputError(f"color must be 'time' or 'speed', not {self.color!r}")


class Subject:
    """The channels of a feed that are drawn: one as its delay embedding, two or three as they are.

    Parameters
    ----------
    schema : Schema
        Of the feed.
    channel : str, optional
        The channel to embed; default the first numeric one.
    channels : sequence of str, optional
        Two or three to draw directly.

    Raises
    ------
    InputError
        If there is no such channel, or too few or too many are named.
    """

    def __init__(self, schema: Schema, channel: str | None, channels: Sequence[str] | None):
        numeric = [each.name for each in schema.channels if each.numeric]
        listed = ", ".join(numeric)
        if channel is not None and channels is not None:
            raise InputError("give channel (one, embedded) or channels (two or three, drawn directly), not both")
        if not numeric:
            raise InputError(f"this feed has no numeric channel; it has {', '.join(schema.names)}")
        if channels is not None and (isinstance(channels, str) or len(channels) not in (2, 3)):
            raise InputError(f"channels must name two or three channels, not {channels!r}; there are {listed}")
        self.names = [channel or numeric[0]] if channels is None else list(channels)
        for each in self.names:
            if each not in numeric:
                raise InputError(f"no numeric channel named {each!r}; there are {listed}")
        if len(set(self.names)) < len(self.names):
            raise InputError(f"channels must be distinct, not {self.names}; there are {listed}")
        self.columns = [schema.index(each) for each in self.names]
        self.embedded = channels is None
        self._drawn = [schema.channels[column] for column in self.columns]
        self._time = schema.time

    def labels(self, dim: int) -> list[str]:
        """Names of the axes, with units."""
        if not self.embedded:
            return [f"{each.name} ({each.unit})" if each.unit else each.name for each in self._drawn]
        only = self._drawn[0]
        unit = f" ({only.unit})" if only.unit else ""
        return [f"{only.name}({lag}){unit}" for lag in ("t", "t + τ", "t + 2τ")[:dim]]

    def lag(self, delay: int) -> str:
        """The delay in samples and in the unit of time."""
        samples = "1 sample" if delay == 1 else f"{delay} samples"
        if self.counted:
            return f"τ = {samples}"
        return f"τ = {samples} = {float(delay * self._time.dt):.3g} {self._time.unit}"

    @property
    def counted(self) -> bool:
        """Whether time is told in samples, because their distance is unknown or not always the same."""
        return not self._time.regular or self._time.unit == "tick"

    @property
    def dt(self) -> float:
        """Time between samples, in the unit of `time_unit`."""
        return 1.0 if self.counted else float(self._time.dt)

    @property
    def time_unit(self) -> str:
        """The unit of ages and speeds."""
        return "sample" if self.counted else self._time.unit

    def look(self, settings: Settings, style: str, offset: list[float]) -> dict[str, Any]:
        """What the browser needs to know to draw; axes of one unit share one scale."""
        units = {each.unit for each in self._drawn}
        per = f"{min(units)}/{self.time_unit}" if len(units) == 1 and units != {""} else f"1/{self.time_unit}"
        by_time = settings.color == "time"
        return {
            "labels": self.labels(settings.dim),
            "dim": settings.dim,
            "equal": len(units) == 1,
            "color": settings.color,
            "style": style,
            "offset": offset,
            "ramp": RAMP,
            "legend": [self._older(settings.trail), "newest"] if by_time else ["slow", f"fast ({per})"],
            "color_label": f"age ({'samples' if self.counted else self.time_unit})" if by_time else f"speed ({per})",
        }

    def _older(self, samples: int) -> str:
        """How much older than the newest the oldest of `samples` samples is."""
        return f"{samples:,} samples older" if self.counted else f"{samples * self.dt:.3g} {self.time_unit} older"
