"""A function of one series over all series of an array: labels, order, errors, and the same lazily on a cluster."""

import numpy as np
import pytest
import xarray as xr

from midstream_lab import attractors, map_series
from midstream_lab.errors import InputError
from midstream_lab.sequence import sequence


def array(*, sensors: int = 3, sites: int = 2, n: int = 600) -> xr.DataArray:
    rng = np.random.default_rng(0)
    base = sequence(np.zeros(n), dt="1/50")
    return xr.DataArray(
        rng.standard_normal((sites, n, sensors)),
        dims=("site", "time", "sensor"),
        coords={
            "time": base["time"],
            "site": ["north", "south"][:sites],
            "sensor": [10, 20, 30][:sensors],
            "depth": ("sensor", [0.5, 1.0, 2.0][:sensors]),
        },
        name="pressure",
        attrs={"units": "Pa"},
    )


def test_labels_order_and_units_are_kept() -> None:
    x = array()
    found = map_series(attractors.permutation_entropy, x, order=3)
    assert found["entropy"].dims == ("site", "sensor")
    assert found["entropy"].attrs["units"] == "nat"
    assert found["depth"].values.tolist() == [0.5, 1.0, 2.0]
    for site in ("north", "south"):
        for sensor in (10, 20, 30):
            one = attractors.permutation_entropy(x.sel(site=site, sensor=sensor).drop_vars(["site", "sensor", "depth"]))
            assert found["entropy"].sel(site=site, sensor=sensor).item() == one["entropy"].item()


def test_the_sampling_interval_comes_from_the_coordinate() -> None:
    found = map_series(lambda series: attractors.embed(series, delay=2, dim=2), array())
    assert found["pressure"].dims == ("site", "sensor", "time", "component")
    assert float(found["time"][1] - found["time"][0]) == pytest.approx(0.02)


def test_numbers_texts_arrays_and_verdicts_are_results() -> None:
    x = array(sensors=2)
    assert map_series(lambda series: float(series.mean()), x)["result"].dims == ("site", "sensor")
    assert (
        map_series(lambda series: "a" * series.sizes["time"], x[:, :5])["result"].values.tolist() == [["aaaaa"] * 2] * 2
    )
    assert map_series(lambda series: series.rename(None)[:4], x)["result"].shape == (2, 2, 4)
    kinds = attractors.map_verdict(x)
    assert set(kinds["kind"].values.ravel()) <= {"stochastic", "inconclusive"}
    assert kinds["interval"].dims == ("site", "sensor", "end")


def test_curves_of_unequal_length_are_filled_up() -> None:
    x = array(sites=1, sensors=3)

    def ramp(series: xr.DataArray) -> xr.DataArray:
        n = 2 + int(abs(float(series[0])) * 3)
        return xr.DataArray(np.ones(n), dims="lag", coords={"lag": np.arange(n)}, name="ramp")

    found = map_series(ramp, x)
    lengths = [int(found["ramp"].isel(site=0, sensor=k).notnull().sum()) for k in range(3)]
    assert lengths == [2 + int(abs(float(x[0, 0, k])) * 3) for k in range(3)]


def test_lengths_without_labels_are_filled_up_too() -> None:
    x = array(sites=1, sensors=3) * xr.DataArray([1.0, 10.0, 100.0], dims="sensor")
    found = map_series(lambda series: xr.DataArray(np.ones(2 + 3 * (series.std().item() > 5)), dims="k"), x)
    assert found["result"].isel(site=0).notnull().sum("k").values.tolist() == [2, 5, 5]


def test_other_labels_are_put_side_by_side_each_with_its_values() -> None:
    x = array(sites=1, sensors=2) * xr.DataArray([1.0, 100.0], dims="sensor")
    found = map_series(attractors.correlation_sum, x)
    for k in range(2):
        want = attractors.correlation_sum(x.isel(site=0, sensor=k, drop=True))
        got = found["correlation_sum"].isel(site=0, sensor=k, drop=True).sel(radius=want["radius"])
        assert got.values.tolist() == want["correlation_sum"].values.tolist()


def test_a_value_of_each_result_that_is_a_coordinate_is_kept_for_each() -> None:
    x = array(sites=1, sensors=3)
    found = map_series(lambda series: series[:2].assign_coords(start=float(series[0])), x)
    assert found["start"].values.ravel().tolist() == x[0, 0].values.tolist()


def test_levels_of_stacked_dimensions_and_selected_places_are_labels() -> None:
    x = array().stack(where=("site", "sensor")).assign_coords(year=1990)
    for each in (x, x.chunk()):
        found = map_series(attractors.permutation_entropy, each)
        assert found.indexes["where"].equals(x.indexes["where"])
        assert found["year"].item() == 1990
        one = map_series(attractors.permutation_entropy, array()).sel(site="south", sensor=20)
        assert found["entropy"].sel(site="south", sensor=20).values.item() == one["entropy"].item()


def test_a_name_that_both_have_is_refused() -> None:
    x = array(sites=1)
    for named in (x.rename(sensor="component"), x.assign_coords(entropy=("sensor", [1.0, 2.0, 3.0]))):
        for each in (named, named.chunk()):
            with pytest.raises(InputError, match=r"both x and the result have (component|entropy); rename"):
                map_series(lambda s: attractors.permutation_entropy(s).merge(attractors.embed(s, delay=1, dim=2)), each)


def test_one_series_is_a_plain_call() -> None:
    x = array()[0, :, 0]
    assert map_series(attractors.permutation_entropy, x)["entropy"].dims == ()


