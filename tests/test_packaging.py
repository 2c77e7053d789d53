"""The layout: rooms and links, who imports whom, what the wheel holds, and the length of files."""

import ast
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "commissure"
ROOMS = ("hal", "sim", "policies", "kernels", "theory", "scenarios")
MAY_IMPORT = {
    "hal": set(),
    "sim": {"hal", "kernels"},
    "policies": {"hal", "theory"},
    "kernels": {"hal"},
    "theory": {"hal"},
    "scenarios": set(ROOMS),
}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_every_room_has_its_link_and_every_link_its_room() -> None:
    assert {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()} == set(ROOMS)
    links = {path.name: path.readlink() for path in ROOT.iterdir() if path.is_symlink()}
    assert links == {room: Path("src/commissure") / room for room in ROOMS}


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        others = {name.split(".")[1] for name in imported(path) if name.startswith("commissure.")} & set(ROOMS)
        assert others - {room} <= MAY_IMPORT[room], path


def test_nothing_imports_a_room_by_its_bare_name() -> None:
    for path in [*MODULES, *(ROOT / "tests").rglob("*.py")]:
        assert not {name.split(".")[0] for name in imported(path)} & set(ROOMS), path
    banned = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]
    assert set(ROOMS) <= set(banned["banned-api"])


def test_policies_and_scenarios_read_neither_clock_nor_dice() -> None:
    for room in ("policies", "scenarios", "theory"):
        for path in (PACKAGE / room).rglob("*.py"):
            assert not {name.split(".")[0] for name in imported(path)} & {"asyncio", "anyio", "time", "random"}, path


def test_the_wheel_holds_what_git_tracks(tmp_path: Path) -> None:
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    source = tmp_path / "source"  # a copy, so that nothing left by an earlier build gets in
    tracked = listing.stdout.splitlines()
    for name in tracked:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, source],
        check=True, capture_output=True, env=os.environ | {"COMMISSURE_PURE": "1"},
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("commissure/")}
    assert held == {name.removeprefix("src/") for name in tracked if name.startswith("src/commissure/")}


def test_constraints_hold_versions_only() -> None:
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        name, _, version = line.partition("==")
        assert name, line
        assert version[0].isdigit(), line
        assert "/" not in line, line


def test_files_stay_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > 300} == {}
    assert sorted(lengths.values())[len(lengths) // 2] <= 150
