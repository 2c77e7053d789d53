"""The mistakes of a modelled model about commits that it reads: seeded, so that the same call errs the same way."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.clock.dice import Dice, dice
from commissure.scenarios.deep_context.activity.areas import areas_of, main_area
from commissure.scenarios.deep_context.activity.oracle import is_revert, reverted
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.reporting.join import subject_line
from commissure.scenarios.deep_context.reporting.rows import UNNAMED, Row
from commissure.scenarios.deep_context.reporting.skill import Errors

UNSUPPORTED = "Sundry upkeep"


def row_of(commit: Commit, package: str) -> Row:
    """What a model that errs in nothing would extract."""
    main = main_area(commit.files, package)
    return Row(
        sha=commit.sha,
        pr=commit.pr,
        person=commit.person,
        areas=tuple(dict.fromkeys((main, *areas_of(commit.files, package)))),
        reverts=(reverted(commit, ()) or UNNAMED) if is_revert(commit) else None,
        subject=commit.subject,
    )


def extracted(commits: Sequence[Commit], package: str, errors: Errors, share: float, key: str) -> list[Row]:
    """The rows that a model gives of commits, where it finds this share of what it would find in a short prompt."""
    found = (1.0 - errors.omitted.value) * share
    rows = [row_of(one, package) for one in commits]
    people, areas = sorted({row.person for row in rows}), sorted({area for row in rows for area in row.areas})
    said = []
    for row in rows:
        roll = dice(f"{key} {row.sha}")
        if roll.random() < found:
            said.append(_misread(row, people, areas, errors, roll))
    return said


def corrections(commits: Sequence[Commit], package: str, given: Sequence[Row], errors: Errors, key: str) -> list[Row]:
    """What a check gives: the wrong and missing rows that it sees, and some right ones that it makes wrong."""
    right = {one.sha: row_of(one, package) for one in commits}
    before = {row.sha: row for row in given}
    people = sorted({row.person for row in right.values()})
    said = []
    for sha, row in right.items():
        roll = dice(f"{key} {sha}")
        if before.get(sha) != row and roll.random() < errors.caught.value:
            said.append(row)
        elif before.get(sha) == row and roll.random() < errors.spoiled.value:
            said.append(row.model_copy(update={"person": _other(row.person, people, roll)}))
    return said


def lines_of(subjects: Sequence[str], errors: Errors, key: str) -> list[str]:
    """A line for each subject: it tells what stands there, or nothing."""
    return [
        UNSUPPORTED
        if dice(f"{key} {place} {subject}").random() < errors.unsupported_line.value
        else subject_line(subject)
        for place, subject in enumerate(subjects)
    ]


def miscounted(count: int, errors: Errors, roll: Dice) -> int:
    """A total that a model counts itself."""
    return max(0, round(count * (1.0 + roll.gauss(0.0, errors.miscount.value))))


def _misread(row: Row, people: Sequence[str], areas: Sequence[str], errors: Errors, roll: Dice) -> Row:
    changes: dict[str, object] = {}
    if roll.random() < errors.wrong_person.value:
        changes["person"] = _other(row.person, people, roll)
    if row.pr is not None and roll.random() < errors.invented_pr.value:
        changes["pr"] = _other_number(row.pr, roll)
    if roll.random() < errors.wrong_area.value:
        changes["areas"] = (_other(row.areas[0], areas, roll),)
    if row.reverts is not None and roll.random() < errors.missed_revert.value:
        changes["reverts"] = None
    return row.model_copy(update=changes)


def _other(right: str, known: Sequence[str], roll: Dice) -> str:
    """Another that stands in the same text; where there is none, the right one."""
    others = [one for one in known if one != right]
    return roll.choice(others) if others else right


def _other_number(number: int, roll: Dice) -> int:
    """With another digit in one place; never a shorter number."""
    digits = list(str(number))
    place = roll.randrange(len(digits))
    digits[place] = roll.choice([digit for digit in "123456789" if digit != digits[place]])
    return int("".join(digits))
