"""Classes by the nearest series, with the interface of scikit-learn."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..errors import InputError
from ._collection import collection
from .measures import choose_measure
from .nearest import search

__all__ = ["NearestNeighborClassifier"]


class NearestNeighborClassifier:
    """The class of most of the nearest series; with one neighbour under DTW the usual baseline.

    It follows scikit-learn's conventions (``clone``, pipelines and searches take it) and does not need scikit-learn.

    Parameters
    ----------
    n_neighbors : int, optional
        Default 1. Of equally many votes the first of `classes_` wins.
    measure : str or callable, optional
        As for `pairwise`; default ``"dtw"``, which goes through the bounds of `nearest`.
    options : mapping, optional
        Of the measure, such as ``{"window": 10}``.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
        Sorted, after `fit`.

    References
    ----------
    Bagnall et al. (2017), Data Mining and Knowledge Discovery 31, 606.

    Examples
    --------
    >>> model = NearestNeighborClassifier(options={"window": 1})
    >>> model.fit([[0, 1, 0], [5, 6, 5]], ["low", "high"]).predict([[0, 0, 1], [6, 6, 6]]).tolist()
    ['low', 'high']
    """

    _estimator_type = "classifier"

    def __init__(
        self,
        *,
        n_neighbors: int = 1,
        measure: str | Callable[..., float] = "dtw",
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.measure = measure
        self.options = options

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters by name; there is nothing deeper."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> NearestNeighborClassifier:
        """Change parameters, and give the classifier back."""
        known = self.get_params()
        if unknown := sorted(set(params) - set(known)):
            raise InputError(f"there is no parameter {', '.join(unknown)}; there are {', '.join(known)}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def fit(self, X: Any, y: Any) -> NearestNeighborClassifier:
        """Keep the series and their classes.

        Parameters
        ----------
        X : collection of series
            As for `pairwise`.
        y : array_like, shape (series,)
            Their classes.
        """
        choose_measure(self.measure, self.options or {})
        series, labels = collection(X, "X"), np.asarray(y)
        if labels.shape != (len(series),):
            raise InputError(f"y has shape {labels.shape}; it needs a class for each of the {len(series)} series of X")
        self.classes_, self._codes = np.unique(labels, return_inverse=True)
        self._series = series
        return self

    def predict_proba(self, X: Any) -> np.ndarray:
        """Shares of the neighbours' votes, shape (series, classes)."""
        if not hasattr(self, "classes_"):
            raise InputError("the classifier has seen no series yet; call fit(X, y) first")
        chosen = choose_measure(self.measure, self.options or {})
        index, _, _ = search(collection(X, "X"), self._series, chosen, self.n_neighbors)
        return (self._codes[index][:, :, None] == np.arange(len(self.classes_))).mean(axis=1)

    def predict(self, X: Any) -> np.ndarray:
        """The class of each series, shape (series,)."""
        votes = self.predict_proba(X)
        return self.classes_[votes.argmax(axis=1)]

    def score(self, X: Any, y: Any) -> float:
        """Share of the series whose class is right."""
        return float((self.predict(X) == np.asarray(y)).mean())

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "classes_")

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(three_d_array=True),
        )

    def __repr__(self) -> str:
        params = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({params})"
