"""The rubric: whatever log it is, the oracle has all points; whatever report, its grade is what is right about it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.areas import tags_of
from commissure.scenarios.deep_context.activity.oracle import of_first, oracle
from commissure.scenarios.deep_context.activity.record import Area, Commit, Contributor, Item, Period, Report, Totals
from commissure.scenarios.deep_context.activity.record import Revert as Back
from commissure.scenarios.deep_context.activity.render import as_shown, parse, render
from commissure.scenarios.deep_context.activity.rubric import POINTS, grade, grade_report

TEXT = st.text(max_size=20)
SUBJECTS = st.one_of(
    TEXT,
    st.sampled_from(["Add (#7)", "Add (#07)", 'Revert "Add (#7)" (#8)', "Revert x", f"(#{'9' * 5000})", "(#\u0661)"]),
)
BODIES = st.one_of(TEXT, st.sampled_from(["This reverts commit 00000000000a.", f"this reverts commit {'f' * 60}"]))
NAMES = st.one_of(TEXT, st.sampled_from(["src/x/a.py", "src/y/b.py", "a.py", "tests/t.py"]))


@st.composite
def odd_logs(draw: Any) -> list[Commit]:
    """Of any texts, with PRs that come again."""
    count: int = draw(st.integers(1, 6))
    return [
        as_shown(
            Commit(f"{number:012x}", draw(TEXT), draw(st.sampled_from(["aa", "bb", "cc"])), f"2025-06-0{number + 1}",
                   None, draw(SUBJECTS), draw(BODIES), (), tuple(draw(st.lists(NAMES, max_size=3))))
        )
        for number in range(count)
    ]  # fmt: skip


@settings(max_examples=80)
@given(odd_logs())
def test_of_any_log_the_oracle_has_all_points(commits: list[Commit]) -> None:
    assert parse(render(commits)) == commits
    found = grade(oracle(commits, "src").model_dump_json(), commits, "src")
    assert found.total == pytest.approx(100)
    assert (found.f1, found.hallucinated, found.notes) == (1.0, (), ())


KEYS = st.sampled_from(["#1", "#2", "#7", "000000000003", ""])
WHO = st.sampled_from(["aa", "bb", "zz", ""])
COUNTS = st.sampled_from([0, 1, 2, 10_000_000])
WORD = st.sampled_from(["src/x", "(root)", "cache", ""])
REPORTS = st.builds(
    Report,
    period=st.builds(Period, since=TEXT, until=TEXT),
    totals=st.builds(Totals, commits=COUNTS, prs=COUNTS, contributors=COUNTS),
    contributors=st.lists(
        st.builds(Contributor, id=WHO, commits=COUNTS,
                  items=st.lists(st.builds(Item, key=KEYS, area=WORD, line=TEXT), max_size=3).map(tuple)), max_size=3,
    ).map(tuple),
    areas=st.lists(st.builds(Area, area=WORD, commits=COUNTS), max_size=3).map(tuple),
    reverts=st.lists(st.builds(Back, key=KEYS, reverts=st.none() | KEYS), max_size=3).map(tuple),
    top=st.lists(WHO, max_size=6).map(tuple),
)  # fmt: skip


def log(count: int) -> list[Commit]:
    """Each of two persons in turn, the first with one more where the count is odd."""
    return [
        Commit(f"{number:012x}", "A", ("aa", "bb")[number % 2], f"2025-06-{number + 1:02}", number + 1,
               f"Cache number{number} (#{number + 1})", files=(f"src/{'xyz'[number % 3]}/a.py",))
        for number in range(count)
    ]  # fmt: skip


@settings(max_examples=80)
@given(REPORTS, st.booleans(), st.none() | st.integers(1, 3))
def test_any_report_has_a_grade(report: Report, hard: bool, first: int | None) -> None:
    commits = log(3)
    found = grade(report.model_dump_json(), commits, "src", hard_gate=hard, first=first)
    assert found.parsed
    assert all(0 <= found.parts[part] <= points for part, points in POINTS.items())
    known = {commit.key for commit in commits}
    strangers = any(one.id not in {"aa", "bb"} for one in report.contributors)
    if strangers or any(item.key not in known for one in report.contributors for item in one.items):
        assert not found.zero_hallucination


@settings(max_examples=40)
@given(st.data())
def test_a_report_that_was_cut_off_is_none(data: st.DataObject) -> None:
    said = oracle(log(9), "src").model_dump_json()
    cut = said[: data.draw(st.integers(0, len(said) - 1))]
    for hard in (True, False):
        found = grade(cut, log(9), "src", hard_gate=hard)
        assert (found.total, found.parsed, found.zero_hallucination) == (0, False, False)
        assert found.notes[0].startswith("no report: ")


RIGHT = oracle(log(9), "src")
A, B = RIGHT.contributors
HALF = POINTS["areas"] / 2


@pytest.mark.parametrize(
    ("changes", "part", "lost"),
    [
        ({"areas": ()}, "areas", HALF),
        ({"areas": (*RIGHT.areas, RIGHT.areas[0])}, "areas", HALF * (1 - 18 / 21)),
        ({"areas": (Area(area="src/x", commits=9), *RIGHT.areas[1:])}, "areas", HALF * (1 - 18 / 24)),
        ({"period": Period(since="2025-06-02", until="2025-06-09")}, "hallucination", 20 * 10 / 20),
        ({"top": RIGHT.top[:1]}, "format", 5),
        ({"top": ()}, "format", 5),
        ({"contributors": (B, A)}, "format", 5),
        ({"contributors": (B, A), "top": (B.id, A.id)}, "format", 5),
        ({"contributors": (A, B, B.model_copy(update={"items": ()}))}, "counted once", 5 / 12),
        ({"contributors": (A, B.model_copy(update={"items": (*B.items, B.items[0])}))}, "counted once", 5 / 12),
        ({"contributors": ()}, "hallucination", 20),
        ({"reverts": (Back(key="#3", reverts=None),)}, "reverts", 5),
        ({"totals": Totals(commits=9, prs=9, contributors=4)}, "totals", 15 * (1 - 0.75**2) / 3),
    ],
)  # fmt: skip
def test_what_each_mistake_costs(changes: dict[str, object], part: str, lost: float) -> None:
    found = grade_report(RIGHT.model_copy(update=changes), log(9), "src")
    assert POINTS[part] - found.parts[part] == pytest.approx(lost)
    assert found.total <= 100 - lost + 1e-9


def test_large_totals_are_graded_by_their_ratio() -> None:
    commits = [*log(25)]
    for said, share in ((25, 1.0), (26, 0.6), (24, 0.6), (28, 0.0), (10_000_000, 0.0)):
        report = oracle(commits, "src")
        totals = report.totals.model_copy(update={"commits": said})
        found = grade_report(report.model_copy(update={"totals": totals}), commits, "src")
        assert found.parts["totals"] == pytest.approx(15 * (2 + share) / 3)


def test_behind_the_hard_gate_text_around_a_report_costs_all_without_it_the_format() -> None:
    said = f"Here it is:\n```json\n{RIGHT.model_dump_json()}\n```"
    assert grade(said, log(9), "src").total == 0
    found = grade(said, log(9), "src", hard_gate=False)
    assert found.total == pytest.approx(95)
    assert (found.parts["format"], found.f1) == (0, 1)
    assert found.notes == ("there is text around the report",)


def test_a_short_report_is_of_its_first_contributors() -> None:
    commits = [*log(9), Commit("f" * 12, "C", "cc", "2025-06-01", 99, "Router (#99)", files=("src/x/a.py",))]
    whole = oracle(commits, "src")
    short = of_first(whole, 2)
    assert grade_report(short, commits, "src", first=2).total == pytest.approx(100)
    assert grade_report(short, commits, "src").recall == 0.9
    assert grade_report(of_first(whole, 1), commits, "src", first=2).recall == pytest.approx(5 / 9)
    more = grade_report(whole, commits, "src", first=2)
    assert (more.recall, more.precision) == (1.0, 0.9)


def test_what_a_revert_names_stands_in_the_log() -> None:
    commits = [Commit("a" * 12, "A", "aa", "2025-06-01", 8, 'Revert "Add (#07)" of #1234567890 (#8)')]
    report = oracle(commits, "src")
    assert report.reverts == (Back(key="#8", reverts="#7"),)
    for named, known in (("#7", True), ("#07", False), ("#123456789", False), ("#9", False)):
        said = report.model_copy(update={"reverts": (Back(key="#8", reverts=named),)})
        assert grade_report(said, commits, "src").zero_hallucination is known


def test_a_report_on_nothing_is_told() -> None:
    with pytest.raises(UsageError, match="first: 0"):
        grade_report(RIGHT, log(9), "src", first=0)
    with pytest.raises(UsageError, match="one commit at least"):
        grade(RIGHT.model_dump_json(), [], "src")


def test_tags() -> None:
    assert tags_of("[V1][Bugfix] Fix [x] (#1)") == ("v1", "bugfix")
    assert tags_of(" [ CI/Build ] [] [ci/build] it") == ("ci/build",)
    assert tags_of("Fix [x]") == tags_of("[open") == tags_of("") == ()
