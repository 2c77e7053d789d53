"""The join that costs no call: a report of what was extracted of each commit, counted by code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from commissure.scenarios.deep_context.activity.areas import ROOT
from commissure.scenarios.deep_context.activity.oracle import TOP, plain_line
from commissure.scenarios.deep_context.activity.record import (
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
from commissure.scenarios.deep_context.reporting.rows import UNNAMED, Row


def joined(rows: Iterable[Row], lines: Mapping[str, str], period: Period) -> Report:
    """Of rows, each commit once, whoever extracted it twice; `lines` by key, a commit without one has its subject."""
    once = list({row.sha: row for row in reversed(list(rows))}.values())[::-1]
    people: dict[str, list[Row]] = {}
    for row in once:
        people.setdefault(row.person, []).append(row)
    order = sorted(people, key=lambda who: (-len(people[who]), who))
    areas = Counter(area for row in once for area in dict.fromkeys(row.areas or (ROOT,)))
    return Report(
        period=period,
        totals=Totals(
            commits=len(once), prs=len({row.pr for row in once if row.pr is not None}), contributors=len(people)
        ),
        contributors=tuple(
            Contributor(id=who, commits=len(people[who]), items=tuple(_item(row, lines) for row in people[who]))
            for who in order
        ),
        areas=tuple(Area(area=name, commits=areas[name]) for name in sorted(areas, key=lambda one: (-areas[one], one))),
        reverts=tuple(
            Revert(key=row.key, reverts=_taken_back(row.reverts, once)) for row in once if row.reverts is not None
        ),
        top=tuple(order[:TOP]),
    )


def period_of(commits: Sequence[Commit]) -> Period:
    """From the first to the last day of a log that has any commit."""
    days = [one.day for one in commits]
    return Period(since=min(days), until=max(days))


def subject_line(subject: str) -> str:
    """A line without a model: the subject without its number."""
    return plain_line(Commit("", "", "", "", None, subject)) or "-"


def _item(row: Row, lines: Mapping[str, str]) -> Item:
    area = row.areas[0] if row.areas else ROOT
    return Item(key=row.key, area=area, line=lines.get(row.key) or subject_line(row.subject))


def _taken_back(named: str, rows: Sequence[Row]) -> str | None:
    """The key of what a row names: of a hash, that of its commit where it was extracted too."""
    if named == UNNAMED:
        return None
    if named.startswith("#"):
        return named
    return next((row.key for row in rows if row.sha.startswith(named) or named.startswith(row.sha)), named[:SHORT])
