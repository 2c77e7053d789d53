"""The command `resume`: runs that are killed, interrupted, edited, still running."""

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

from commissure.hal.journal import read_calls, read_records
from commissure.hal.kept import KeptRecord
from commissure.scenarios.runfolder import RunFolder, read_summary
from tests.support.pieces import CALLS_A_PIECE, FLEET

ROOT = Path(__file__).parents[1]
PIECES = 24
RUN = ["run", "pieces", "--fleet", "fleet.toml", "--seed", "5", "--set", f"pieces={PIECES}", "--set", "at_once=3"]
LIVE = [*RUN, "--world", "live", "--set", "pause_s=0.01"]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "fleet.toml").write_text(FLEET)
    return tmp_path


def started(place: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]), "COMMISSURE_DEBUG": ""}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.pieces", *arguments],
        cwd=place, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def ended(place: Path, *arguments: str) -> tuple[int, str, str]:
    with started(place, *arguments) as process:
        said, told = process.communicate(timeout=60)
    return process.returncode, said, told


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


@pytest.mark.parametrize("seed", range(2))
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(place: Path, seed: int) -> None:
    dice = random.Random(seed)
    whole = place / "whole"
    whole.mkdir()
    (whole / "fleet.toml").write_text(FLEET)
    code, said, told = ended(whole, *LIVE, "--json")
    assert code == 0, told
    points = sorted(dice.sample(range(1, PIECES * CALLS_A_PIECE), 3))
    code, _, folder = stopped_at(place, points[0], signal.SIGKILL, *LIVE)
    codes = [code]
    for point in points[1:]:
        codes.append(stopped_at(place, point, signal.SIGKILL, "resume", str(folder))[0])
        read_records(folder / "kept.jsonl", KeptRecord)
        read_calls(folder / "calls.jsonl")
    assert -signal.SIGKILL in codes
    code, resumed, told = ended(place, "resume", str(folder), "--json")
    assert (code, told) == (0, "")
    (leg,), expected = json.loads(resumed)["legs"], json.loads(said)
    assert measures(leg) == measures(expected)
    calls = read_calls(folder / "calls.jsonl")
    assert leg["calls"] == len(calls) == PIECES * CALLS_A_PIECE + leg["repeated_calls"]
    assert [call.number for call in calls] == list(range(len(calls)))
    assert leg["cost_usd"] == pytest.approx(sum(call.cost_usd for call in calls))
    assert leg["time_s"] >= max(call.start_s + call.total_s for call in calls)
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json", "calls.jsonl", "kept.jsonl", "summary.json", "trace.json", "report.html",
    }  # fmt: skip
    assert len(read_records(folder / "kept.jsonl", KeptRecord)) == PIECES


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_what_is_interrupted_says_how_it_goes_on(place: Path, number: int, code: int) -> None:
    returned, told, folder = stopped_at(place, 20, number, *LIVE)
    assert returned == code
    assert "Traceback" not in told
    assert f"commissure resume {folder.relative_to(place)}\n" in told
    code, said, told = ended(place, "resume", str(folder))
    assert code == 0, told
    assert "report:" in said
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    code, said, told = ended(place, "resume", str(folder), "--json")
    assert (code, told, json.loads(said)["resumed"]) == (0, "", False)
    code, said, _ = ended(place, "resume", str(folder))
    assert code == 0
    assert "this run is complete" in said
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_run_that_is_under_way_is_not_resumed(place: Path) -> None:
    with started(place, *LIVE, "--set", "pause_s=0.2") as process:
        while not list(place.glob("runs/*/kept.jsonl")) and process.poll() is None:
            time.sleep(0.01)
        folder = next(place.glob("runs/*"))
        code, said, told = ended(place, "resume", str(folder))
        process.kill()
    assert (code, said) == (2, "")
    assert "another process is running it" in told
    # A lock that outlived its process would refuse this.
    with RunFolder(folder).locked():
        assert not read_summary(folder).complete


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([*RUN[:2], "--world", "live", "--record", *RUN[2:]], "it was recorded (--record)"),
        (["run", "cache-loop", "--set", "iterations=50000"], "cache-loop does not keep its finished work"),
    ],
)
def test_what_cannot_go_on_says_why(place: Path, arguments: list[str], problem: str) -> None:
    extra = ["--set", "pause_s=0.02"] if "--record" in arguments else []
    _, _, folder = stopped_at(place, 3, signal.SIGKILL, *arguments, *extra)
    code, said, told = ended(place, "resume", str(folder))
    assert (code, said) == (2, "")
    assert problem in told
    assert "run it anew: commissure run" in told
