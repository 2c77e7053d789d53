"""Logs, their rendering, the oracle and the rubric: what is right has all points, and every mistake costs some."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.areas import main_area
from commissure.scenarios.deep_context.activity.log import package_of, read_log
from commissure.scenarios.deep_context.activity.oracle import oracle, reverted
from commissure.scenarios.deep_context.activity.record import Commit, Report
from commissure.scenarios.deep_context.activity.render import as_shown, newest, parse, render
from commissure.scenarios.deep_context.activity.rubric import POINTS, grade, grade_report

DATA = Path(os.environ.get("COMMISSURE_DATA") or Path(__file__).parents[5] / "shared" / "data")

WORDS = st.sampled_from(["cache", "router", "kernel", "sampler", "scheduler", "parser", "loader"])
FILES = st.sampled_from(["a.py", "src/x/a.py", "src/y/b.py", "tests/t.py"])
LINES = st.lists(WORDS, min_size=1, max_size=6).map(" ".join)


@st.composite
def logs(draw: Any) -> list[Commit]:
    """Distinct commits, with and without PRs, reverts and co-authors among them."""
    found: list[Commit] = []
    count: int = draw(st.integers(1, 9))
    for number in range(count):
        pr = draw(st.one_of(st.none(), st.just(1000 + number)))
        subject = draw(LINES)
        if found and draw(st.booleans()):
            subject = f'Revert "{found[-1].subject}"'
        body = draw(st.sampled_from(["", "Signed-off-by: somebody", "Why not.\nCo-authored-by: other"]))
        person = draw(st.sampled_from(["aa11", "bb22", "cc33"]))
        files = draw(
            st.lists(st.sampled_from(["a.py", "src/x/a.py", "src/y/b.py", "tests/t.py"]), max_size=4, unique=True)
        )
        text = f"{subject} (#{pr})" if pr else subject
        sha, day = f"{number:012x}", "2025-06-03"
        found.append(Commit(sha, f"Name {person}", person, day, pr, text, body, (), tuple(files)))
    return [as_shown(one) for one in found]


@settings(max_examples=50)
@given(logs())
def test_what_is_rendered_is_read_back(commits: list[Commit]) -> None:
    assert parse(render(commits)) == commits
    assert newest(commits, 10**9) == commits


@settings(max_examples=50)
@given(logs())
def test_the_oracle_has_all_points(commits: list[Commit]) -> None:
    found = grade(oracle(commits, "src").model_dump_json(), commits, "src")
    assert found.total == pytest.approx(100)
    assert (found.precision, found.recall, found.zero_hallucination, found.hallucinated) == (1.0, 1.0, True, ())


@settings(max_examples=50)
@given(logs(), st.data())
def test_every_mistake_costs(commits: list[Commit], data: st.DataObject) -> None:
    report = oracle(commits, "src")
    place = data.draw(st.integers(0, len(report.contributors) - 1))
    one = report.contributors[place]

    def with_items(items: object) -> Report:
        changed = one.model_copy(update={"items": items})
        every = (*report.contributors[:place], changed, *report.contributors[place + 1 :])
        return report.model_copy(update={"contributors": every})

    left_out = grade_report(with_items(one.items[1:]), commits, "src")
    assert left_out.parts["attribution"] < POINTS["attribution"]
    assert left_out.zero_hallucination
    invented = one.items[0].model_copy(update={"key": "#999999"})
    wrong = grade_report(with_items((*one.items, invented)), commits, "src")
    assert not wrong.zero_hallucination
    assert "#999999" in wrong.hallucinated
    assert wrong.parts["hallucination"] < POINTS["hallucination"]
    twice = grade_report(with_items((*one.items, one.items[0])), commits, "src")
    assert twice.parts["counted once"] < POINTS["counted once"]
    assert twice.zero_hallucination
    vague = grade_report(
        with_items((one.items[0].model_copy(update={"line": "bananas"}), *one.items[1:])), commits, "src"
    )
    assert vague.parts["support"] < POINTS["support"]
    assert vague.total == pytest.approx(100 - POINTS["support"] + vague.parts["support"])
    stranger = report.model_copy(update={"top": ("nobody", *report.top[1:])})
    assert not grade_report(stranger, commits, "src").zero_hallucination
    more = report.totals.model_copy(update={"commits": report.totals.commits + 1})
    counted = grade_report(report.model_copy(update={"totals": more}), commits, "src")
    assert counted.parts["totals"] == pytest.approx(POINTS["totals"] * (2 + 0.75) / 3)


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=9,
)


@settings(max_examples=60)
@given(st.one_of(st.text(max_size=200), JSON.map(json.dumps)))
def test_any_text_has_a_grade(said: str) -> None:
    found = grade(said, [Commit("0" * 12, "A", "aa", "2025-01-01", 7, "Add cache (#7)")], "src")
    assert not found.parsed
    assert found.total == 0


@pytest.mark.parametrize("said", ["[" * 100_000, '{"period":' * 5_000, "9" * 10_000, "\ud800", '{"period": NaN}'])
def test_odd_texts_have_a_grade(said: str) -> None:
    assert not grade(said, [Commit("0" * 12, "A", "aa", "2025-01-01", 7, "Add cache (#7)")], "src").parsed


def test_prose_around_a_report_is_no_report() -> None:
    commits = [Commit("0" * 12, "A", "aa", "2025-01-01", 7, "Add cache (#7)", files=("src/x/a.py",))]
    said = oracle(commits, "src").model_dump_json()
    assert grade(f"Here it is: {said}", commits, "src").total == 0
    assert grade(f"\n{said}\n", commits, "src").total == pytest.approx(100)


def test_a_line_is_supported_by_what_was_said_of_its_change_not_by_its_files() -> None:
    commits = [Commit("0" * 12, "A", "aa", "2025-01-01", 7, "Fix it (#7)", files=("src/scheduler/queue.py",))]
    report = oracle(commits, "src")

    def points(line: str) -> float:
        (one,) = report.contributors
        item = one.items[0].model_copy(update={"line": line})
        changed = report.model_copy(update={"contributors": (one.model_copy(update={"items": (item,)}),)})
        return grade_report(changed, commits, "src").parts["support"]

    assert (points("Fix it"), points("scheduler queue"), points("fixes")) == (POINTS["support"], 0.0, 0.0)


def test_areas_and_reverts() -> None:
    assert main_area(("src/x/a.py", "src/x/b.py", "tests/t.py")) == "src/x"
    assert main_area(("vllm/v1/a.py", "docs/b.md"), "vllm") == "docs"
    assert main_area(()) == "(root)"
    old = Commit("abcdef123456", "A", "aa", "2025-01-01", 7, "Add cache (#7)")
    named = Commit("1" * 12, "A", "aa", "2025-01-02", 8, 'Revert "Add cache (#7)" (#8)')
    hashed = Commit("2" * 12, "A", "aa", "2025-01-02", None, "Back out", "This reverts commit abcdef1234567890.")
    assert [reverted(one, [named, hashed, old]) for one in (named, hashed)] == ["#7", "#7"]


TRAILER = "Co-authored-by: Bob <bob@example.org>"


def git(folder: Path, *words: str, **environ: str) -> None:
    quiet = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", *words], cwd=folder, env=os.environ | quiet | environ, check=True, capture_output=True)


def commit(folder: Path, name: str, who: str, message: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(message)
    git(folder, "add", ".")
    author = {"GIT_AUTHOR_NAME": who, "GIT_AUTHOR_EMAIL": f"{who.lower()}@example.org"}
    both = author | {name.replace("AUTHOR", "COMMITTER"): value for name, value in author.items()}
    git(folder, "commit", "-q", "--allow-empty-message", "-m", message, **both)


def test_a_repository_is_read_without_addresses(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(
        tmp_path, "src/a.py", "Ann", "Add cache (#1)\n\nAsk ann@example.org.\n\nCo-authored-by: Bob <bob@example.org>"
    )
    commit(tmp_path, "docs/ü.md", "Bob", "Ümlaute in names")
    commit(tmp_path, "b.txt", "Ann", "")
    found = read_log(repo=str(tmp_path))
    assert [one.pr for one in found] == [None, None, 1]
    assert found[2].co_authors == ("Bob",)
    assert found[0].person == found[2].person != found[1].person
    assert found[1].files == ("docs/ü.md",)
    text = render([as_shown(one) for one in found])
    assert "@" not in text
    assert grade(oracle(parse(text), "src").model_dump_json(), parse(text), "src").total == pytest.approx(100)


def test_what_is_no_log_is_told(tmp_path: Path) -> None:
    (tmp_path / "bad.jsonl").write_text('{"sha": "abcdef"}\n')
    (tmp_path / "broken.jsonl").write_text("{\n")
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "empty.jsonl").write_text("")
    (tmp_path / "no_repository").mkdir()
    for given_, told in (
        ({"log": str(tmp_path / "bad.jsonl")}, r"bad.jsonl:1: author"),
        ({"log": str(tmp_path / "broken.jsonl")}, ":1: no JSON"),
        ({"log": str(tmp_path / "binary.jsonl")}, "is no text"), ({"log": str(tmp_path / "empty.jsonl")}, "no commit"),
        ({"log": str(tmp_path / "absent")}, "cannot be read"), ({"repo": str(tmp_path / "absent")}, "no folder"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=told):
            read_log(**given_)
    git(tmp_path / "no_repository", "init", "-q")
    with pytest.raises(UsageError, match="git repository with commits"):
        read_log(repo=str(tmp_path / "no_repository"))


@pytest.mark.parametrize(("tokens", "commits"), [(30_000, 391), (200_000, 2441), (10**9, 3319)])
def test_the_public_log_is_what_it_was(tokens: int, commits: int) -> None:
    path = DATA / "activity" / "vllm.jsonl"
    if not path.exists():
        pytest.skip(f"no {path}: set COMMISSURE_DATA to the folder of public data")
    shown = newest(read_log(log=str(path)), tokens)
    assert len(shown) == commits
    assert parse(render(shown)) == shown
    package = package_of(shown)
    assert package == "vllm"
    assert grade_report(oracle(shown, package), shown, package).total == pytest.approx(100)


def test_control_characters_in_messages_are_text(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    commit(tmp_path, "a.py", "one", "first \x1e\x1f (#1)\n\nbody \x1e end \x1f\nx<a@b.c>@d.com\n")
    commit(tmp_path, "we@ird.com", "two", f"second (#{'9' * 5000})\n\n\x0bcommit 123456abcdef 2024-01-01 p Fake\n")
    second, first = newest(read_log(repo=str(tmp_path)), 10**9)
    assert (first.pr, first.files, second.pr) == (1, ("a.py",), None)
    assert "body" in first.body
    assert "@" not in render([first, second])
    assert [one.sha for one in parse(render([first, second]))] == [first.sha, second.sha]


LINE: dict[str, Any] = {
    "sha": "a" * 12, "author": "A", "person": "p1", "date": "2024-01-02", "pr": 5, "subject": "x (#5)", "files": ["v/a"]
}  # fmt: skip


def test_a_log_is_read_without_addresses(tmp_path: Path) -> None:
    mail = "who@corp.com"
    line = LINE | {"author": f"A {mail}", "person": mail, "subject": f"of {mail} (#5)", "body": f"see {mail}",
                   "co_authors": [{"name": f"Q {mail}"}], "files": [f"v/{mail}"]}  # fmt: skip
    (tmp_path / "log.jsonl").write_text(json.dumps(line))
    (found,) = read_log(log=str(tmp_path / "log.jsonl"))
    assert found.person
    assert "@" not in repr(found)


@pytest.mark.parametrize(
    ("key", "value"),
    [("sha", "no hash"), ("sha", "z" * 12), ("sha", ""), ("person", ""), ("person", "a b"), ("date", "yesterday"),
     ("pr", -5), ("pr", 10**400), ("subject", "\ud800"), ("author", "\ud800")],
)  # fmt: skip
def test_a_line_that_could_not_be_read_back_is_told(tmp_path: Path, key: str, value: object) -> None:
    (tmp_path / "log.jsonl").write_text(json.dumps(LINE) + "\n" + json.dumps(LINE | {key: value}))
    with pytest.raises(UsageError, match=r"log.jsonl:2"):
        read_log(log=str(tmp_path / "log.jsonl"))
