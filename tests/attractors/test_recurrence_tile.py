"""Tiles of recurrence plots: equal to the matrix where they are exact, unbiased where they are not."""

from itertools import pairwise

import numpy as np
import pytest

from midstream_lab.attractors import recurrence_matrix, recurrence_tile
from midstream_lab.attractors.systems import Henon
from midstream_lab.errors import InputError

EMBEDDING = {"delay": 2, "embedding_dim": 3, "theiler": 4, "radius": 0.4, "rate": None}


@pytest.fixture(scope="module")
def x():
    return Henon().trajectory(403).sel(channel="x")


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_a_pixel_for_each_pair_is_a_part_of_the_matrix(x, norm) -> None:
    matrix = recurrence_matrix(x, norm=norm, **EMBEDDING)
    tile = recurrence_tile(x, rows=(10, 60), columns=(200, 399), norm=norm, **EMBEDDING)
    assert np.array_equal(tile.values, matrix.values[10:60, 200:399].astype(float))
    assert np.array_equal(tile.time, matrix.time[10:60])
    assert np.array_equal(tile.other_time, matrix.other_time[200:399])
    assert tile.attrs["exact"] == 1


def test_pixels_that_hold_all_their_pairs_have_their_mean(x) -> None:
    matrix = recurrence_matrix(x, **EMBEDDING).values[:390, :390]
    tile = recurrence_tile(x, rows=(0, 390), columns=(0, 390), size=130, **EMBEDDING)
    assert np.allclose(tile.values, matrix.reshape(130, 3, 130, 3).mean(axis=(1, 3)))
    assert tile.attrs["exact"] == 1


def test_pixels_of_unequal_size_are_means_too(x) -> None:
    matrix = recurrence_matrix(x, **EMBEDDING).values[:100, :100].astype(float)
    tile = recurrence_tile(x, rows=(0, 100), columns=(0, 100), size=40, **EMBEDDING)
    edges = np.arange(41) * 100 // 40
    slow = [[matrix[a:b, c:d].mean() for c, d in pairwise(edges)] for a, b in pairwise(edges)]
    assert np.allclose(tile.values, slow)


def test_a_sampled_tile_has_the_recurrence_rate_of_the_whole(x) -> None:
    long = Henon().trajectory(20_002).sel(channel="x")
    tile = recurrence_tile(long, size=100, per_pixel=8, **EMBEDDING)
    exact = recurrence_matrix(x, **EMBEDDING).values
    assert tile.shape == (100, 100)
    assert tile.attrs["exact"] == 0
    away = ~np.eye(len(exact), dtype=bool)
    assert tile.values.mean() == pytest.approx(exact[away].mean(), rel=0.1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rows": (5, 5)}, "the end of rows must be a whole number, from 6 to 399"),
        ({"columns": (0, 400)}, "the end of columns"),
        ({"rows": 3}, "rows must be two whole numbers"),
        ({"size": 0}, "size must be a whole number, 1 or more"),
        ({"per_pixel": 1.5}, "per_pixel"),
        ({"norm": "city"}, "norm must be"),
    ],
)
def test_what_cannot_be_is_refused(x, options, words) -> None:
    with pytest.raises(InputError, match=words):
        recurrence_tile(x, **EMBEDDING, **options)
