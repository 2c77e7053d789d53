"""The command `resume`: runs that are killed, interrupted, complete."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from commissure.cli import app
from commissure.hal.journal import read_calls, read_records
from commissure.hal.kept import KeptRecord
from commissure.scenarios import scenario
from tests.support.pieces import CALLS_A_PIECE, FLEET, Pieces

ROOT = Path(__file__).parents[1]
PIECES = 24
RUN = ["run", "pieces", "--fleet", "fleet.toml", "--seed", "5", "--set", f"pieces={PIECES}", "--set", "at_once=3"]
LIVE = [*RUN, "--world", "live", "--set", "pause_s=0.01"]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    known = scenario.scenarios()
    monkeypatch.setattr(scenario, "scenarios", lambda: {**known, "pieces": Pieces()})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fleet.toml").write_text(FLEET)
    return tmp_path


def resumed(folder: Path, *arguments: str) -> Any:
    return CliRunner().invoke(app, ["resume", str(folder), *arguments])


def started(place: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), "COMMISSURE_DEBUG": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.pieces", *arguments],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def stopped_at(place: Path, calls: int, number: int, *arguments: str) -> tuple[int, str, Path]:
    """Send a signal once so many calls are in the journal, if the run has not ended by then."""
    with started(place, *arguments) as process:
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            found = list(place.glob("runs/*/calls.jsonl"))
            if found and found[0].read_bytes().count(b"\n") >= calls:
                process.send_signal(number)
                break
            time.sleep(0.002)
        _, told = process.communicate(timeout=60)
    return process.returncode, told, next(place.glob("runs/*"))


def measures(leg: dict[str, Any]) -> dict[str, Any]:
    return {key: leg[key] for key in ("values", "made", "said", "policy", "world", "seed", "settings")}


def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(place: Path) -> None:
    points = sorted(random.Random(3).sample(range(1, PIECES * CALLS_A_PIECE), 3))
    codes, folder = [], Path()
    for point in points:
        arguments = LIVE if point == points[0] else ["resume", str(folder)]
        code, _, folder = stopped_at(place, point, signal.SIGKILL, *arguments)
        codes.append(code)
        read_records(folder / "kept.jsonl", KeptRecord)
        read_calls(folder / "calls.jsonl")
    assert codes[0] == -signal.SIGKILL
    done = resumed(folder, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    (leg,) = json.loads(done.stdout)["legs"]
    whole = CliRunner().invoke(app, [*LIVE, "--out", "whole", "--json"])
    assert measures(leg) == measures(json.loads(whole.stdout))
    calls = read_calls(folder / "calls.jsonl")
    assert leg["calls"] == len(calls) == PIECES * CALLS_A_PIECE + leg["repeated_calls"]
    assert leg["repeated_calls"] == sum(call.repeated for call in calls)
    assert [call.number for call in calls] == list(range(len(calls)))
    assert leg["cost_usd"] == pytest.approx(sum(call.cost_usd for call in calls))
    assert leg["time_s"] >= max(call.start_s + call.total_s for call in calls)
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "calls.jsonl", "kept.jsonl", "summary.json", "trace.json", "report.html",
    }  # fmt: skip
    assert len(read_records(folder / "kept.jsonl", KeptRecord)) == PIECES
    assert len(json.loads((folder / "manifest.json").read_text())["resumed"]) == codes.count(-signal.SIGKILL)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_interrupted_says_how_it_goes_on(place: Path, number: int, code: int) -> None:
    returned, told, folder = stopped_at(place, 20, number, *LIVE)
    assert returned == code
    assert "Traceback" not in told
    assert f"commissure resume {folder.relative_to(place)}\n" in told
    done = resumed(folder)
    assert done.exit_code == 0
    assert "report:" in done.stdout


def test_a_complete_run_is_left_alone(place: Path) -> None:
    made = json.loads(CliRunner().invoke(app, [*RUN, "--json"]).stdout)
    folder = Path(made["run_dir"])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    told = json.loads(resumed(folder, "--json").stdout)
    assert (told["resumed"], told["legs"][0]["values"]) == (False, made["values"])
    shown = resumed(folder)
    assert shown.exit_code == 0
    assert "this run is complete" in shown.stdout
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
