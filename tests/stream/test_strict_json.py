"""JSON of others: what is not JSON, comes twice or is no number is refused."""

import json

import pytest

from midstream_lab.stream import strict_json


@pytest.mark.parametrize("text", ["null", "[]", '{"a": {"b": 1}, "c": {"b": 2}}', "-1.5e300", '"\\u00e9"'])
def test_json_is_read(text: str) -> None:
    assert strict_json.loads(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 1}', "twice"),
        ('[{"b": {"a": 1, "a": 2}}]', "twice"),
        ("NaN", "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ("[1e999]", "beyond"),
        ("", "Expecting value"),
        ("{'a': 1}", "Expecting property name"),
    ],
)
def test_what_is_not_json_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        strict_json.loads(text)
