"""What a sequence is: values with the dimension ``time`` (and ``channel``), on an exact time base.

The ``time`` coordinate carries the time base in its attributes (``tick``, ``tick_unit``, ``step``,
``regularity`` and, where known, ``epoch``), which survive slicing and arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
import xarray as xr

from .errors import GapError, InputError
from .inputs import labelled
from .timebase import TimeBase
from .times import recognise, stamps

__all__ = ["from_ticks", "pick_channel", "regularity", "sequence", "series", "ticks", "time_coordinate", "timebase"]


class Named(Protocol):
    """A column's name and unit; a feed's `Channel` is one."""

    @property
    def name(self) -> str: ...

    @property
    def unit(self) -> str: ...


def sequence(
    x: Any,
    *,
    dt: float | str | Fraction | timedelta | None = None,
    unit: str | None = None,
    name: str | None = None,
    channels: Sequence[str] | None = None,
    nan: str = "raise",
) -> xr.DataArray:
    """Turn arrays, lists, pandas and xarray objects into a checked sequence.

    Parameters
    ----------
    x : array_like, shape (n,) or (n, channels); Series, DataFrame, DataArray or Dataset
        Numbers. A pandas index or a ``time`` coordinate gives the time; a DataArray with one dimension of
        another name has it renamed to ``time``. Of a Dataset the numeric variables along ``time`` are taken.
    dt : float, str, Fraction or timedelta, optional
        Sampling interval, exactly (``"1/360"``); for data that bring no time. Without it the rows of such
        data are numbered in the unit ``tick``, and estimators will ask for `dt`.
    unit : str, optional
        Unit of `dt` or of a numeric index; default ``"s"`` with `dt`.
    name : str, optional
        Name of the result.
    channels : sequence of str, optional
        Names of the columns of two-dimensional data; default ``"0"``, ``"1"``, ...
    nan : {"raise", "keep"}, optional
        What to do with NaN; infinite values are always refused. Kept NaN are counted in ``attrs["missing"]``.

    Returns
    -------
    DataArray of float64, dims ("time",) or ("time", "channel")

    Raises
    ------
    InputError
        If `x` is empty, not numeric, has more than two dimensions, or its time does not increase.

    Examples
    --------
    >>> x = sequence([0.0, 1.0, 0.5], dt="1/360")
    >>> x.time.attrs["tick"], x.time.attrs["regularity"]
    ('1/360', 'regular')
    """
    if nan not in ("raise", "keep"):
        raise InputError(f"nan must be 'raise' or 'keep', not {nan!r}")
    array = labelled(x)
    if channels is not None:
        if not isinstance(channels, Iterable):
            raise InputError(f"channels is a list with a name for each column, not {channels!r}")
        channels = channels if isinstance(channels, str) else list(channels)
        if isinstance(channels, str) or array.ndim != 2 or array.sizes["channel"] != len(channels):
            given = f"{channels!r} does" if isinstance(channels, str) else f"{len(channels)} channel names do"
            raise InputError(f"{given} not fit data of shape {array.shape}; give a list with a name for each column")
        array = array.assign_coords(channel=[str(c) for c in channels])
    elif array.ndim == 2 and "channel" not in array.coords:
        array = array.assign_coords(channel=[str(i) for i in range(array.shape[1])])
    if array.ndim == 2 and len(set(map(str, array["channel"].values))) < array.sizes["channel"]:
        raise InputError(f"channel names must be distinct, got {', '.join(map(str, array['channel'].values))}")
    where, base = _time_of(array, dt, unit)
    result = _assemble(where, base, array)
    missing = _check_values(result, keep=nan == "keep")
    result.attrs.pop("missing", None)  # counted anew: the values may have been filled since
    if missing:
        result.attrs["missing"] = missing
    return result if name is None else result.rename(name)


def timebase(x: xr.DataArray | xr.Dataset) -> TimeBase:
    """The time base of a sequence; a slice such as ``x[::2]`` has twice the step.

    Examples
    --------
    >>> timebase(sequence(range(8), dt="1/360")[::2]).dt
    Fraction(1, 180)
    """
    return _ticks_and_base(x)[1]


def ticks(x: xr.DataArray | xr.Dataset) -> np.ndarray:
    """Time of each row of a sequence in whole ticks, int64."""
    return _ticks_and_base(x)[0]


def regularity(x: xr.DataArray | xr.Dataset) -> str:
    """``"regular"``, ``"calendar"`` (months, years, business days), ``"gapped"`` or ``"irregular"``.

    Examples
    --------
    >>> regularity(sequence([1.0, 2.0, 4.0], dt=1))
    'regular'
    """
    return _regularity(*_ticks_and_base(x))


def from_ticks(
    values: np.ndarray,
    ticks: np.ndarray,
    time: TimeBase,
    *,
    channels: Sequence[Named] | None = None,
    attrs: dict[str, Any] | None = None,
) -> xr.DataArray:
    """Label values whose times are known in ticks.

    Parameters
    ----------
    values : ndarray, shape (n,) or (n, channels)
        NaN stands for a missing row.
    ticks : ndarray of int64, shape (n,)
        Increasing.
    time : TimeBase
        What one tick is.
    channels : sequence of Channel, optional
        Names and units of the columns; one for a one-dimensional array.
    attrs : dict, optional
        Provenance.

    Returns
    -------
    DataArray, dims ("time",) or ("time", "channel")
    """
    coords: dict[str, Any] = {"time": time_coordinate(ticks, time)}
    dims = ("time", "channel")[: values.ndim]
    attrs = dict(attrs or {})
    name = None
    if channels:
        units = [channel.unit for channel in channels]
        if len(set(units)) == 1:
            if units[0]:
                attrs["units"] = units[0]
        else:
            attrs.pop("units", None)
            coords["unit"] = ("channel", units)
        if values.ndim == 2:
            coords["channel"] = [channel.name for channel in channels]
        else:
            name = channels[0].name
    return xr.DataArray(values, dims=dims, coords=coords, attrs=attrs, name=name)


def time_coordinate(ticks: np.ndarray, time: TimeBase) -> xr.Variable:
    """The ``time`` coordinate of rows at these ticks, with the time base in its attributes.

    Examples
    --------
    >>> time_coordinate(np.arange(3), TimeBase.from_dt("1/2")).values.tolist()
    [0.0, 0.5, 1.0]
    """
    attrs: dict[str, Any] = {
        "tick": str(time.tick),
        "tick_unit": time.unit,
        "step": time.step,
        "regularity": _regularity(ticks, time),
    }
    if time.epoch is not None:
        attrs["epoch"] = time.epoch
    times = stamps(ticks, time)
    encoding = None
    if times.dtype.kind == "M" and len(times) and int(times[-1].astype(int)) - int(times[0].astype(int)) >= 2**63:
        # xarray saves dates as nanoseconds from the first, which overflows beyond 292 years.
        encoding = {"units": "seconds since 1970-01-01"}
    return xr.Variable("time", times, attrs, encoding)


def series(
    x: Any, *, dt: float | str | Fraction | timedelta | None = None, channel: str | None = None
) -> tuple[np.ndarray, float, str]:
    """One evenly sampled, finite channel: what every estimator starts from.

    Parameters
    ----------
    x : array_like or sequence
        What `sequence` takes.
    dt : float, str, Fraction or timedelta, optional
        Sampling interval; needed where `x` brings no time, refused where it contradicts the time that `x` brings.
    channel : str, optional
        Which channel; needed where there are several.

    Returns
    -------
    values : ndarray of float64, shape (n,)
        Contiguous and read-only.
    dt : float
        Sampling interval.
    unit : str
        Unit of time.

    Raises
    ------
    InputError
        If the data are empty, not finite or irregular, or `dt` or the channel is not known.
    GapError
        If rows are missing.

    Examples
    --------
    >>> values, dt, unit = series([1, 2, 3], dt=0.5)
    >>> values.tolist(), dt, unit
    ([1.0, 2.0, 3.0], 0.5, 's')
    """
    array = sequence(x, dt=dt, nan="keep")
    array = pick_channel(array, channel)
    where, base = _ticks_and_base(array)
    kind = _regularity(where, base)
    if kind == "gapped":
        holes = int((where[-1] - where[0]) // base.step) + 1 - len(where)
        raise GapError(f"{holes} rows are missing between the first and the last; fill them with resample(x) first")
    if kind == "irregular" and len(array) > 1:
        raise GapError("time is irregular; make it even with resample(x, dt=...) first")
    if array.attrs.get("missing"):
        first = int(np.argmax(np.isnan(array.values)))
        raise GapError(
            f"{array.attrs['missing']} values are missing (NaN), the first at row {first}; "
            "fill them with resample(x) or choose an unbroken part"
        )
    if not base.regular or (base.unit == "tick" and dt is None):
        raise InputError("the sampling interval is not known: give dt=..., for example dt='1/360' (dt=1 for a map)")
    values = np.ascontiguousarray(array.values, dtype=np.float64).view()
    values.flags.writeable = False
    return values, float(base.dt), base.unit


def pick_channel(x: xr.DataArray, channel: str | None) -> xr.DataArray:
    """One channel of a sequence, with the dimension ``time`` alone; its missing values are counted anew.

    Raises
    ------
    InputError
        If there is no such channel, or there are several and `channel` is None.

    Examples
    --------
    >>> pick_channel(sequence([[1.0, 2.0], [3.0, 4.0]], dt=1, channels=["a", "b"]), "b").values
    array([2., 4.])
    """
    if x.ndim == 1:
        if channel is not None and channel != x.name:
            one = "without a name" if x.name is None else f"{x.name!r}"
            raise InputError(f"no channel named {channel!r}; the sequence has one, {one}: leave channel out")
        return x
    names = [str(name) for name in x["channel"].values]
    if channel is None and len(names) > 1:
        raise InputError(f"choose one of the channels {', '.join(names)} with channel=...")
    if channel is not None and channel not in names:
        raise InputError(f"no channel named {channel!r}; there are {', '.join(names)}")
    index = 0 if channel is None else names.index(channel)
    picked = x.isel(channel=index).drop_vars(["channel", "unit"], errors="ignore").rename(names[index])
    missing = int(np.isnan(picked.values).sum())
    picked.attrs = {k: v for k, v in x.attrs.items() if k != "missing"} | ({"missing": missing} if missing else {})
    if "unit" in x.coords:
        picked.attrs["units"] = str(x["unit"].values[index])
    return picked


def _time_of(array: xr.DataArray, dt: Any, unit: str | None) -> tuple[np.ndarray, TimeBase]:
    """Ticks and time base from the data's own time, or else from `dt`."""
    count = np.arange(array.sizes["time"], dtype=np.int64)
    given = None if dt is None else TimeBase.from_dt(dt, unit=unit or "s")
    if "time" not in array.coords:
        return count, given or (TimeBase.from_dt(1, unit=unit) if unit else TimeBase())
    where, base = _ticks_and_base(array, unit=unit)
    if given is None:
        return where, base
    if base.unit == "tick":
        return where, replace(base, tick=base.tick * given.tick, unit=given.unit)
    clash = unit is not None and given.unit != base.unit
    if clash or not base.regular or abs(given.dt / base.dt - 1) > 1e-9:
        own = f"{base.dt} {base.unit}" if base.regular else "irregular times"
        raise InputError(f"dt={dt!r} contradicts the data's own time ({own}); leave dt out, or drop the coordinate")
    return where, base


