"""The command `check` from outside: its output, its exit status, and one line for what cannot be loaded."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.policies.testing import check_evictor
from commissure.policies.testing.load import load_evictor

GOOD = """
from commissure.hal.eviction import Evictor

print("said while importing")

class Fewest(Evictor):
    lasting = True

    def priority(self, entry, now):
        return entry.uses, entry.last_used

class Ages(Fewest):
    def priority(self, entry, now):
        if now.step == 0:
            print("said while asked")
        return entry.uses / (now.step - entry.inserted + 1)

class Raises(Evictor):
    def priority(self, entry, now):
        return self.known[entry.key]

something = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_policy.py").write_text(GOOD)
    (tmp_path / "one.py").write_text("from my_policy import Fewest\nclass Own(Fewest): pass\n")
    (tmp_path / "wrong.py").write_text("x = 1\ny = nothing\n")
    (tmp_path / "syntax.py").write_text("def (:\n")
    (tmp_path / "needs.py").write_text("import not_installed_at_all\n")
    return tmp_path


def check(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "commissure", "check", *arguments],
        cwd=cwd, capture_output=True, text=True, env=os.environ | {"COMMISSURE_DEBUG": ""}, timeout=120,
    )  # fmt: skip


def test_one_that_holds(folder: Path) -> None:
    before = set(folder.iterdir())
    done = check("my_policy:Fewest", "--examples", "10", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(" holds     10 ") == 11
    assert "priority is pure" in done.stdout
    assert all(name in done.stdout for name in ("lru", "mru", "random", "nested loops", "95 % interval"))
    assert "said" not in done.stdout
    assert {path.name for path in set(folder.iterdir()) - before} <= {"__pycache__"}


def test_one_that_is_broken(folder: Path) -> None:
    done = check("./my_policy.py:Ages", "--examples", "30", cwd=folder)
    assert done.returncode == 1, done.stderr
    story = done.stdout[done.stdout.index("lasting is true: broken") :].splitlines()
    assert [line.strip() for line in story[1:7]] == [
        "workflow: a, b",
        "capacity: 2",
        "uses: a, b",
        "use 1: a misses",
        "use 2: b misses",
        "broken: lasting = True, but the key of a, not used since use 1, went from 1.0 to 0.5",
    ]


def test_one_that_raises(folder: Path) -> None:
    done = check("my_policy:Raises", "--examples", "10", cwd=folder)
    assert done.returncode == 1
    assert "raised AttributeError: 'Raises' object has no attribute 'known' (my_policy.py, line 20)" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_json(folder: Path) -> None:
    arguments = ("my_policy:Ages", "--examples", "10", "--seed", "4", "--json")
    done, again = (check(*arguments, cwd=folder) for _ in range(2))
    assert done.returncode == 1
    assert done.stdout == again.stdout
    told = json.loads(done.stdout)
    assert (told["policy"], told["ok"], told["seed"], told["offline"]) == ("Ages", False, 4, False)
    (broken,) = [one for one in told["invariants"] if one["verdict"] == "broken"]
    assert broken["counter_example"]["capacity"] == 2
    assert [use["key"] for use in broken["counter_example"]["uses"]] == ["a", "b"]
    assert {row["evictor"] for row in told["regret"]} == {"Ages", "lru", "mru", "random"}


@pytest.mark.parametrize("given", ["lru", "one.py", "one"])
def test_a_name_of_ours_and_the_only_one_of_a_module(given: str, folder: Path) -> None:
    assert check(given, "--examples", "2", "--json", cwd=folder).returncode == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("my_polcy:Fewest", "no module 'my_polcy', neither here nor installed. Did you mean 'my_policy'?"),
        ("my_polcy.py:Fewest", "no file 'my_polcy.py'. Did you mean 'my_policy.py'?"),
        ("lruu", "no module 'lruu', neither here nor installed. Did you mean 'lru'?"),
        ("my_policy:Fewst", "unknown evictor of my_policy 'Fewst'. Did you mean 'Fewest'?"),
        ("my_policy:something", "3 is no evictor"),
        (
            "my_policy",
            "no build(plan) and 3 evictors, Fewest, Ages, Raises: name one, as my_policy:Fewest",
        ),
        ("wrong:X", "wrong cannot be imported: NameError: name 'nothing' is not defined (wrong.py, line 2)"),
        ("syntax.py:X", "syntax.py cannot be imported: SyntaxError"),
        ("needs:X", "needs cannot be imported: ModuleNotFoundError: No module named 'not_installed_at_all'"),
        (":X", "no policy in ':X'"),
    ],
)
def test_what_cannot_be_loaded(given: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        check_evictor(load_evictor(given, folder), examples=1)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("given", ["my_polcy:Fewest", "wrong:X", "one:something"])
def test_bad_usage_is_one_line(given: str, folder: Path) -> None:
    done = check(given, cwd=folder)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1 + (given == "one:something"))
    assert done.stderr.splitlines()[-1].startswith("error: ")
