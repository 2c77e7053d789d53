"""The command `check` from outside: its output, its exit status, and one line for what cannot be loaded."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from commissure.hal.errors import UsageError
from commissure.policies.custom.kind import EVICTOR, SELECTOR, Kind
from commissure.policies.custom.load import load_evictor, load_policy, load_selector
from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.testing import check_evictor

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

CHOOSES = """
import commissure as cm

class Naive(cm.Selector):
    "The most frequent text; of those as frequent, the one that a set gives first."
    def select(self, candidates, question):
        print("said while asked")
        texts = [one.text for one in candidates if one.parsed]
        if not texts:
            return cm.NO_DECISION
        place = [one.text for one in candidates].index(max(set(texts), key=texts.count))
        return cm.Decision(candidates[place].value, place, 1.0)

class Sound(cm.Selector):
    def __init__(self, name="plurality"):
        self._inner = cm.build_selector(name)

    def select(self, candidates, question):
        return self._inner.select(candidates, question)

class Needs(Sound):
    def __init__(self, weights): ...

class Unready(cm.Selector):
    pass

instance = Sound("per_field")

def build_whole() -> cm.Selector:
    return Sound()

def build_fields():
    return Sound("per_field")

def build_broken() -> cm.Selector:
    raise OSError("no weights")

def build_nothing():
    return None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "my_policy.py").write_text(GOOD)
    (tmp_path / "one.py").write_text("from my_policy import Fewest\nclass Own(Fewest): pass\n")
    (tmp_path / "wrong.py").write_text("x = 1\ny = nothing\n")
    (tmp_path / "syntax.py").write_text("def (:\n")
    (tmp_path / "needs.py").write_text("import not_installed_at_all\n")
    (tmp_path / "chooser.py").write_text(CHOOSES)
    (tmp_path / "single.py").write_text("from chooser import Sound\nclass Own(Sound): pass\n")
    (tmp_path / "builds.py").write_text("from chooser import Sound\nbuild = lambda: Sound()\n")
    (tmp_path / "both.py").write_text(f"{GOOD}\nfrom chooser import Sound\nclass Chooses(Sound): pass\n")
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
    assert told["kind"] == "evictor"
    (broken,) = [one for one in told["invariants"] if one["verdict"] == "broken"]
    assert broken["counter_example"]["capacity"] == 2
    assert [use["key"] for use in broken["counter_example"]["uses"]] == ["a", "b"]
    assert {row["evictor"] for row in told["regret"]} == {"Ages", "lru", "mru", "random"}


@pytest.mark.parametrize("given", ["lru", "one.py", "one", "plurality", "single.py", "builds"])
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


def test_a_selector_that_is_broken(folder: Path) -> None:
    done = check("chooser.py:Naive", "--examples", "60", cwd=folder)
    assert done.returncode == 1, done.stderr
    assert "order does not matter" in done.stdout
    assert "said" not in done.stdout
    story = re.search(
        r"is deterministic: broken\n    source: ''\n((?:    candidate \d: \d\n){2,4})    broken: it says (.*)\n",
        done.stdout,
    )
    assert story, done.stdout
    assert "and where texts hash differently, as in another process, " in story[2]
    for told in ("it abstains on 0 of the ", "errors apart", "oracle of 8", "it less plurality", "95 % interval"):
        assert told in done.stdout


def test_a_selector_as_json(folder: Path) -> None:
    arguments = ("chooser:Sound", "--examples", "10", "--seed", "4", "--json")
    done, again = (check(*arguments, cwd=folder) for _ in range(2))
    assert done.returncode == 0, done.stderr
    assert done.stdout == again.stdout
    told = json.loads(done.stdout)
    assert (told["policy"], told["kind"], told["seed"], told["abstained"]) == ("Sound", "selector", 4, 0)
    assert {one["verdict"] for one in told["invariants"]} == {"holds"}
    assert {row["selector"] for row in told["regret"]} == {"Sound", "first", "plurality", "oracle of 8"}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ("my_policy:Fewest", EVICTOR), ("my_policy:something", EVICTOR), ("lru", EVICTOR), ("one", EVICTOR),
        ("chooser:Naive", SELECTOR), ("chooser.py:instance", SELECTOR), ("per_field", SELECTOR), ("builds", SELECTOR),
        ("chooser:build_whole", SELECTOR), ("chooser:build_fields", SELECTOR), ("chooser:build_broken", SELECTOR),
        ("chooser:build_nothing", EVICTOR), ("single", SELECTOR), ("both:Chooses", SELECTOR), ("both:Ages", EVICTOR),
        ("commissure.policies.cache.lru", EVICTOR), ("commissure.policies.ensemble.selectors.first", SELECTOR),
    ],
)  # fmt: skip
def test_of_which_kind_it_is(given: str, kind: Kind, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _alone(monkeypatch)
    assert load_policy(given, folder)[0] is kind


@pytest.mark.parametrize(
    "given",
    ["per_field", "chooser:Sound", "chooser.py:instance", "chooser:build_whole", "single.py", "builds"],
)
def test_a_selector_is_made_of_what_is_named(given: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _alone(monkeypatch)
    monkeypatch.chdir(folder)
    decision = load_selector(given).select([Sample("1", 1, parsed=True)], Question(""))
    assert (decision.value, decision.index) == (1, 0)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("pluralty", "no module 'pluralty', neither here nor installed. Did you mean 'plurality'?"),
        ("choser.py:Naive", "no file 'choser.py'. Did you mean 'chooser.py'?"),
        ("chooser:Nave", "unknown selector of chooser 'Nave'. Did you mean 'Naive'?"),
        ("my_policy:Chooses", "my_policy has no 'Chooses', and no selector at all"),
        ("my_policy:Fewest", "Fewest is no selector: derive it from commissure.Selector"),
        ("my_policy", "my_policy has no build() and no selector: name one, as my_policy:Name"),
        ("chooser:Needs", "Needs asks for weights: give a function build() that makes it"),
        ("chooser:Unready", "Unready is no selector yet: it has no select"),
        ("chooser:build_nothing", "gave None, which is no selector"),
        ("chooser:build_broken", "build_broken cannot be built: OSError: no weights (chooser.py, line "),
        ("wrong:X", "wrong cannot be imported: NameError: name 'nothing' is not defined (wrong.py, line 2)"),
        (":X", "no policy in ':X': give module:Name, file.py:Name, or one of "),
    ],
)
def test_what_is_no_selector(given: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _alone(monkeypatch)
    with pytest.raises(UsageError, match=re.escape(said)) as error:
        load_selector(given, folder)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "both",
            "both has no build(plan) or build() and 4 evictors and selectors, Fewest, Ages, Raises, Chooses: ",
        ),
        ("both:Chooss", "unknown evictor or selector of both 'Chooss'. Did you mean 'Chooses'?"),
        ("my_policy:Fewst", "unknown evictor of my_policy 'Fewst'. Did you mean 'Fewest'?"),
        ("chooser:Nave", "unknown selector of chooser 'Nave'. Did you mean 'Naive'?"),
        ("needs_none:X", "no module 'needs_none', neither here nor installed."),
    ],
)
def test_what_is_no_policy(given: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _alone(monkeypatch)
    with pytest.raises(UsageError, match=re.escape(said)):
        load_policy(given, folder)


def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules of an earlier folder are not taken for this one's."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in ("my_policy", "one", "chooser", "single", "builds", "both", "wrong"):
        monkeypatch.delitem(sys.modules, name, raising=False)