def _ticks_and_base(x: xr.DataArray | xr.Dataset, *, unit: str | None = None) -> tuple[np.ndarray, TimeBase]:
    if "time" not in x.coords:
        return np.arange(x.sizes.get("time", 0), dtype=np.int64), TimeBase()
    coordinate = x.coords["time"]
    times, attrs = coordinate.values, coordinate.attrs
    if "tick" in attrs:
        base = _stated(attrs)
        where = _unstamp(times, base)
        if where is not None:
            if base.regular and len(where) > 1:
                base = TimeBase(tick=base.tick, unit=base.unit, epoch=base.epoch, step=_step(where))
            return where, base
    if coordinate.dtype.kind == "m":
        return recognise(times / np.timedelta64(1, "s"), unit="s")
    if times.dtype.kind == "O":
        raise InputError(f"times must be dates or numbers, not {type(times.flat[0]).__name__}")
    # Times off the old grid (a mean of several rows, say) are still in its unit.
    return recognise(times, unit=unit or str(attrs.get("units") or attrs.get("tick_unit") or "time unit"))


def _stated(attrs: dict[str, Any]) -> TimeBase:
    """The time base that the attributes of a coordinate state."""
    try:
        return TimeBase(
            tick=Fraction(attrs["tick"]),
            unit=str(attrs.get("tick_unit", "tick")),
            step=int(attrs.get("step", 1)),
            epoch=attrs.get("epoch"),
        )
    except (ValueError, TypeError, ZeroDivisionError) as error:
        stated = {key: attrs[key] for key in ("tick", "step") if key in attrs}
        raise InputError(
            f"the attributes of the time coordinate are not those of a sequence ({stated}); drop them, for example "
            "with x.time.attrs.clear()"
        ) from error


