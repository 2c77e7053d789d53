"""How commands end: signals, output that cannot be written, files that could not be."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-m", "commissure"]
FULL = Path("/dev/full")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("rest", [["check", "pipe", "x.json"], ["compile", "pipe", "--vocab", "x"]])
def test_signals_tell_themselves_apart(tmp_path: Path, number: int, code: int, rest: list[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = subprocess.Popen([*COMMAND, "grammar", *rest], cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    # It opens once the command reads.
    with (tmp_path / "pipe").open("wb"):
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors


@pytest.mark.skipif(not FULL.exists(), reason="/dev/full is absent")
@pytest.mark.parametrize("extra", [[], ["--json"]])
def test_output_that_cannot_be_written_is_an_error_of_its_own(tmp_path: Path, extra: list[str]) -> None:
    (tmp_path / "schema.json").write_text("{}")
    with FULL.open("w") as full:
        done = subprocess.run(
            [*COMMAND, "grammar", "check", "schema.json", "schema.json", *extra],
            cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "error: the output cannot be written: No space left on device\n")


@pytest.mark.parametrize(
    ("vocab", "out", "told"),
    [("", "t.npz", "unknown vocabulary ''"), ("none", "/proc/t.npz", "--out"), ("none", "t" * 252 + ".npz", "--out")],
)
def test_what_cannot_be_is_told_before_the_compile(tmp_path: Path, vocab: str, out: str, told: str) -> None:
    (tmp_path / "schema.json").write_text("{}")
    done = subprocess.run(
        [*COMMAND, "grammar", "compile", "schema.json", "--vocab", vocab, "--out", out],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {told}")
    assert [path.name for path in tmp_path.iterdir()] == ["schema.json"]
