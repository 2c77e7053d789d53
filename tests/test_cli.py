"""The command line from outside: contracts, bad input, and no traceback."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from commissure.hal.journal import read_calls

KEYS = {
    "scenario", "world", "policy", "seed", "run_dir", "misses_per_iteration", "prompt_tokens_computed", "calls",
    "time_s", "cost_usd", "trace_hash",
}  # fmt: skip


def command(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commissure", *arguments],
        cwd=cwd, capture_output=True, text=True, env=os.environ | {"COMMISSURE_DEBUG": ""} | environment, timeout=120,
    )  # fmt: skip


def json_of(*arguments: str, cwd: Path) -> Any:
    done = command(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_run_prints_the_contract_and_leaves_a_run_folder(tmp_path: Path) -> None:
    arguments = ("run", "cache-loop", "--world", "sim", "--policy", "topology", "--seed", "1", "--set", "iterations=12")
    one, two = json_of(*arguments, cwd=tmp_path), json_of(*arguments, cwd=tmp_path)
    assert one.keys() >= KEYS
    assert one["misses_per_iteration"] == [6, 1, 1, 1, 1, 2, 1, 1, 1, 1, 2, 1]
    assert one["trace_hash"] == two["trace_hash"]
    assert one["run_dir"] != two["run_dir"]
    folder = tmp_path / one["run_dir"]
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "calls.jsonl", "summary.json", "trace.json", "report.html",
    }  # fmt: skip
    assert len(read_calls(folder / "calls.jsonl")) == one["calls"] == 72
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest.keys() >= {"versions", "seed", "fleet", "policies", "worlds", "profile_hashes", "settings"}


def test_compare_claims_report_scenarios_and_fleet(tmp_path: Path) -> None:
    compared = json_of("compare", "cache-loop", "--sim-only", "--set", "iterations=2", cwd=tmp_path)
    assert [leg["policy"] for leg in compared["legs"]] == ["lru", "mru", "random", "topology"] * 2
    shown = command("report", compared["run_dir"], cwd=tmp_path)
    assert shown.returncode == 0
    assert "topology" in shown.stdout
    only = json_of("compare", "cache-loop", "--sim-only", "--set", "workflow=branching", cwd=tmp_path)
    assert {leg["settings"]["workflow"] for leg in only["legs"]} == {"branching"}
    claims = json_of("claims", "cache-loop", cwd=tmp_path)
    assert {claim["scenario"] for claim in claims} == {"cache-loop"}
    assert {"id", "scenario", "claimed", "sim", "live", "verdict", "inputs"} <= claims[0].keys()
    assert {claim["verdict"] for claim in claims} <= {"reproduced", "not reproduced", "not testable"}
    assert [one["scenario"] for one in json_of("scenarios", cwd=tmp_path)] == [
        "branching-agents", "cache-loop", "concurrent-workflows", "podcast-interview", "activity-report", "oolong",
        "recursion-gain", "constrained-decoding", "tool-calls",
    ]  # fmt: skip
    assert json_of("fleet", "check", "local", cwd=tmp_path)["endpoints"][0]["chip"] == "cpu"
    for words in (["claims", "oolong"], ["scenarios"], ["fleet", "check", "local"], ["run", "cache-loop"]):
        assert command(*words, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "cache-lop"], "unknown scenario 'cache-lop'. Did you mean 'cache-loop'?"),
        (["claims", "oolng"], "unknown scenario 'oolng'. Did you mean 'oolong'?"),
        (["run", "cache-loop", "--policy", "topolgy"], "Did you mean 'topology'? Allowed: arc, belady,"),
        (["run", "cache-loop", "--set", "iteration=3"], "Did you mean 'iterations'?"),
        (["run", "cache-loop", "--set", "iterations"], "--set iterations: give key=value"),
        (["run", "cache-loop", "--set", "iterations=0"], "greater than or equal to 1"),
        (["run", "cache-loop", "--world", "real"], "unknown world 'real'"),
        (["run", "cache-loop", "--seed", "x"], "Invalid value"),
        (["run", "cache-loop", "--fleet", "none.toml"], "none.toml: no such file"),
        (["run", "cache-loop", "--fleet", "null"], "one llama_cpp endpoint"),
        (["run", "cache-loop", "--out", "file"], "cannot hold run folders"),
        (["fleet", "check", "bad.toml"], "bad.toml:5: endpoints.0.chip: "),
        (["report", "nowhere"], "nowhere: not the folder of a run"),
        (["calibrate", "locl"], "unknown endpoint 'locl'. Did you mean 'local'?"),
        (["calibrate", "local", "--out", "x.txt"], "ending in .toml"),
        (["nonsense"], "No such command"),
    ],
)
def test_bad_input(arguments: list[str], message: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "bad.toml").write_text('[[endpoints]]\nname="a"\nprovider="null"\nmodel="none"\nchip="cpux"\n')
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "runs").exists()


def test_a_missing_extra_names_the_command(tmp_path: Path) -> None:
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text("import sys\nsys.modules['xllamacpp'] = None\n")
    done = command("run", "cache-loop", "--world", "live", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 2
    assert "pip install 'commissure[local]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_killed_run_leaves_its_finished_calls(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "commissure", "run", "cache-loop", "--set", "iterations=100000"],
        cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    journal: list[Path] = []
    for _ in range(600):
        journal = list(tmp_path.glob("runs/*/calls.jsonl"))
        if journal and journal[0].stat().st_size > 20_000:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    calls = read_calls(journal[0])
    assert len(calls) > 20
    assert [call.number for call in calls] == list(range(len(calls)))
    assert (journal[0].parent / "manifest.json").exists()


def test_interrupted_runs_end_quietly(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "commissure", "run", "cache-loop", "--set", "iterations=100000"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    for _ in range(600):
        if any(path.stat().st_size for path in tmp_path.glob("runs/*/calls.jsonl")):
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in errors


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from commissure.cli import app;"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0;"
        "print(sorted({'numpy', 'scipy', 'networkx', 'matplotlib', 'simpy', 'httpx', 'pydantic', 'anyio'} & "
        "set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
