"""Edit distance and common subsequences against the obvious versions, known words and what must hold."""

import naive
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from midstream_lab.compare import edit_alignment, edit_distance, edit_similarity, lcs, lcs_length
from midstream_lab.errors import InputError
from midstream_lab.kernels.compare import edit as kernels

WORDS = st.text(alphabet="abc", max_size=20)
LONGER = st.lists(st.integers(0, 3), max_size=200)
WEIGHTS = [{"insert": 2}, {"delete": 0.5}, {"substitute": 3}, {"transpose": 1}, {"transpose": 0.5, "substitute": 1.5}]


def changed(a: np.ndarray, share: float, rng: np.random.Generator, symbols: int) -> np.ndarray:
    """A copy with this share of random substitutions, deletions and insertions."""
    b = a.tolist()
    for _ in range(int(share * len(a))):
        at = int(rng.integers(len(b)))
        kind = rng.integers(3)
        if kind == 0:
            b[at] = int(rng.integers(symbols))
        elif kind == 1 and len(b) > 1:
            del b[at]
        else:
            b.insert(at, int(rng.integers(symbols)))
    return np.array(b)


@pytest.mark.parametrize(
    ("a", "b", "distance", "common"),
    [
        ("kitten", "sitting", 3, "ittn"),
        ("Saturday", "Sunday", 3, "Suday"),
        ("intention", "execution", 5, "etion"),  # Jurafsky & Martin, Speech and Language Processing
        ("GATTACA", "GATTACA", 0, "GATTACA"),
        ("", "abc", 3, ""),
        ("", "", 0, ""),
        ("a", "b", 1, ""),
        ("naïve 🙂", "naive 🙃", 2, "nave "),
    ],
)
def test_known_words(a: str, b: str, distance: int, common: str) -> None:
    assert edit_distance(a, b) == distance
    assert edit_distance(list(a), list(b)) == distance
    assert lcs(a, b).length == len(common)
    assert naive.common_length(lcs(a, b).subsequence, common) == len(common) or len(set(a)) < len(a)


@settings(max_examples=150, deadline=None)
@given(a=LONGER, b=LONGER)
def test_levenshtein_equals_the_obvious_version(a: list[int], b: list[int]) -> None:
    assert edit_distance(a, b) == naive.edit_cost(a, b)
    assert edit_alignment(a, b).distance == edit_distance(a, b)


@pytest.mark.parametrize("weights", WEIGHTS, ids=str)
@settings(max_examples=60, deadline=None)
@given(a=WORDS, b=WORDS)
def test_weights_equal_the_obvious_version(weights: dict, a: str, b: str) -> None:
    assert edit_distance(a, b, **weights) == pytest.approx(naive.edit_cost(a, b, **weights))
    assert edit_alignment(a, b, **weights).distance == pytest.approx(naive.edit_cost(a, b, **weights))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 255, 256, 257, 1000])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.5, 1.0])
def test_bands_and_words_at_their_limits(n: int, share: float) -> None:
    rng = np.random.default_rng([n, int(100 * share)])
    a = rng.integers(0, 20, n)
    b = changed(a, share, rng, 20)
    general = edit_distance(a, b, transpose=1e9)  # takes the general kernel, and never transposes
    assert edit_distance(a, b) == edit_distance(b, a) == general
    assert edit_distance(a, b) <= int(share * n)


@pytest.mark.parametrize("most", [0, 1, 2, 7, 64, 200, 1000])
def test_a_band_is_right_or_says_that_it_was_too_narrow(most: int) -> None:
    rng = np.random.default_rng(most)
    for n in (1, 64, 100, 300, 640):
        a = rng.integers(0, 4, n)
        for b in (changed(a, 0.05, rng, 4), changed(a, 0.6, rng, 4), a[n // 3 :], rng.integers(0, 4, n)):
            local = np.zeros(4, np.int64)
            masks, words = kernels.mark_positions(a, local)
            starts = (local[b] * words).astype(np.uint64)
            found = kernels.measure_within(masks, words, n, starts, most)
            want = naive.edit_cost(a.tolist(), b.tolist())
            assert found == want if want <= most else found > most


def test_strips_of_long_sequences_join(monkeypatch: pytest.MonkeyPatch) -> None:
    n = 64 * kernels.STRIP_WORDS + 100
    rng = np.random.default_rng(8)
    a, b = rng.integers(0, 5000, n), rng.integers(0, 5000, 300)
    b[::2] = np.sort(rng.choice(n, 150, replace=False)) * 0 + a[np.sort(rng.choice(n, 150, replace=False))]
    assert edit_distance(a, b) == edit_distance(b, a)  # 257 words against 5, in two strips and in one
    assert lcs(a, b).length == lcs(b, a).length == lcs(a[::-1], b[::-1]).length


@settings(max_examples=100, deadline=None)
@given(a=WORDS, b=WORDS, c=WORDS)
def test_levenshtein_is_a_metric(a: str, b: str, c: str) -> None:
    assert edit_distance(a, a) == 0
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))
    assert 0 <= edit_similarity(a, b) <= 1
    # without substitutions, what is not common is deleted or inserted
    assert edit_distance(a, b, substitute=2) == len(a) + len(b) - 2 * lcs(a, b).length