def _step(where: np.ndarray) -> int:
    differences = np.diff(where)
    if (differences <= 0).any():
        row = int(np.argmax(differences <= 0)) + 1
        raise InputError(f"time must increase, but row {row} does not come after row {row - 1}; sort the rows first")
    return int(np.gcd.reduce(differences))


def _unstamp(times: np.ndarray, base: TimeBase) -> np.ndarray | None:
    """Ticks of stamps made by `stamps`; None if they are not (somebody set other times)."""
    if times.dtype.kind == "M" and base.epoch is not None:
        epoch = np.datetime64(base.epoch, "ns")
        passed = (times.astype("datetime64[ns]") - epoch).astype(np.int64)
        if base.unit == "business day":
            where = np.busday_count(epoch.astype("datetime64[D]"), times.astype("datetime64[D]")) // base.tick.numerator
        elif base.calendar:
            months = times.astype("datetime64[M]").astype(np.int64) - int(
                epoch.astype("datetime64[M]").astype(np.int64)
            )
            where = months // (base.tick.numerator * (12 if base.unit == "year" else 1))
        else:
            per_tick = base.tick * 10**9
            where = np.rint(passed / float(per_tick)).astype(np.int64)
            if per_tick.denominator == 1:
                where = passed // per_tick.numerator
        same = stamps(where, base) == times
    elif times.dtype.kind in "fiu":
        where = np.rint(times.astype(np.float64) * float(1 / base.tick)).astype(np.int64)
        same = np.isclose(stamps(where, base), times, rtol=1e-12, atol=1e-6 * float(base.tick))
    else:
        return None
    return where.astype(np.int64) if bool(np.all(same)) else None


