"""The report that a deterministic parser makes of a log: what is right about it needs no model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.areas import areas_of, main_area
from commissure.scenarios.deep_context.activity.record import (
    NUMBER,
    SHORT,
    Area,
    Commit,
    Contributor,
    Item,
    Period,
    Report,
    Revert,
    Totals,
)

TOP = 5
_REVERTS = re.compile(r'^\s*(?:\[[^\]]*\]\s*)*revert\b\s*:?\s*"?', re.IGNORECASE)
_NAMED = re.compile(rf"\(#({NUMBER})\)")
_HASH = re.compile(r"[Tt]his reverts commit ([0-9a-f]{7,40})")
Line = Callable[[Commit], str]


def plain_line(commit: Commit) -> str:
    """The subject without its PR."""
    return _NAMED.sub("", commit.subject).strip() or commit.key


def oracle(commits: Sequence[Commit], package: str, line: Line = plain_line) -> Report:
    """The report of these commits. `line` says what a change does. Raises UsageError where there is no commit."""
    if not commits:
        raise UsageError("a report is on one commit at least; there is none")
    persons: dict[str, list[Commit]] = {}
    for commit in commits:
        persons.setdefault(commit.person, []).append(commit)
    order = sorted(persons, key=lambda one: (-len(persons[one]), one))
    days = [commit.day for commit in commits]
    areas = Counter(area for commit in commits for area in areas_of(commit.files, package))
    return Report(
        period=Period(since=min(days), until=max(days)),
        totals=Totals(commits=len(commits), prs=len(prs_of(commits)), contributors=len(persons)),
        contributors=tuple(
            Contributor(
                id=one,
                commits=len(persons[one]),
                items=tuple(
                    Item(key=commit.key, area=main_area(commit.files, package), line=line(commit))
                    for commit in persons[one]
                ),
            )
            for one in order
        ),
        areas=tuple(Area(area=area, commits=areas[area]) for area in sorted(areas, key=lambda a: (-areas[a], a))),
        reverts=tuple(
            Revert(key=commit.key, reverts=reverted(commit, commits)) for commit in commits if is_revert(commit)
        ),
        top=tuple(order[:TOP]),
    )


def of_first(report: Report, count: int) -> Report:
    """The short report: the same, with the items of its first contributors only."""
    return report.model_copy(update={"contributors": report.contributors[:count], "top": report.top[:count]})


def prs_of(commits: Sequence[Commit]) -> set[int]:
    """The distinct PRs."""
    return {commit.pr for commit in commits if commit.pr is not None}


def is_revert(commit: Commit) -> bool:
    """Whether the subject begins with the word, tags apart, or the body names the commit that it takes back."""
    return bool(_REVERTS.match(commit.subject)) or bool(_HASH.search(commit.body))


def reverted(commit: Commit, commits: Sequence[Commit]) -> str | None:
    """The key of what is taken back: a PR named within the subject before its own, or a hash in the body."""
    named = [number for number in map(int, _NAMED.findall(commit.subject)) if number != commit.pr]
    if named:
        return f"#{named[0]}"
    found = _HASH.search(commit.body)
    if found is None:
        return None
    known = next((one for one in commits if one.sha.startswith(found[1]) or found[1].startswith(one.sha)), None)
    return known.key if known else found[1][:SHORT]