def test_an_error_says_which_series() -> None:
    x = array()
    x[1, 5, 2] = np.nan
    with pytest.raises(Exception, match="missing") as caught:
        map_series(attractors.lyapunov_max, x)
    assert any("site='south'" in note and "sensor=30" in note for note in caught.value.__notes__)


def test_progress_counts_up() -> None:
    seen: list[tuple[int, int]] = []
    map_series(lambda series: 0.0, array(), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k, 6) for k in range(1, 7)]


@pytest.mark.parametrize(
    ("x", "options", "message"),
    [
        (np.zeros((3, 100)), {}, "must be an xarray.DataArray"),
        (xr.DataArray(np.zeros((3, 100)), dims=("a", "b")), {}, "none of them is 'time'"),
        (xr.DataArray(np.zeros((0, 100)), dims=("a", "time")), {}, "there is no series"),
        (array(), {"keep": ["nonsense"]}, "no variable"),
    ],
)
def test_bad_input_is_refused_in_words(x, options: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        map_series(attractors.permutation_entropy, x, **options)


def test_many_dimensions_are_told_of_the_way() -> None:
    with pytest.raises(InputError, match="map_series"):
        attractors.permutation_entropy(array())


class TestLazily:
    """With dask."""

    def test_nothing_but_the_first_is_computed_before_it_is_asked_for(self) -> None:
        calls = []

        def count(series: xr.DataArray) -> float:
            calls.append(1)
            return float(series.mean())

        x = array()
        lazy = map_series(count, x.chunk(site=1, sensor=1))
        assert len(calls) == 1
        assert lazy["result"].chunks is not None
        np.testing.assert_array_equal(lazy.compute(scheduler="synchronous")["result"], map_series(count, x)["result"])

    def test_it_is_what_it_is_in_memory(self) -> None:
        x = array()
        for options in ({"order": 3}, {"order": 4, "keep": ["entropy", "status"]}):
            want = map_series(attractors.permutation_entropy, x, **options)
            got = map_series(attractors.permutation_entropy, x.chunk(time=100), **options).compute(
                scheduler="synchronous"
            )
            assert list(got.data_vars) == list(want.data_vars)
            for name in want.data_vars:
                assert got[name].dims == want[name].dims
                assert got[name].values.tolist() == want[name].values.tolist()
            assert got["entropy"].attrs == want["entropy"].attrs
            assert got["depth"].values.tolist() == [0.5, 1.0, 2.0]

    def test_other_shapes_than_the_first_are_an_error_that_helps(self) -> None:
        x = array(sites=1)

        def ramp(series: xr.DataArray) -> xr.DataArray:
            return xr.DataArray(np.ones(2 + int(abs(float(series[0])) * 9)), dims="lag", name="ramp")

        with pytest.raises(InputError, match=r"keep=\[\.\.\.\]"):
            map_series(ramp, x.chunk()).compute(scheduler="synchronous")

    def test_other_labels_than_the_first_are_an_error(self) -> None:
        """Of the same length: the first series' radii would be read as those of the others."""
        x = array(sites=1, sensors=2) * xr.DataArray([1.0, 100.0], dims="sensor")
        lazy = map_series(attractors.correlation_sum, x.chunk(sensor=1))
        with pytest.raises(InputError, match=r"the labels 'radius' in .*sensor=20.* are not those of the first"):
            lazy.compute(scheduler="synchronous")
        same = np.geomspace(0.1, 100, 5)
        lazy = map_series(attractors.correlation_sum, x.chunk(sensor=1), radii=same).compute(scheduler="synchronous")
        assert lazy["radius"].values.tolist() == same.tolist()

    def test_a_number_is_never_cut_to_the_type_of_the_first(self) -> None:
        x = array(sites=1, sensors=2) * xr.DataArray([1.0, 100.0], dims="sensor")
        lazy = map_series(lambda series: 0 if float(series.std()) < 5 else 1.5, x.chunk())
        with pytest.raises(InputError, match=r"result is float64 in .*sensor=20.* and int64 in the first"):
            lazy.compute(scheduler="synchronous")

    def test_a_number_chosen_for_the_first_is_not_said_of_all(self) -> None:
        x = array(sites=1)
        lazy = map_series(attractors.correlation_sum, x.chunk(), radii=[1.0, 2.0])
        assert "theiler" not in lazy.attrs
        assert "Theiler" in lazy.attrs["citation"]

    def test_other_coordinates_along_time_come_with_each_series(self) -> None:
        x = array().assign_coords(phase=("time", np.arange(600.0)))
        lazy = map_series(lambda series: float(series["phase"].mean()), x.chunk())
        assert (lazy.compute(scheduler="synchronous")["result"] == 299.5).all()

    @pytest.mark.slow
    def test_a_cluster_of_two_workers_gives_the_same(self) -> None:
        distributed = pytest.importorskip("distributed", reason="needs the extra dask")
        x = array(n=1500)
        want = attractors.map_verdict(x)
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
            ) as cluster,
            distributed.Client(cluster) as client,
        ):
            assert len(client.scheduler_info()["workers"]) == 2
            lazy = attractors.map_verdict(x.chunk(site=1, sensor=1))
            assert lazy["kind"].chunks is not None
            got = lazy.compute()
        assert got["kind"].values.tolist() == want["kind"].values.tolist()
        np.testing.assert_allclose(got["exponent"], want["exponent"])
