"""An alignment drawn: both sequences, the path on its costs, and what does not fit refused."""

import numpy as np
import pytest

from midstream_lab import plot
from midstream_lab.compare import dtw
from midstream_lab.errors import InputError

X, Y = np.sin(np.linspace(0, 6, 50)), np.sin(np.linspace(0, 6, 70) ** 1.1)


def test_the_path_lies_in_the_plane_of_both_and_the_costs_under_it() -> None:
    found = dtw(X, Y, window=30, cost_matrix=True)
    series, plane, bar = plot.alignment(X, Y, found, title="two sines").axes
    np.testing.assert_array_equal(np.stack(plane.lines[0].get_data()[::-1], axis=1), found.path)
    shown = plane.images[0].get_array()
    assert shown.shape == (50, 70)
    assert np.ma.getmaskarray(shown)[0, -1]  # outside the band
    assert (plane.get_xlabel(), plane.get_ylabel(), series.get_xlabel()) == ("sample of y", "sample of x", "sample")
    assert bar.get_ylabel() == "cost of the best path to here"


def test_lines_join_what_is_matched() -> None:
    found = dtw(X, Y)
    series = plot.alignment(X, Y, found).axes[0]
    joined = [tuple(int(v) for v in line.get_xdata()) for line in series.lines[:-2]]
    assert set(joined) <= {tuple(pair) for pair in found.path.tolist()}
    assert 20 < len(joined) <= 80
    lower = series.lines[-1].get_ydata()
    assert lower.max() < X.min()  # y stands below x


@pytest.mark.parametrize(("x", "words"), [(X[:9], "lengths"), (np.ones((50, 2)), "one channel")])
def test_what_was_not_aligned_is_refused(x: np.ndarray, words: str) -> None:
    with pytest.raises(InputError, match=words):
        plot.alignment(x, Y, dtw(X, Y))
