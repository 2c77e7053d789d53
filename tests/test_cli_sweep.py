"""`commissure sweep` from outside: contracts, bad input, and Ctrl-C as a terminal sends it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from commissure.__main__ import run

SMALL = ["cache-loop", "--set", "agents=3", "--set", "output_tokens=1", "--policies", "lru,mru", "--jobs", "1"]
KEYS = {"run_dir", "scenario", "complete", "seeds", "swept", "measures", "front", "hypervolume", "rows"}
LEFT = {"manifest.json", "rows.jsonl", "summary.json", "report.html"}

Sweep = Callable[..., tuple[int, str, str]]


@pytest.fixture
def sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Sweep:
    """The command's exit status, output and errors."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.delenv("COMMISSURE_DEBUG", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["commissure", "sweep", *arguments])
        with pytest.raises(SystemExit) as stopped:
            run()
        shown = capsys.readouterr()
        return int(stopped.value.code or 0), shown.out, shown.err

    return call


def test_one_json_value_and_a_folder(sweep: Sweep, tmp_path: Path) -> None:
    status, out, errors = sweep(
        *SMALL, "--over", "slots=1,2", "--seeds", "2", "--measure", "min:misses,time_s", "--json"
    )
    assert (status, errors) == (0, "")
    found = json.loads(out)
    assert found.keys() == KEYS
    assert found["measures"] == [{"name": "misses", "maximise": False}, {"name": "time_s", "maximise": False}]
    rows = found["rows"]
    assert [(row["settings"]["slots"], row["policy"]) for row in rows] == [
        (1, "lru"),
        (1, "mru"),
        (2, "lru"),
        (2, "mru"),
    ]
    fewest = min(row["measures"]["misses"]["mean"] for row in rows)
    assert all(rows[number]["measures"]["misses"]["mean"] == fewest for number in found["front"])
    assert {path.name for path in (tmp_path / found["run_dir"]).iterdir()} == LEFT


def test_a_table_with_the_front_and_what_failed(sweep: Sweep) -> None:
    status, out, errors = sweep(*SMALL, "--over", "slots=0,2", "--measure", "min:misses", "--out", "here")
    assert (status, errors) == (1, "")
    lines = [line.split() for line in out.splitlines() if line]
    assert ["slots", "policy", "misses", "(min)", "failed"] in lines
    assert ["*", "2", "mru", "19"] in lines
    assert ["2", "lru", "36"] in lines
    assert "setting slots: Input should be greater than or equal to 1 (given: '0')" in out
    assert "hypervolume 1.000: the share of the box" in out
    assert "2 of 4 rows failed\nreport: here/cache-loop-sweep-" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["cache-lop"], "unknown scenario 'cache-lop'. Did you mean 'cache-loop'?"),
        (
            [*SMALL, "--over", "slotz=1"],
            "unknown setting of cache-loop 'slotz'. Did you mean 'slots'? Allowed: ",
        ),
        ([*SMALL, "--set", "slotz=1"], "unknown setting of cache-loop 'slotz'. Did you mean 'slots'?"),
        ([*SMALL, "--set", "slots"], "--set slots: give key=value"),
        ([*SMALL, "--over", "slots="], "--over slots=: give key=v1,v2,... with at least one value and none empty"),
        ([*SMALL, "--over", "slots=1,,2"], "--over slots=1,,2: give key=v1,v2,..."),
        ([*SMALL, "--over", "slots=1", "--over", "slots=2"], "slots is swept twice; give all its values at once"),
        ([*SMALL, "--over", "agents=1"], "setting agents is both swept and set"),
        ([*SMALL, "--over", "policy=lru"], "policies are swept by --policies a,b"),
        ([*SMALL, "--policies", "lruu"], "unknown policy 'lruu'. Did you mean 'lru'?"),
        ([*SMALL, "--over", "fleet=locl"], "unknown fleet 'locl'. Did you mean 'local'?"),
        ([*SMALL, "--over", "fleet=local", "--fleet", "local"], "the fleet is both swept and given"),
        ([*SMALL, "--seeds", "5001"], "too many combinations: 2 with 5,001 seeds each are 10,002 legs; a sweep has at"),
        ([*SMALL, "--measure", "best:misses"], "unknown direction of a measure 'best'. Allowed: max, min."),
        ([*SMALL, "--over", "slots=0,x"], "no combination can run; the first: setting slots: Input should be greater"),
        ([*SMALL, "--measure", "mises"], "unknown measure 'mises'. Did you mean 'misses'? Allowed: calls, cost_usd,"),
        (
            [*SMALL, "--measure", "misses_per_iteration"],
            "'misses_per_iteration' is not a number in the first leg.",
        ),
    ],
)
def test_bad_input_is_named(arguments: list[str], message: str, sweep: Sweep) -> None:
    status, out, errors = sweep(*arguments)
    assert (status, out) == (2, "")
    assert errors.startswith("error: ")
    assert message in errors


def test_ctrl_c_keeps_and_shows_the_rows_and_ends_every_process(tmp_path: Path) -> None:
    values = ",".join(map(str, range(1, 400)))
    command = [
        "sweep",
        "cache-loop",
        "--over",
        f"slots={values}",
        "--policies",
        "lru,mru",
        "--seeds",
        "2",
        "--set",
        "iterations=2",
    ]
    source = str(Path(__file__).parents[1] / "src")
    with subprocess.Popen(
        [sys.executable, "-m", "commissure", *command],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=os.environ | {"PYTHONPATH": source, "COMMISSURE_DEBUG": ""}, start_new_session=True,
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            found = list(tmp_path.glob("runs/*/rows.jsonl"))
            if found and found[0].read_bytes().count(b"\n") >= 2:
                # To all of its processes, as a terminal does.
                os.killpg(process.pid, signal.SIGINT)
                break
            time.sleep(0.01)
        out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    (folder,) = tmp_path.glob("runs/*")
    rows = (folder / "rows.jsonl").read_text().splitlines()
    assert 2 <= len(rows) < 798
    assert errors == f"interrupted\n{len(rows)} rows ended: {folder.relative_to(tmp_path)}\n"
    assert all(f" {json.loads(row)['settings']['slots']} " in out for row in rows)
    assert json.loads((folder / "summary.json").read_text())["complete"] is False
    while _is_alive(process.pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def _is_alive(group: int) -> bool:
    """Whether a process of the group runs; one that has ended may wait long for whoever adopted it to notice."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False