@settings(max_examples=100, deadline=None)
@given(a=WORDS, b=WORDS)
def test_the_edits_turn_one_into_the_other(a: str, b: str) -> None:
    for weights in ({}, {"transpose": 1}, {"insert": 2, "substitute": 1.5}):
        found = edit_alignment(a, b, **weights)
        made, used, summed = [], 0, 0.0
        for operation, (i, j) in zip(found.operations, found.places, strict=True):
            assert (i, j) == (used, len(made))
            summed += {"match": 0, "transpose": 1}.get(operation, weights.get(operation, 1))
            used += {"insert": 0, "transpose": 2}.get(operation, 1)
            made += {"insert": b[j : j + 1], "delete": "", "transpose": b[j : j + 2]}.get(operation, b[j : j + 1])
            if operation == "match":
                assert a[i] == b[j]
            if operation == "transpose":
                assert a[i : i + 2] == b[j : j + 2][::-1]
        assert "".join(made) == b
        assert used == len(a)
        assert summed == pytest.approx(found.distance)


@settings(max_examples=100, deadline=None)
@given(a=LONGER, b=LONGER)
def test_a_common_subsequence_is_one_and_none_is_longer(a: list[int], b: list[int]) -> None:
    found = lcs(a, b)
    assert found.length == naive.common_length(a, b) == len(found) == lcs_length(a, b)
    assert [a[i] for i in found.places[:, 0]] == [b[j] for j in found.places[:, 1]] == found.subsequence
    assert (np.diff(found.places, axis=0) > 0).all()


def test_long_ones_are_halved_and_stay_exact() -> None:
    rng = np.random.default_rng(9)
    a = rng.integers(0, 30, 5000)
    b = changed(a, 0.3, rng, 30)
    found = lcs(a, b)
    assert found.length == 5000 + len(b) - edit_distance(a, b, substitute=2) - found.length
    assert (a[found.places[:, 0]] == b[found.places[:, 1]]).all()
    assert (np.diff(found.places, axis=0) > 0).all()


def test_all_forms_of_the_same_symbols_agree() -> None:
    a, b = [3, 1, 4, 1, 5, 9], [3, 1, 1, 5, 2]
    want, common = edit_distance(a, b), lcs(a, b).length
    forms = [
        tuple,
        bytes,
        np.array,
        pd.Series,
        lambda x: xr.DataArray(x, dims="time"),
        lambda x: np.array(x, dtype=np.uint8),
        lambda x: np.array(x) * 10**12,
        lambda x: np.array(x) - 4,
        lambda x: np.array(x) + 10**15,
        lambda x: np.array([str(k) for k in x]),
        lambda x: [str(k) for k in x],
        lambda x: [(k, "x") for k in x],
        lambda x: "".join(chr(200 + k) for k in x),
    ]
    for form in forms:
        assert edit_distance(form(a), form(b)) == want
        assert lcs(form(a), form(b)).length == common
    assert edit_distance(np.array(a), b) == want
    assert type(lcs("abc", "ac").subsequence) is str
    assert lcs(b"abc", b"ac").subsequence == b"ac"
    assert isinstance(lcs(np.array(a), np.array(b)).subsequence, np.ndarray)


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("abc", ["a"], "one sequence is a text and the other a list"),
        (3, [3], "a must be a text, an array or a list"),
        ([1], 3, "b must be a text, an array or a list"),
        (np.array([0.5]), np.array([0.5]), "compare measurements with dtw"),
        (np.zeros((2, 2), int), [1], "a must have one dimension"),
        ([1, [2]], [1], r"a\[1\] is a list, which is not hashable"),
    ],
)
def test_bad_input_is_refused_in_words(a, b, message: str) -> None:
    for function in (edit_distance, edit_alignment, lcs, lcs_length):
        with pytest.raises(InputError, match=message):
            function(a, b)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "1", True])
def test_a_weight_is_a_number_from_0_on(weight) -> None:
    with pytest.raises(InputError, match="insert must be a weight"):
        edit_distance("a", "b", insert=weight)


def test_too_many_cells_are_refused_before_anything_is_allocated() -> None:
    a = np.zeros(100_000, int)
    with pytest.raises(InputError, match="edit_distance needs little memory"):
        edit_alignment(a, a)


def test_results_show_themselves() -> None:
    assert "substitute" in edit_alignment("kitten", "sitting")._repr_html_()
    table = edit_alignment("kitten", "sitting").to_xarray()
    assert table["operation"].values.tolist().count("match") == 4
    assert "&lt;" in lcs("<b>", "<b>")._repr_html_()
    assert lcs("", "").similarity == 1.0
