"""What a test of feeds leaves running is closed, so that later tests find nothing."""

from collections.abc import Iterator

import pytest

from midstream_lab import registry


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    registry.close_all()