def _assemble(where: np.ndarray, base: TimeBase, like: xr.DataArray) -> xr.DataArray:
    coords: dict[str, Any] = {"time": time_coordinate(where, base)}
    for key in ("channel", "unit"):
        if key in like.coords and like.coords[key].dims == ("channel",):
            coords[key] = ("channel", like.coords[key].values)
    attrs, name = dict(like.attrs), like.name
    # A channel that was selected before keeps its name and unit.
    if "channel" in like.coords and like.coords["channel"].ndim == 0 and name is None:
        name = str(like.coords["channel"].item())
    if "unit" in like.coords and like.coords["unit"].ndim == 0 and like.coords["unit"].item():
        attrs["units"] = str(like.coords["unit"].item())
    return xr.DataArray(like.values, dims=like.dims, coords=coords, attrs=attrs, name=name)


def _regularity(where: np.ndarray, base: TimeBase) -> str:
    if not base.regular:
        return "irregular"
    if len(where) > 1 and (np.diff(where) != base.step).any():
        return "gapped"
    return "calendar" if base.calendar else "regular"


def _check_values(x: xr.DataArray, *, keep: bool) -> int:
    """Number of NaN in `x`, an error where they are not wanted."""
    values = x.values
    infinite = np.isinf(values)
    bad = np.isnan(values)
    if infinite.any():
        raise InputError(f"values are infinite: {int(infinite.sum())}, the first at {_place(x, infinite)}; remove them")
    if bad.any() and not keep:
        raise InputError(
            f"{int(bad.sum())} values are missing (NaN), the first at {_place(x, bad)}; "
            "fill them with resample(x), or keep them with nan='keep'"
        )
    return int(bad.sum())


def _place(x: xr.DataArray, where: np.ndarray) -> str:
    index = np.argwhere(where)[0]
    row = f"row {int(index[0])}"
    return row if x.ndim == 1 else f"{row} of channel {str(x['channel'].values[index[1]])!r}"
