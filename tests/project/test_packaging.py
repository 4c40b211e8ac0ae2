"""The two lists of packages agree, and the map of the house is true."""

import re
import tomllib
from pathlib import Path

REPO = Path(__file__).parents[2]

#: Names that differ between PyPI and conda-forge.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "playwright": "playwright-python"}


def pyproject() -> dict:
    return tomllib.loads((REPO / "pyproject.toml").read_text())["project"]


def split(requirement: str) -> tuple[str, str]:
    name, bounds = re.fullmatch(r"([A-Za-z0-9_.-]+)\s*(.*)", requirement.strip()).groups()  # type: ignore[union-attr]
    return name.lower(), bounds.replace(" ", "")


def declared() -> dict[str, str]:
    project = pyproject()
    wanted = {"python": project["requires-python"]}
    for group in [project["dependencies"], *project["optional-dependencies"].values()]:
        for requirement in group:
            if requirement.startswith("midstream-lab["):
                continue
            name, bounds = split(requirement)
            name = CONDA_NAMES.get(name, name)
            assert wanted.setdefault(name, bounds) == bounds, f"{name} has two different bounds in pyproject.toml"
    return wanted


def test_environment_yml_agrees_with_pyproject() -> None:
    listed = {}
    for line in (REPO / "environment.yml").read_text().splitlines():
        if line.startswith("  - ") and not line.startswith(("  - conda-forge", "  - pip")):
            name, bounds = split(line[4:])
            listed[name] = bounds
    assert listed == declared()


def test_every_extra_says_why_it_is_there() -> None:
    lines = (REPO / "pyproject.toml").read_text().splitlines()
    for extra in pyproject()["optional-dependencies"]:
        if extra == "all":
            continue
        at = next(i for i, line in enumerate(lines) if line.startswith(f"{extra} = "))
        assert any(line.startswith(f"# {extra}: ") for line in lines[max(0, at - 3) : at]), extra


def test_private_names_of_aioquic_stay_behind_the_pin() -> None:
    stream = dict(split(r) for r in pyproject()["optional-dependencies"]["stream"])
    assert stream["aioquic"] == ">=1.7,<1.8"


def test_the_map_in_the_readme_names_every_folder() -> None:
    readme = (REPO / "README.md").read_text()
    rooms = [p.parent.name for p in (REPO / "midstream_lab").glob("*/__init__.py") if not p.parent.name.startswith("_")]
    for folder in [*rooms, "widgets", "datasets", "notebooks", "tests", "benches"]:
        assert f"{folder}/" in readme, f"README.md does not name {folder}/"
