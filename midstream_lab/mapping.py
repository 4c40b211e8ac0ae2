"""Any function of one series, over all series of an array, here or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xarray as xr

from .errors import InputError

__all__ = ["map_series"]


def map_series(
    function: Callable[..., Any],
    x: xr.DataArray,
    *,
    dim: str = "time",
    keep: list[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> xr.Dataset:
    """Call ``function(series, **options)`` for each series of an array, and label the results.

    Parameters
    ----------
    function : callable
        Takes a one-dimensional DataArray along `dim` and gives a Dataset, a DataArray, a number, a text, or something
        with ``to_xarray()``, such as a `Verdict`. Every function of `midstream_lab.attractors` on a sequence is one.
    x : xarray.DataArray
        With `dim` and any other dimensions: channels, sensors, parameters of a sweep. In memory, or a dask array.
    dim : str, optional
        Dimension along which a series runs; default ``"time"``. Its coordinate gives the sampling interval.
    keep : list of str, optional
        Variables of the results that are wanted; default all.
    progress : callable, optional
        ``progress(done, total)`` after each series of an array in memory.
    **options
        Passed on to `function`; an option of its own that is called `dim`, `keep` or `progress` goes in with
        `functools.partial`.

    Returns
    -------
    xarray.Dataset
        The variables of the results over the other dimensions of `x`, with their labels; a bare number, text or
        unnamed array is called ``result``. Results of unequal length (curves over ``lag``, say) or with other labels
        are put side by side and filled up with NaN; attributes in which they differ are left out.
        Of a dask array the result is lazy: only the first series is computed at once, to see what comes out; the others
        run on the caller's scheduler, each in a task of its own, and must give variables of the same shapes, labels
        and types of number. Of the attributes of the first result the texts are kept, as numbers may be its own.

    Raises
    ------
    InputError
        If `x` has no dimension `dim` or no series, a variable of `keep` does not exist, a result bears a name that `x`
        uses, or, when a lazy result is computed, a series gives other shapes, labels or types than the first. What
        `function` raises carries a note with the labels of its series.

    Examples
    --------
    A sweep over a parameter of a system:

    >>> import numpy as np, xarray as xr
    >>> from midstream_lab import attractors
    >>> rho = [24.5, 28.0]
    >>> runs = [attractors.systems.Lorenz(rho=r).trajectory(3000, dt="1/50").sel(channel="x") for r in rho]
    >>> sweep = xr.concat(runs, xr.DataArray(rho, dims="rho", name="rho"))
    >>> found = map_series(attractors.lyapunov_max, sweep, keep=["exponent", "interval", "status"])
    >>> found["exponent"].dims, found["interval"].dims, found["status"].values.tolist()
    (('rho',), ('rho', 'end'), ['ok', 'ok'])
    """
    if not isinstance(x, xr.DataArray):
        raise InputError(f"x must be an xarray.DataArray with named dimensions, not {type(x).__name__}")
    if dim not in x.dims:
        raise InputError(f"x has the dimensions {', '.join(map(str, x.dims))}, and none of them is {dim!r}")
    others = [other for other in x.dims if other != dim]
    if not all(x.sizes[other] for other in others):
        raise InputError(f"there is no series: the sizes of x are {dict(x.sizes)}")
    outer = x.drop_vars([k for k, v in x.coords.items() if dim in v.dims]).isel({dim: 0}).coords
    if not others:
        found = _call(function, x, keep, options)
    elif x.chunks is not None:
        found = _lazy(function, x, dim, others, keep, options)
    else:
        found = _eager(function, x, others, keep, progress, options)
    # a moment or place that was selected before is one of the labels, unless the result has something of that name
    alone = [k for k, v in outer.items() if v.ndim == 0 and (k in found.variables or k in found.dims)]
    return found.assign_coords(outer.to_dataset().drop_vars(alone).coords)


def _series(x: xr.DataArray, others: list[Any]) -> Iterator[tuple[dict[Any, int], xr.DataArray]]:
    """Each series with its place."""
    for at in np.ndindex(*(x.sizes[other] for other in others)):
        place = dict(zip(others, (int(k) for k in at), strict=True))
        yield place, x.isel(place)


def _call(function: Callable[..., Any], series: xr.DataArray, keep: list[str] | None, options: Any) -> xr.Dataset:
    """The result for one series, as a Dataset without the labels of the series."""
    bare = series.drop_vars([k for k, v in series.coords.items() if v.ndim == 0])
    try:
        found = function(bare, **options)
    except Exception as error:
        labels = ", ".join(f"{k}={v.item()!r}" for k, v in series.coords.items() if v.ndim == 0)
        if labels:
            error.add_note(f"in the series {labels}")
        raise
    if hasattr(found, "to_xarray"):
        found = found.to_xarray()
    if isinstance(found, xr.DataArray):
        found = found.to_dataset(name=found.name or "result")
    elif not isinstance(found, xr.Dataset):
        found = xr.Dataset({"result": ((), found)})
    if keep is None:
        return found
    if missing := [name for name in keep if name not in found]:
        raise InputError(f"the result has no variable {missing}; it has {list(found.data_vars)}")
    return found[keep]


def _check_names(found: xr.Dataset, x: xr.DataArray, others: list[Any]) -> None:
    """Nothing of a result may be called as a dimension that it is put along, or as the labels there."""
    used = {*others, *(k for k, v in x.coords.items() if set(v.dims) & set(others))}
    if taken := sorted(str(k) for k in used & {*found.dims, *found.variables}):
        raise InputError(f"both x and the result have {', '.join(taken)}; rename that of x first")


def _level(results: list[xr.Dataset]) -> list[xr.Dataset]:
    """Dimensions without labels, made as long as the longest; those with labels are aligned when put together."""
    longest: dict[Any, int] = {}
    for found in results:
        for dim, size in found.sizes.items():
            if dim not in found.indexes:
                longest[dim] = max(size, longest.get(dim, 0))
    short = [{dim: (0, n - found.sizes.get(dim, n)) for dim, n in longest.items()} for found in results]
    return [
        found.pad({dim: by for dim, by in pads.items() if by[1]}) if any(by[1] for by in pads.values()) else found
        for found, pads in zip(results, short, strict=True)
    ]


def _eager(
    function: Callable[..., Any],
    x: xr.DataArray,
    others: list[Any],
    keep: list[str] | None,
    progress: Callable[[int, int], None] | None,
    options: Any,
) -> xr.Dataset:
    total = int(np.prod([x.sizes[other] for other in others]))
    results = []
    for done, (_, series) in enumerate(_series(x, others), start=1):
        results.append(_call(function, series, keep, options))
        _check_names(results[-1], x, others)
        if progress is not None:
            progress(done, total)
    results = _level(results)
    # one dimension after another, the last first, so that each has its place before those of the results
    for other in reversed(others):
        size = x.sizes[other]
        results = [
            xr.concat(
                results[k : k + size],
                dim=other,
                data_vars="all",
                coords="different",
                compat="equals",
                join="outer",
                combine_attrs="drop_conflicts",
            )
            for k in range(0, len(results), size)
        ]
    return results[0]


def _lazy(
    function: Callable[..., Any], x: xr.DataArray, dim: str, others: list[Any], keep: list[str] | None, options: Any
) -> xr.Dataset:
    import dask
    import dask.array as da

    first = next(_series(x, others))[1]
    template = _call(function, first.compute(), keep, options)
    _check_names(template, x, others)
    names = list(template.data_vars)
    kinds: dict[Any, Any] = {name: (template[name].shape, _dtype(template[name])) for name in names}
    inner = dict(template.coords.variables)
    task = dask.delayed(_values, pure=True, nout=len(names))
    parts: dict[Any, list[Any]] = {name: [] for name in names}
    for _, series in _series(x, others):
        labels = {k: v for k, v in series.coords.items() if v.ndim == 0}
        shell = (
            series.dims,
            dict(series.attrs),
            series.name,
            {k: v.variable for k, v in series.coords.items() if v.ndim},
        )
        arrays = task(series.data, shell, labels, function, keep, options, kinds, inner)
        for name, array in zip(names, arrays, strict=True):
            parts[name].append(da.from_delayed(array, *kinds[name]))
    sizes = tuple(x.sizes[other] for other in others)
    stacked = {
        name: (
            (*others, *template[name].dims),
            da.stack(parts[name]).reshape(sizes + kinds[name][0]),
            _texts(template[name].attrs),
        )
        for name in names
    }
    return xr.Dataset(stacked, coords=template.coords, attrs=_texts(template.attrs))


def _texts(attrs: dict[Any, Any]) -> dict[Any, Any]:
    """The attributes of one result that may be said of all: units and method, not a delay chosen for its series."""
    return {k: v for k, v in attrs.items() if isinstance(v, str)}


def _dtype(variable: xr.DataArray) -> np.dtype:
    """Text is kept as objects, as its length differs from series to series."""
    return np.dtype(object) if variable.dtype.kind in "US" else variable.dtype


def _values(
    data: np.ndarray,
    shell: Any,
    labels: Any,
    function: Callable[..., Any],
    keep: Any,
    options: Any,
    kinds: dict[Any, tuple[tuple[int, ...], np.dtype]],
    inner: dict[Any, xr.Variable],
) -> tuple[np.ndarray, ...]:
    """The work of one task: the variables of one result, in the order of `kinds`."""
    dims, attrs, name, coords = shell
    series = xr.DataArray(np.asarray(data), dims=dims, coords=coords, attrs=attrs, name=name).assign_coords(labels)
    found = _call(function, series, keep, options)
    here = ", ".join(f"{k}={v.item()!r}" for k, v in labels.items()) or "a later series"
    advice = "choose variables that agree with keep=[...], fix them by an option, or compute the array first"
    if missing := [variable for variable in kinds if variable not in found]:
        raise InputError(f"{missing} of the first series are missing in the result of {here}; {advice}")
    for variable, (shape, dtype) in kinds.items():
        if found[variable].shape != shape:
            raise InputError(
                f"{variable} has the shape {found[variable].shape} in {here} and {shape} in the first series; {advice}"
            )
        if not np.can_cast(_dtype(found[variable]), dtype, "safe"):
            raise InputError(
                f"{variable} is {_dtype(found[variable])} in {here} and {dtype} in the first series; {advice}"
            )
    for label, values in inner.items():
        if label not in found.coords or not found[label].variable.equals(values):
            raise InputError(f"the labels {label!r} in {here} are not those of the first series; {advice}")
    return tuple(found[variable].values.astype(dtype) for variable, (_, dtype) in kinds.items())
