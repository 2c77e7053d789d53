import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.hal.files import write_whole
from commissure.hal.journal import Journal, read_calls
from tests.support.records import record

WRITER = """
import sys
from pathlib import Path
from commissure.hal.journal import Journal
from tests.support.records import record
with Journal(Path(sys.argv[1])) as journal:
    number = 0
    while True:
        journal.append(record(number))
        number += 1
"""


def test_round_trip(tmp_path: Path) -> None:
    with Journal(tmp_path / "calls.jsonl") as journal:
        for number in range(3):
            journal.append(record(number))
    assert read_calls(tmp_path / "calls.jsonl") == [record(number) for number in range(3)]


def test_a_killed_writer_leaves_every_finished_call(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], cwd=Path(__file__).parents[2])
    for _ in range(600):
        if path.exists() and path.stat().st_size > 50_000:
            break
        time.sleep(0.05)
    os.kill(writer.pid, signal.SIGKILL)
    writer.wait()
    calls = read_calls(path)
    assert len(calls) > 50
    assert [call.number for call in calls] == list(range(len(calls)))
    assert path.read_bytes().endswith(b"\n")


def test_a_line_cut_short_is_left_out_but_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    line = record(0).model_dump_json()
    path.write_text(f"{line}\n{line[:40]}")
    assert len(read_calls(path)) == 1
    path.write_text(f"{line}\nnot json\n{line}\n")
    with pytest.raises(UsageError, match=r"calls\.jsonl:2: "):
        read_calls(path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_calls(tmp_path / "absent")


def test_a_miss_is_less_than_half_the_prompt_cached() -> None:
    assert record(cached_tokens=49).miss
    assert not record(cached_tokens=50).miss


def test_a_file_is_whole_or_absent(tmp_path: Path) -> None:
    write_whole(tmp_path / "a", "old")
    with pytest.raises(UnicodeEncodeError):
        write_whole(tmp_path / "a", "new \ud800")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_full_disk_leaves_whole_lines_only(tmp_path: Path) -> None:
    program = """
import resource, signal, sys
from pathlib import Path
from commissure.hal.errors import CommissureError
from commissure.hal.journal import Journal
from tests.support.records import record
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
line = len(record(0).model_dump_json()) + 1
with Journal(Path(sys.argv[1])) as journal:
    journal.append(record(0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (line + line // 2, resource.RLIM_INFINITY))
    try:
        journal.append(record(1))
    except CommissureError as error:
        print(error)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    journal.append(record(2))
"""
    path = tmp_path / "calls.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "cannot be written" in done.stdout
    assert [call.number for call in read_calls(path)] == [0, 2]
