"""Every shipped dataset loads with its units, its provenance and its own kind of time, or says why not."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import midstream_datasets
from midstream_lab import datasets
from midstream_lab.errors import GapError, InputError, LabError
from midstream_lab.read import read
from midstream_lab.sequence import regularity, series, ticks, timebase

ROOT = Path(midstream_datasets.__file__).parent
PARTS = [(entry.name, part) for entry in datasets.catalogue() for part in entry.parts]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_each_part_loads_with_its_provenance(name: str, part: str) -> None:
    data = datasets.load(name, part=part)
    assert data.sizes
    for key in ("title", "source", "citation", "licence", "dataset"):
        assert isinstance(data.attrs[key], str)
        assert data.attrs[key]


@pytest.mark.parametrize(("name", "part"), PARTS)
def test_metadata_says_what_kind_of_time_a_part_has(name: str, part: str) -> None:
    stated = json.loads((ROOT / name / "metadata.json").read_text())["parts"][part]["regularity"]
    data = datasets.load(name, part=part)
    assert stated == (regularity(data) if "time" in data.coords else None)


@pytest.mark.parametrize(
    ("name", "rows", "unit", "tick", "tick_unit"),
    [
        ("ecg_mitbih_208", 108000, "mV", "1/360", "s"),
        ("elnino_sst", 732, "degC", "1", "month"),
        ("sunspots/monthly", 3120, "sunspots", "1", "month"),
        ("sunspots/yearly", 309, "sunspots", "1", "year"),
        ("water_flow", 1268, "l/s", "3600", "s"),
        ("co2_mauna_loa", 741, "ppm", "1", "month"),
        ("changepoints/nile", 100, "1e8 m3", "1", "year"),
    ],
)
def test_rows_units_and_exact_ticks(name: str, rows: int, unit: str, tick: str, tick_unit: str) -> None:
    data = datasets.load(name)
    assert data.sizes["time"] == rows
    assert data.attrs["units"] == unit
    assert (data["time"].attrs["tick"], data["time"].attrs["tick_unit"]) == (tick, tick_unit)


def test_the_ecg_is_in_millivolts_around_zero() -> None:
    ecg = datasets.load("ecg_mitbih_208")
    raw = np.load(ROOT / "ecg_mitbih_208" / "ecg_208_360hz.npz")["adc"]
    np.testing.assert_array_equal(ecg.values, (raw.astype(float) - 1024) / 200)
    assert timebase(ecg).dt == timebase(ecg).tick


def test_el_nino_is_usable_as_it_is() -> None:
    values, dt, unit = series(datasets.load("elnino_sst"))
    assert (len(values), dt, unit) == (732, 1.0, "month")


@pytest.mark.parametrize("name", ["co2_mauna_loa", "water_flow"])
def test_series_with_missing_rows_are_usable_after_resampling(name: str) -> None:
    from midstream_lab.resample import resample

    data = datasets.load(name)
    if "channel" in data.dims:
        data = data.isel(channel=0)
    if regularity(data) == "gapped":
        with pytest.raises(GapError, match="resample"):
            series(data)
    values, _, _ = series(resample(data))
    assert len(values) >= data.sizes["time"]


def test_the_water_flow_crosses_the_change_to_summer_time_without_a_jump() -> None:
    times = datasets.load("water_flow")["time"].values
    assert times[0] == np.datetime64("2022-03-20T10:00", "ns")
    assert (np.diff(times) >= np.timedelta64(1, "h")).all()


def test_tokens_keep_their_text_and_arrival() -> None:
    story = datasets.load("llm_stream_smollm2/story_t0")
    assert str(story["token"].values[0]) == "The"
    assert float(story["time"].values[0]) == pytest.approx(0.7783)
    assert story["time"].attrs["regularity"] == "irregular"


def test_japanese_vowels_frames_belong_to_utterances() -> None:
    train = datasets.load("japanese_vowels", part="train")
    assert train.sizes == {"frame": 4274, "coefficient": 12, "utterance": 270}
    assert int(train["length"].sum()) == 4274
    assert np.array_equal(np.bincount(train["utterance_of_frame"].values), train["length"].values)


def test_task_sets_carry_their_expected_results() -> None:
    tasks = datasets.load("tasksets/burns_wellings_B")
    assert sorted(tasks["C"].values) == [4, 5, 32]
    assert json.loads(tasks.attrs["expected"])["dm_response_times"] == {"c": 4, "b": 9, "a": 58}


def test_an_annotator_who_saw_no_change_point_is_counted() -> None:
    """Scores against human marks take everybody's answer, also "none" (van den Burg & Williams 2020)."""
    answers = datasets.load("changepoints/annotations")
    assert answers.sizes == {"mark": 87, "opinion": 20}
    silent = answers.where(answers["marks"] == 0, drop=True)
    who = zip(silent["opinion_series"].values, silent["opinion_annotator"].values, strict=True)
    assert set(who) == {("run_log", "12"), ("jfk_passengers", "7"), ("uk_coal_employ", "8")}
    assert int(answers["marks"].sum()) == answers.sizes["mark"]


