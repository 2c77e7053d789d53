"""The README's code runs as it stands."""

import re
from datetime import date
from pathlib import Path
from textwrap import dedent

import pytest

from commissure.hal.fleets.fleet import Fleet, fleet_names
from commissure.hal.profiles.profile import load_profile
from commissure.hal.profiles.profile_toml import profile_toml
from commissure.scenarios.fleet_check import check

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_code_runs(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {}
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 6
    for block in blocks:
        exec(compile(block, "README.md", "exec"), names)
    first, second, third, fourth = capsys.readouterr().out.splitlines()
    assert f"It prints `{first}`" in README
    assert f"It prints `{third}`" in README
    assert f"It prints `{fourth}`" in README
    assert second == str(["", "", "planner", "coder", "tester"] + ["planner", "coder", "tester"] * 2 + ["planner"])


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (Path(__file__).parents[1] / target).exists(), target


def test_its_fleet_files_are_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_BOX_KEY", "a-key-of-no-use")
    (tmp_path / "mine-profile.toml").write_text(profile_toml(load_profile("vllm-llama-3.1-8b-nvidia-h100")))
    code = re.findall(r"(?:^(?: {4}.*)?\n)+", README, re.MULTILINE)
    blocks = [block for block in code if block.lstrip().startswith("[[endpoints]]")]
    assert len(blocks) == 2
    for block in blocks:
        (tmp_path / "fleet.toml").write_text(dedent(block))
        (found,) = check(Fleet.load(tmp_path / "fleet.toml"), date(2026, 11, 22))
        assert found.can_simulate


def test_it_names_every_fleet() -> None:
    section = README.partition("## Fleets")[2].partition("[[endpoints]]")[0]
    assert {name for name in re.findall(r"`([\w-]+)`", section)} >= set(fleet_names())
