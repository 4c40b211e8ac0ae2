"""The verdict on systems and noises of known kind, its evidence, and that its bar has teeth."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from kinds import KNOWN, NOISES, autoregressive, draw, verdict_shortfalls

from midstream_lab.attractors import classify_attractor, systems
from midstream_lab.attractors.lines import find_lines
from midstream_lab.attractors.verdict import KINDS, LINES
from midstream_lab.errors import GapError, InputError

#: One of each kind, quick enough for every run of the tests.
QUICK = ("Lorenz", "Rossler .15, .2, 10", "Lorenz rho=20", "Lorenz rho=160", "logistic r=2.8", "logistic r=3.2",
         "logistic r=3.8", "Ikeda", "van der Pol mu=3", "forced van der Pol", "two sines")  # fmt: skip


def scaled(x: np.ndarray) -> np.ndarray:
    return (x - x.mean()) / x.std()


#: A fixed point with noise is noise.
RUNS = [(name, noise) for name in QUICK for noise in (0.0, 0.01) if not (noise and KNOWN[name].kind == "fixed point")]


@pytest.mark.parametrize(("name", "noise"), RUNS)
def test_a_known_system_is_told(name: str, noise: float) -> None:
    known = KNOWN[name]
    x, dt = draw(known, [31, 0], noise=noise)
    found = classify_attractor(x, dt=dt)
    assert found.kind == known.kind, found.reasons
    assert found.reasons == ""
    assert len(found.evidence) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_six_starts_of_every_system_clear_the_bar(noise: float) -> None:
    told = {
        name: [classify_attractor(x, dt=dt).kind for x, dt in (draw(known, [32, k], noise=noise) for k in range(6))]
        for name, known in KNOWN.items()
        if not (noise and known.kind == "fixed point")
    }
    assert verdict_shortfalls(told) == []
    for name in ("Lorenz96 N=40", "double pendulum"):  # too many dimensions, and no attractor
        assert "inconclusive" in told[name]
        assert "limit cycle" not in told[name]


@pytest.mark.slow
@pytest.mark.parametrize("name", list(NOISES))
def test_no_noise_is_strange(name: str) -> None:
    for seed in range(4):
        assert classify_attractor(NOISES[name](5000, np.random.default_rng([33, seed])), dt=1).kind in (
            "stochastic",
            "inconclusive",
        )


@pytest.mark.parametrize("name", ["white", "AR(1) 0.98", "AR(2), narrow", "shot"])
def test_a_few_noises_are_not_strange(name: str) -> None:
    found = classify_attractor(NOISES[name](5000, np.random.default_rng(34)), dt=1)
    assert found.kind in ("stochastic", "inconclusive")


def test_the_bar_has_teeth() -> None:
    right = {name: [known.kind] * 20 for name, known in KNOWN.items()}
    assert verdict_shortfalls(right) == []
    shy = verdict_shortfalls({name: ["inconclusive"] * 20 for name in KNOWN})
    assert any("all: answered 0.00" in line for line in shy)
    bold = verdict_shortfalls({name: ["strange"] * 20 for name in KNOWN})
    assert any("torus" not in line and "confidently wrong 1.00" in line for line in bold)
    tori = {name: (["inconclusive"] if known.kind == "torus" else [known.kind]) * 20 for name, known in KNOWN.items()}
    assert verdict_shortfalls(tori) == ["torus: answered 0.00"]


def test_lines_are_found_exactly() -> None:
    t = np.arange(5000)
    for frequency in (0.01234, 0.25, 1 / 3, 0.0271828):
        wave = np.exp(2 * np.cos(2 * np.pi * frequency * t + 0.3))
        found = find_lines(scaled(wave), enough=LINES)
        assert found.fundamentals == pytest.approx((frequency,), abs=1e-7)
        assert found.residual < LINES
    two = find_lines(scaled(np.sin(0.1 * t) + 0.5 * np.sin(0.1 * np.sqrt(2) * t)), enough=LINES)
    np.testing.assert_allclose(two.fundamentals, np.array([0.1, 0.1 * np.sqrt(2)]) / (2 * np.pi), atol=1e-8)
    assert two.residual < 1e-4  # the phase error of a frequency known to 1e-9 cycles per sample, at the ends
    assert find_lines(scaled(np.random.default_rng(0).standard_normal(5000)), enough=LINES).residual > 0.9


def test_three_frequencies_are_not_called_a_torus() -> None:
    t = np.arange(5000) * 0.1
    x = np.sin(t) + 0.8 * np.sin(np.sqrt(2) * t) + 0.7 * np.sin(np.sqrt(7) * t)
    found = classify_attractor(x, dt=0.1)
    assert found.kind == "inconclusive"
    assert "more than two" in found.reasons


def test_the_period_of_a_cycle_is_in_units_of_time() -> None:
    x = np.sin(2 * np.pi * np.arange(3000) / 37.5)
    assert classify_attractor(x, dt=0.5).period == pytest.approx(37.5 * 0.5, rel=1e-6)
    assert classify_attractor(systems.Logistic(r=3.5).trajectory(2000)).period == pytest.approx(4, rel=1e-6)


@pytest.mark.parametrize("change", [lambda x: -x, lambda x: 1e-9 * x, lambda x: 1e6 + 100 * x, lambda x: x[::-1]])
def test_a_torus_and_a_cycle_stay_what_they_are(change) -> None:
    for name in ("two sines", "van der Pol mu=3"):
        x, dt = draw(KNOWN[name], [35, 1])
        assert classify_attractor(change(x), dt=dt).kind == KNOWN[name].kind


@pytest.mark.parametrize(
    "change", [lambda x: -x, lambda x: 1e-9 * x, lambda x: 1e3 + x, lambda x: x.astype("f4"), list]
)
def test_chaos_stays_chaos(change) -> None:
    x, _ = draw(KNOWN["Henon"], [36, 1])
    assert classify_attractor(change(x[:3000]), dt=1).kind == "strange"


def test_what_is_at_rest_or_comes_to_rest_is_a_fixed_point() -> None:
    t = np.arange(2000.0)
    assert classify_attractor(np.full(600, 3.7), dt=1).kind == "fixed point"
    assert classify_attractor(np.zeros(10), dt=1).kind == "fixed point"
    assert classify_attractor(5 + np.exp(-t / 100) * np.sin(t / 7), dt=1).kind == "fixed point"
    # small beside its mean, but not dying out
    assert classify_attractor(1e6 + 1e-3 * np.sin(2 * np.pi * t / 41), dt=1).kind == "limit cycle"


def test_inconclusive_says_why() -> None:
    rng = np.random.default_rng(37)
    short = classify_attractor(rng.standard_normal(100), dt=1)
    assert (short.kind, short.reasons) == ("inconclusive", "100 samples; at least 500 are needed")
    coarse = classify_attractor(rng.integers(0, 5, 3000), dt=1)
    assert "different values" in coarse.reasons
    drifting = classify_attractor(np.cumsum(rng.standard_normal(3000)), dt=1)
    assert drifting.kind == "inconclusive"
    few = classify_attractor(np.sin(2 * np.pi * np.arange(2000) / 400) + 2, dt=1)
    assert "5.0 repetitions" in few.reasons
    assert classify_attractor(np.exp(0.5 * autoregressive([0.8], 5000, rng)), dt=1).kind != "strange"


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(InputError, match="give dt="):
        classify_attractor(np.zeros(1000))
    with pytest.raises(GapError, match="missing"):
        classify_attractor(np.where(np.arange(1000) == 7, np.nan, 1.0), dt=1)
    with pytest.raises(InputError):
        classify_attractor([], dt=1)


def test_what_people_give() -> None:
    x = systems.Logistic(r=3.5).trajectory(1000).sel(channel="x")
    want = classify_attractor(x)
    for form in (x.values.tolist(), pd.Series(x.values), np.repeat(x.values, 2)[::2], x.values.astype("f4")):
        assert classify_attractor(form, dt=1).kind == want.kind == "limit cycle"


def test_a_verdict_shows_itself_and_becomes_a_dataset() -> None:
    found = classify_attractor(systems.Henon().trajectory(2000), channel="x")
    assert found.kind in KINDS
    assert found.interval[0] < 0.41922 < found.interval[1]
    table = found._repr_html_()
    assert table == classify_attractor(systems.Henon().trajectory(2000), channel="x")._repr_html_()
    assert "exponent" in table
    data = found.to_xarray()
    assert isinstance(data, xr.Dataset)
    assert data["kind"].item() == "strange"
    assert data["status"].item() == "ok"
    assert data["interval"].dims == ("end",)