def test_what_limits_the_data_is_said_with_them() -> None:
    assert "not" in datasets.load("changepoints/annotations").attrs["measured"].split("nile")[0]
    assert "UTF-8" in datasets.load("llm_stream_smollm2/story_t0").attrs["notes"]
    assert "secondary" in datasets.load("tasksets/gap_avionics").attrs["notes"]
    assert "factors multiply" in datasets.load("tasksets/automotive_waters2015").attrs["note"]


def test_every_sequence_can_be_saved_and_read_back(tmp_path: Path) -> None:
    """Three centuries of years overflow the counting that xarray would choose."""
    for name in ("sunspots/yearly", "ecg_mitbih_208", "co2_mauna_loa", "water_flow"):
        data = datasets.load(name)
        data.to_netcdf(tmp_path / "x.nc", engine="h5netcdf")
        found = read(tmp_path / "x.nc")
        assert timebase(found) == timebase(data)
        np.testing.assert_array_equal(ticks(found), ticks(data))
        np.testing.assert_array_equal(found.values, data.values)


def test_a_damaged_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT, tmp_path / "data")
    victim = tmp_path / "data" / "elnino_sst" / "elnino_sst.csv"
    victim.write_bytes(victim.read_bytes().replace(b"23.11", b"23.12", 1))
    monkeypatch.setattr(datasets, "_root", lambda: tmp_path / "data")
    with pytest.raises(LabError, match="checksum"):
        datasets.load("elnino_sst")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sunspot", "did you mean 'sunspots'"),
        ("sunspots/dayly", "monthly, yearly"),
        ("ECG", "did you mean 'ecg_mitbih_208'"),
        ("nino", "did you mean 'elnino_sst'"),
        ("Sunspots", "did you mean 'sunspots'"),
        (3, "it is not 3"),
        (None, "it is not None"),
        ("", "there are"),
        ("../x", "there are"),
    ],
)
def test_an_unknown_name_lists_what_there_is(name: Any, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        datasets.load(name)


def test_a_part_is_a_name() -> None:
    with pytest.raises(InputError, match="part is a name, not 5; sunspots has"):
        datasets.load("sunspots", part=5)  # type: ignore[arg-type]


def test_the_catalogue_shows_every_dataset() -> None:
    catalogue = datasets.catalogue()
    assert [entry.name for entry in catalogue] == datasets.names()
    for name in datasets.names():
        assert name in repr(catalogue)
        assert f"<td style='text-align:left'>{name}</td>" in catalogue._repr_html_()
    assert "parts: monthly, yearly" in repr(catalogue)
    for part in ("explain_t0.8_s14", "burns_wellings_D", "jfk_passengers"):
        assert part in repr(catalogue)
        assert part in catalogue._repr_html_()


def test_metadata_speaks_of_the_data_alone() -> None:
    words = re.compile(
        r"this machine|generated here|from memory|reachable|checked|script:|licence_evidence|best_use|/work|/tmp|"
        r"\bpypi\b|\bnpm\b|files\.pythonhosted|registry",
        re.I,
    )
    for path in (*ROOT.glob("*/*.json"), ROOT.parent / "SOURCES.md"):
        assert not words.search(path.read_text(encoding="utf-8")), path


def test_sources_lists_every_dataset_with_its_licence() -> None:
    text = (ROOT.parent / "SOURCES.md").read_text() if (ROOT.parent / "SOURCES.md").exists() else ""
    for name in datasets.names():
        assert f"## {name}\n" in text
    assert text.count("- Licence: ") == len(datasets.names())
