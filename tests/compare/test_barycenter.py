"""Means, groups and classes of series under time warping."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from midstream_lab.compare import NearestNeighborClassifier, barycenter, cluster, dtw_distance, nearest
from midstream_lab.errors import InputError

VALUES = st.integers(-8, 8).map(lambda k: k / 4)


def shapes(count: int = 12, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Bumps and steps at shifted places, with noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(50)
    kind = np.arange(count) % 2
    at = rng.uniform(18, 32, count)[:, None]
    bump, step = np.exp(-(((time - at) / 4) ** 2)), 1.0 / (1.0 + np.exp(at - time))
    return np.where(kind[:, None] == 0, bump, step) + 0.03 * rng.standard_normal((count, 50)), kind


@settings(max_examples=25, deadline=None)
@given(X=st.tuples(st.integers(1, 5), st.integers(1, 6)).flatmap(lambda shape: arrays(float, shape, elements=VALUES)))
def test_without_warping_it_is_the_mean(X: np.ndarray) -> None:
    found = barycenter(X, window=0)
    np.testing.assert_allclose(found["barycenter"], X.mean(axis=0), atol=1e-12)
    assert found["inertia"][-1].item() == pytest.approx(((X - X.mean(axis=0)) ** 2).sum(axis=1).mean(), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    X=st.integers(1, 2).flatmap(
        lambda c: st.lists(
            st.integers(1, 7).flatmap(lambda n: arrays(float, (n, c), elements=VALUES)), min_size=1, max_size=5
        )
    )
)
def test_the_inertia_never_grows_and_is_that_of_the_result(X: list[np.ndarray]) -> None:
    found = barycenter(X, max_iterations=5)
    assert (np.diff(found["inertia"]) <= 1e-12).all()
    mean = found["barycenter"].values
    want = np.mean([dtw_distance(mean, x) ** 2 for x in X])
    assert found["inertia"][-1].item() == pytest.approx(want, abs=1e-12)


def test_shifted_bumps_average_to_a_bump() -> None:
    X = shapes(20)[0][::2]
    found = barycenter(X)
    assert found["status"].item() == "ok"
    assert found["barycenter"].max() > 0.9 > X.mean(axis=0).max()  # the mean in place is flat
    assert barycenter(X, initial=3, max_iterations=1)["status"].item() == "inconclusive"


def test_groups_are_the_planted_ones_and_the_seed_decides() -> None:
    X, kind = shapes()
    labelled = xr.DataArray(X, dims=("run", "time"), coords={"run": np.arange(12) * 2})
    found = cluster(labelled, 2, rng=1)
    groups = found["cluster"].values
    assert len({*zip(groups.tolist(), kind.tolist(), strict=True)}) == 2
    assert found["series"].values.tolist() == (np.arange(12) * 2).tolist()
    assert found.identical(cluster(labelled, 2, rng=1))
    want = [dtw_distance(x, found["barycenter"][g].values) for x, g in zip(X, groups, strict=True)]
    np.testing.assert_allclose(found["distance"], want, rtol=1e-12)
    assert found["inertia"].item() == pytest.approx(np.mean(np.square(want)))
    assert found["inertia"] < cluster(X, 1, rng=1)["inertia"]
    assert cluster(X, 12, rng=1)["inertia"].item() == 0.0
    assert cluster(X, 12, rng=1)["size"].values.tolist() == [1] * 12


def test_equal_series_fill_every_group() -> None:
    found = cluster(np.ones((5, 3)), 3, rng=0)
    assert found["size"].min() > 0
    assert found["inertia"].item() == 0.0
    ragged = cluster([[0.0, 0.0], [9.0, 9.0, 9.0]], 2, rng=0)
    assert ragged["barycenter"].isnull().sum().item() == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: barycenter([]), "no series"),
        (lambda: barycenter([[1.0]], initial=1), "from 0 to 0"),
        (lambda: barycenter([[1.0]], max_iterations=0), "max_iterations"),
        (lambda: barycenter([[1.0]], tolerance=1), "tolerance"),
        (lambda: barycenter([[1.0], [1.0, 2.0, 3.0]], window=1), "the least is 2"),
        (lambda: cluster([[1.0]], 2, rng=0), "from 1 to 1"),
        (lambda: cluster([[1.0], [np.nan]], 2, rng=0), r"X\[1\]\[0\] = nan"),
        (lambda: NearestNeighborClassifier().fit([[1.0]], [1, 2]), "1 series"),
        (lambda: NearestNeighborClassifier().predict([[1.0]]), "call fit"),
        (lambda: NearestNeighborClassifier(n_neighbors=2).fit([[1.0]], [1]).predict([[1.0]]), "from 1 to 1"),
        (lambda: NearestNeighborClassifier(options={"windw": 1}).fit([[1.0]], [1]), "no option windw"),
        (lambda: NearestNeighborClassifier().set_params(k=1), "no parameter k"),
    ],
)
def test_what_cannot_be_done_is_refused(call: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()


def test_classes_are_those_of_the_nearest() -> None:
    X, kind = shapes(40)
    names = np.array(["bump", "step"])[kind]
    model = NearestNeighborClassifier(options={"window": 15}).fit(X[:20], names[:20])
    assert model.score(X[20:], names[20:]) == 1.0
    assert model.predict_proba(X[20:]).sum(axis=1).tolist() == [1.0] * 20
    index = nearest(X[20:], X[:20], k=3, window=15)["index"].values
    votes = model.set_params(n_neighbors=3).predict_proba(X[20:])
    np.testing.assert_allclose(votes[:, 0], (names[:20][index] == "bump").mean(axis=1))
    copy = type(model)(**model.get_params())
    assert copy.get_params() == model.get_params()
    assert not copy.__sklearn_is_fitted__()


def test_scikit_learn_takes_it() -> None:
    from sklearn.base import clone, is_classifier
    from sklearn.model_selection import cross_val_score

    model = NearestNeighborClassifier(options={"window": 15})
    assert clone(model).get_params() == model.get_params()
    assert is_classifier(model)
    assert cross_val_score(model, *shapes(24), cv=3).min() > 0.9
