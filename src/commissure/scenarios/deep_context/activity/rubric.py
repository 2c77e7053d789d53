"""The grade of a report: 100 points, every part of them computed from the log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity import marks
from commissure.scenarios.deep_context.activity.oracle import oracle
from commissure.scenarios.deep_context.activity.record import NUMBER, SHORT, Commit, Report

POINTS = {
    "attribution": 30, "hallucination": 20, "totals": 15, "areas": 10, "reverts": 5, "counted once": 5, "support": 10,
    "format": 5,
}  # fmt: skip
_TOLD = re.compile(rf"#({NUMBER})(?![0-9])|([0-9a-f]{{7,40}})")


@dataclass(frozen=True, slots=True)
class Grade:
    """`parts` are points by part; all are 0 where the text is no report (`parsed`). `notes` say what was amiss in form.

    `precision` and `recall` are of attribution. `hallucinated` are keys, persons, areas, days and counts that the log
    does not have. `zero_hallucination` is the flag that any invented change or person fails, and any text that is no
    report.
    """

    parts: dict[str, float] = field(hash=False)
    precision: float
    recall: float
    hallucinated: tuple[str, ...]
    zero_hallucination: bool
    parsed: bool
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> float:
        """Of 100."""
        return sum(self.parts.values())

    @property
    def f1(self) -> float:
        """Of attribution: the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def grade(
    said: str, commits: Sequence[Commit], package: str, *, hard_gate: bool = True, first: int | None = None
) -> Grade:
    """Of any text, on a log of one commit at least. With `first`, of a short report (see `grade_report`).

    Behind the hard gate a text that is not a report of the schema, with nothing around it, scores in no part. Without
    it a report that stands within other text is graded, and loses the points for its format only.
    """
    report, notes = _read(said.strip())
    if report is None and not hard_gate:
        report, _ = _read(said[said.find("{") : said.rfind("}") + 1])
        notes = ("there is text around the report",) if report else notes
    if report is None:
        return Grade(dict.fromkeys(POINTS, 0.0), 0.0, 0.0, (), zero_hallucination=False, parsed=False, notes=notes)
    return grade_report(report, commits, package, first=first, notes=notes)


def grade_report(
    report: Report, commits: Sequence[Commit], package: str, *, first: int | None = None, notes: tuple[str, ...] = ()
) -> Grade:
    """Of a report that has parsed; what `notes` say of its form costs the points for format.

    One that names no change has no points for inventing nothing. With `first`, of a short report: the items of so many
    first contributors only are asked for, `recall` is theirs.
    """
    if first is not None and first < 1:
        raise UsageError(f"first: {first}; a short report is on one contributor at least")
    right = oracle(commits, package)
    asked = {one.id for one in right.contributors[:first]}
    wanted = [commit for commit in commits if commit.person in asked]
    precision, recall, f1 = marks.attribution(report, wanted)
    invented, miscounted = _invented(report, commits), _miscounted(report, right)
    items = marks.items_of(report)
    if not marks.ordered(report):
        notes = (*notes, "contributors or top are out of order")
    shares = {
        "attribution": f1,
        "hallucination": max(0.0, 1 - 10 * (len(invented) + len(miscounted)) / _claims(report)) if items else 0.0,
        "totals": marks.totals(report, right),
        "areas": marks.areas(report, right, wanted, package),
        "reverts": marks.reverts(report, right),
        "counted once": marks.counted_once(report, commits),
        "support": marks.support(report, commits),
        "format": float(not notes),
    }
    parts = {name: POINTS[name] * share for name, share in shares.items()}
    return Grade(parts, precision, recall, tuple(invented + miscounted), not invented, parsed=True, notes=notes)


def _read(said: str) -> tuple[Report | None, tuple[str, ...]]:
    """The report that a text is, or why it is none."""
    try:
        return Report.model_validate_json(said, strict=True), ()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        return None, (f"no report: {'.'.join(map(str, first['loc'])) or 'the text'}: {first['msg']}",)
    except (ValueError, RecursionError) as error:
        return None, (f"no report: {error}"[:200],)


def _invented(report: Report, commits: Sequence[Commit]) -> list[str]:
    """Changes and persons that the log does not have."""
    keys, persons = {commit.key for commit in commits}, {commit.person for commit in commits}
    # What a revert takes back may stand before the period; its number stands in the subject.
    told = {
        f"#{int(number)}" if number else sha[:SHORT]
        for commit in commits
        for number, sha in _TOLD.findall(marks.text_of(commit))
    }
    found = [item.key for item in marks.items_of(report) if item.key not in keys]
    found += [one.id for one in report.contributors if one.id not in persons]
    found += [one for one in report.top if one not in persons]
    found += [one.key for one in report.reverts if one.key not in keys]
    found += [one.reverts for one in report.reverts if one.reverts and one.reverts not in keys | told]
    return found


def _miscounted(report: Report, right: Report) -> list[str]:
    """Days and commits of a person that the log has not; areas that it does not know."""
    commits = {one.id: one.commits for one in right.contributors}
    areas = {one.area for one in right.areas}
    pairs = ((report.period.since, right.period.since), (report.period.until, right.period.until))
    found = [f"period: {said}" for said, true in pairs if said != true]
    found += [f"{one.id}: {one.commits}" for one in report.contributors if commits.get(one.id, -1) != one.commits]
    return found + [one.area for one in report.areas if one.area not in areas]


def _claims(report: Report) -> int:
    """What a report says that can be invented: two days, changes, persons and their counts, areas, reverts, the top."""
    items = len(marks.items_of(report))
    return 2 + items + 2 * len(report.contributors) + len(report.areas) + 2 * len(report.reverts) + len(report.top)
