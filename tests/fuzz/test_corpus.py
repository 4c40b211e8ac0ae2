"""Every input that the fuzzers kept, and many that hypothesis makes, through every target."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from run import CORPUS, SHARES, seeds
from targets import TARGETS

FILES = sorted(CORPUS.glob("*/*"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_kept_input_is_read_or_refused(path: Path) -> None:
    TARGETS[path.parent.name](path.read_bytes())


def test_the_corpus_has_inputs_for_every_target_and_stays_small() -> None:
    assert set(TARGETS) == set(SHARES) == {path.parent.name for path in FILES}
    assert len(FILES) < 200
    assert sum(path.stat().st_size for path in FILES) < 200_000


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.data())
def test_changed_bytes_are_read_or_refused(target: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(seeds(target)))
    begin = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(begin, min(len(good), begin + 40)))
    TARGETS[target](good[:begin] + data.draw(st.binary(max_size=40)) + good[end:])


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=100, deadline=None, derandomize=True)
@given(data=st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(target: str, data: bytes) -> None:
    TARGETS[target](data)
