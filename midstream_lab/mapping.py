"""Any function of one series, over all series of an array, here or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
        Of a dask array the result is lazy: only the first series is computed at once, to see what comes out. The others
        run on the caller's scheduler, a task for each chunk along the other dimensions (``x.chunk(channel=10)``: ten
        channels a task), and must give variables of the same shapes, labels and types of number. Of the attributes of
        the first result the texts are kept, as numbers may be its own.

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
        raise InputError(
            f"x has the dimensions {', '.join(map(str, x.dims))}, and none of them is {dim!r}; "
            "an option dim of function goes in with functools.partial"
        )
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

    x = x.transpose(*others, dim).chunk({dim: -1})
    template = _call(function, next(_series(x, others))[1].compute(), keep, options)
    _check_names(template, x, others)
    names = list(template.data_vars)
    kinds: dict[Any, Any] = {name: (template[name].shape, _dtype(template[name])) for name in names}
    # what all tasks need goes to the workers once
    alone = {k: v.variable for k, v in x.coords.items() if v.dims == (dim,)}
    job = _Job(function, keep, options, kinds, dict(template.coords.variables), dict(x.attrs), x.name, alone)
    shared = dask.delayed(job, pure=True, traverse=False)
    task = dask.delayed(_block, pure=True, nout=len(names))
    bounds = [np.cumsum((0, *x.chunksizes[other])) for other in others]
    grid = [len(b) - 1 for b in bounds]
    parts: dict[Any, np.ndarray] = {name: np.empty(grid, object) for name in names}
    for place in np.ndindex(*grid):
        part = x.isel({o: slice(b[k], b[k + 1]) for o, b, k in zip(others, bounds, place, strict=True)})
        labels = {k: v.variable for k, v in part.coords.items() if dim not in v.dims}
        (block,) = part.data.to_delayed().ravel()
        arrays = task(block, part.dims, labels, shared)
        for name, array in zip(names, arrays, strict=True):
            shape, dtype = kinds[name]
            parts[name][place] = da.from_delayed(array, (*part.shape[:-1], *shape), dtype)
    stacked = {
        name: ((*others, *template[name].dims), _joined(parts[name], da.concatenate), _texts(template[name].attrs))
        for name in names
    }
    return xr.Dataset(stacked, coords=template.coords, attrs=_texts(template.attrs))


def _joined(parts: np.ndarray, concatenate: Callable[..., Any]) -> Any:
    """The array that a grid of arrays makes along its first axes."""
    for axis in reversed(range(parts.ndim)):
        rows = parts.reshape(-1, parts.shape[-1])
        joined = np.empty(len(rows), object)
        for k, row in enumerate(rows):
            joined[k] = concatenate(list(row), axis=axis)
        parts = joined.reshape(parts.shape[:-1])
    return parts.item()


def _texts(attrs: dict[Any, Any]) -> dict[Any, Any]:
    """The attributes of one result that may be said of all: units and method, not a delay chosen for its series."""
    return {k: v for k, v in attrs.items() if isinstance(v, str)}


def _dtype(variable: xr.DataArray) -> np.dtype:
    """Text is kept as objects, as its length differs from series to series."""
    return np.dtype(object) if variable.dtype.kind in "US" else variable.dtype


@dataclass(frozen=True)
class _Job:
    """What every task of a lazy result does, and what its results have to be like."""

    function: Callable[..., Any]
    keep: list[str] | None
    options: dict[str, Any]
    kinds: dict[Any, tuple[tuple[int, ...], np.dtype]]
    inner: dict[Any, xr.Variable]
    attrs: dict[Any, Any]
    name: Any
    coords: dict[Any, xr.Variable]

    def values(self, series: xr.DataArray) -> list[np.ndarray]:
        """The variables of one result, in the order of `kinds`."""
        found = _call(self.function, series, self.keep, self.options)
        here = ", ".join(f"{k}={v.item()!r}" for k, v in series.coords.items() if v.ndim == 0) or "a later series"
        advice = "choose variables that agree with keep=[...], fix them by an option, or compute the array first"
        if missing := [variable for variable in self.kinds if variable not in found]:
            raise InputError(f"{missing} of the first series are missing in the result of {here}; {advice}")
        for variable, (shape, dtype) in self.kinds.items():
            if found[variable].shape != shape:
                raise InputError(
                    f"{variable} has the shape {found[variable].shape} in {here} and {shape} in the first series; "
                    f"{advice}"
                )
            if not np.can_cast(_dtype(found[variable]), dtype, "safe"):
                raise InputError(
                    f"{variable} is {_dtype(found[variable])} in {here} and {dtype} in the first series; {advice}"
                )
        for label, values in self.inner.items():
            if label not in found.coords or not found[label].variable.equals(values):
                raise InputError(f"the labels {label!r} in {here} are not those of the first series; {advice}")
        return [found[variable].values.astype(dtype) for variable, (_, dtype) in self.kinds.items()]


def _block(data: np.ndarray, dims: Any, labels: dict[Any, xr.Variable], job: _Job) -> tuple[np.ndarray, ...]:
    """The work of one task: all series of one chunk."""
    block = xr.DataArray(np.asarray(data), dims=dims, attrs=job.attrs, name=job.name).assign_coords(
        {**job.coords, **labels}
    )
    found = [np.empty(block.shape[:-1] + shape, dtype) for shape, dtype in job.kinds.values()]
    for place, series in _series(block, list(dims[:-1])):
        at = tuple(place.values())
        for whole, one in zip(found, job.values(series), strict=True):
            whole[at] = one
    return tuple(found)
