"""The words on a picture: axes with units, the delay, colours."""

from fractions import Fraction

import pytest

from midstream_lab.errors import InputError
from midstream_lab.feed import Channel, Schema
from midstream_lab.timebase import TimeBase
from midstream_widgets.look import Settings, Subject

ECG = Schema(
    channels=(Channel(name="MLII", unit="mV"), Channel(name="V1", unit="mV"), Channel(name="beat", kind="text")),
    time=TimeBase(tick=Fraction(1, 360), unit="s"),
)
SETTINGS = Settings(delay=18, dim=3, trail=4096, color="time")


def test_an_embedding_has_its_lags_on_the_axes():
    subject = Subject(ECG, None, None)
    assert subject.embedded
    assert subject.labels(3) == ["MLII(t) (mV)", "MLII(t + τ) (mV)", "MLII(t + 2τ) (mV)"]
    assert subject.lag(18) == "τ = 18 samples = 0.05 s"


def test_channels_have_their_names_and_units():
    subject = Subject(ECG, None, ["V1", "MLII"])
    assert not subject.embedded
    assert subject.columns == [1, 0]
    assert subject.labels(2) == ["V1 (mV)", "MLII (mV)"]


def test_axes_of_different_units_do_not_share_a_scale():
    mixed = Schema(channels=(Channel(name="a", unit="mV"), Channel(name="b", unit="K")))
    assert Subject(ECG, None, ["V1", "MLII"]).look(SETTINGS, "line", [0, 0, 0])["equal"]
    assert not Subject(mixed, None, ["a", "b"]).look(SETTINGS, "line", [0, 0, 0])["equal"]


def test_speed_has_a_unit():
    by_speed = Settings(delay=18, dim=3, trail=4096, color="speed")
    assert Subject(ECG, None, None).look(by_speed, "line", [0, 0, 0])["legend"] == ["slow", "fast (mV/s)"]


def test_a_bare_index_has_a_delay_in_samples():
    assert Subject(Schema(channels=(Channel(name="x"),)), None, None).lag(3) == "τ = 3 samples"


def test_a_feed_of_texts_cannot_be_drawn():
    words = Schema(channels=(Channel(name="token", kind="text"),))
    with pytest.raises(InputError, match="no numeric channel; it has token"):
        Subject(words, None, None)
