"""The floors of the house: import downward only."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPO = Path(__file__).parents[1]
PACKAGE = REPO / "midstream_lab"

#: Rooms by floor and, after the point, by the order in which rooms of one floor may use each other: only lower numbers.
FLOORS = {
    "errors": 0.0,
    "kernels": 0.1,
    "priority": 0.1,
    "timebase": 0.1,
    "times": 0.2,
    "inputs": 0.3,
    "mapping": 1.0,
    "registry": 1.0,
    "warm": 1.0,
    "sequence": 1.1,
    "feed": 1.2,
    "resample": 1.2,
    "read": 1.3,
    "layouts": 1.35,
    "datasets": 1.4,
    "attractors": 2.0,
    "compare": 2.0,
    "logic": 2.0,
    "scheduling": 2.0,
    "loops": 3.0,
    "stream": 3.0,
    "plot": 3.0,
    "midstream_widgets": 5.0,
    "cli": 6.0,
}

#: Heavy third-party modules and the only rooms that may import them, even lazily.
HOMES = {
    "matplotlib": {"plot"},
    "plotly": {"midstream_widgets"},
    "ipywidgets": {"midstream_widgets"},
    "anywidget": {"midstream_widgets"},
    "aioquic": {"stream"},
    "asyncio": {"stream", "cli", "midstream_widgets"},
    "socket": {"stream", "cli"},
    "pickle": set(),
}

#: Third-party modules that floors 0 to 2 may import at the top of a file; others are imported when used.
LIGHT = {"numpy", "numba", "xarray", "pandas"}


def sources() -> list[tuple[str, Path]]:
    """Every source file with the room it stands in."""
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        inside = file.relative_to(PACKAGE)
        if len(inside.parts) == 1 and inside.stem in ("__init__", "__main__"):
            continue
        found.append((inside.parts[0].removesuffix(".py"), file))
    widgets = REPO / "widgets" / "midstream_widgets"
    return found + [("midstream_widgets", file) for file in sorted(widgets.rglob("*.py"))]


def imports(file: Path) -> Iterator[tuple[str, bool]]:
    """Absolute dotted names that `file` imports, and whether each stands at the top level."""
    root = REPO if file.is_relative_to(PACKAGE) else REPO / "widgets"
    package = file.relative_to(root).with_suffix("").parts[:-1]
    tree = ast.parse(file.read_text())
    top = set(map(id, tree.body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            for alias in node.names:
                yield ".".join([*base, alias.name]), id(node) in top


def room_of(name: str) -> str | None:
    parts = name.split(".")
    if parts[0] == "midstream_widgets":
        return "midstream_widgets"
    return parts[1] if parts[0] == "midstream_lab" and len(parts) > 1 else None


@pytest.mark.parametrize(("room", "file"), sources(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_imports_go_downward(room: str, file: Path) -> None:
    assert room in FLOORS, f"{room} has no floor: add it to FLOORS"
    for name, _ in imports(file):
        used = room_of(name)
        if used is None or used == room or used == "__version__":
            continue
        assert used in FLOORS, f"{file}: {name} is in no known room"
        assert FLOORS[used] < FLOORS[room], (
            f"{file}: {room} (floor {FLOORS[room]}) may not use {used} (floor {FLOORS[used]})"
        )


@pytest.mark.parametrize(("room", "file"), sources(), ids=lambda v: v if isinstance(v, str) else v.name)
def test_heavy_modules_stay_in_their_rooms(room: str, file: Path) -> None:
    for name, top in imports(file):
        module = name.split(".")[0]
        assert room in HOMES.get(module, {room}), f"{file}: {module} belongs in {HOMES[module]}"
        if top and FLOORS[room] <= 2 and module not in LIGHT:
            assert module in STDLIB or module == "midstream_lab", f"{file}: import {module} where it is used"


STDLIB = set(__import__("sys").stdlib_module_names) | {"__future__"}


def test_nothing_that_runs_foreign_code_is_used() -> None:
    for _, file in sources():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("eval", "exec"), f"{file}:{node.lineno}"
