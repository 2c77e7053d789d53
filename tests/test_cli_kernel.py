"""The command `kernel cost` from outside: its table, its JSON, its timeline, and one line for bad input."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SMALL = ("--vocab", "16384", "--hidden", "1024", "--batch", "1,8")


def cost(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commissure", "kernel", "cost", *arguments],
        capture_output=True, text=True, env=os.environ | {"COMMISSURE_DEBUG": ""}, timeout=120,
    )  # fmt: skip


def test_a_table_that_says_what_it_is() -> None:
    done = cost(*SMALL)
    assert done.returncode == 0, done.stderr
    assert "documented-cost estimate, nothing measured: inf2" in done.stdout
    assert all(design in done.stdout for design in ("fused", "streamed", "standalone"))
    assert "16.06 GB of weights over 1 x 410 GB/s" in done.stdout
    assert done.stderr == ""


def test_one_json_value_and_a_timeline(tmp_path: Path) -> None:
    path = tmp_path / "timeline.json"
    done = cost(*SMALL, "--tp", "2", "--json", "--trace-file", str(path))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [(row["design"], row["batch"]) for row in found["rows"]] == [
        (design, batch) for design in ("fused", "streamed", "standalone") for batch in (1, 8)
    ]
    for row in found["rows"]:
        assert set(row["added_busy_us"]) == {"tensor", "vector", "scalar", "gpsimd", "dma"}
        assert row["label"] == "documented-cost estimate"
        assert row["share"] == pytest.approx(row["added_us"] / found["decode_step"]["us"])
    assert found["target"]["vector_ghz"] == {
        "value": 1.12, "basis": "documented",
        "source": "SDK:nki/guides/architecture/trainium_inferentia2_arch.rst",
    }  # fmt: skip
    assert json.loads(path.read_text())["traceEvents"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "inf3"], "unknown target 'inf3'. Did you mean 'inf2'? Allowed: inf2, trn1, trn2, trn3."),
        (["--batch", "0"], "--batch 0: give whole numbers from 1 to 128, separated by commas"),
        (["--batch", "1,129"], "--batch 1,129: give whole numbers from 1 to 128"),
        (["--batch", "one"], "--batch one: give whole numbers"),
        (["--vocab", "500", "--design", "standalone"], "500 tokens a core were given; at least 1,024 are needed"),
        (["--hidden", "4000"], "it must be a multiple of 128"),
        (["--hidden", "1280000"], "a hidden size of 1,280,000 was given; at most 65,536 is taken"),
        (["--tp", "0"], "at least 1 core"),
        (["--design", "fast"], "unknown design 'fast'."),
        (["--model", "llama-3.1-8"], "unknown model 'llama-3.1-8'. Did you mean 'llama-3.1-8b'?"),
        (["--trace-file", "out.txt"], "--trace-file out.txt: give a file name ending in .json"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments: list[str], message: str) -> None:
    done = cost(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
