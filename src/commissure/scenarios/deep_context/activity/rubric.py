"""The grade of a report: 100 points, every part of them computed from the log."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from pydantic import ValidationError

from commissure.scenarios.deep_context.activity.areas import main_area
from commissure.scenarios.deep_context.activity.oracle import oracle, plain_line
from commissure.scenarios.deep_context.activity.record import SHORT, Commit, Report

POINTS = {
    "attribution": 30, "hallucination": 20, "totals": 15, "areas": 10, "reverts": 5, "counted once": 5, "support": 10,
    "format": 5,
}  # fmt: skip
# Of a line's content words this share must stand in the subject or body of its commit.
SUPPORT = 0.5
# Numbers up to this are graded by their distance, larger ones by their ratio.
SMALL = 20
_NEAR, _OFF = 0.75, 0.1
_WORD = re.compile(r"[a-z0-9_]{3,}")
_COMMON = frozenset((
    "the", "and", "for", "with", "from", "that", "this", "into", "when", "not", "are", "was", "has", "its", "now",
    "use", "uses", "used", "using", "add", "adds", "added", "fix", "fixes", "fixed", "remove", "removes", "removed",
    "update", "updates", "updated", "support", "supports", "supported", "make", "makes", "change", "changes",
))  # fmt: skip
Pairs = AbstractSet[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Grade:
    """`parts` are points by part; all are 0 where the text is no report (`parsed`).

    `precision` and `recall` are of attribution. `hallucinated` are keys, persons, areas and counts that the log does
    not have. `zero_hallucination` is the flag that any invented change or person fails, and any text that is no report.
    """

    parts: dict[str, float] = field(hash=False)
    precision: float
    recall: float
    hallucinated: tuple[str, ...]
    zero_hallucination: bool
    parsed: bool

    @property
    def total(self) -> float:
        """Of 100."""
        return sum(self.parts.values())

    @property
    def f1(self) -> float:
        """Of attribution: the harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0


def grade(said: str, commits: Sequence[Commit], package: str) -> Grade:
    """Of any text. What is not a report of the schema, with nothing around it, scores in no part."""
    try:
        report = Report.model_validate_json(said.strip(), strict=True)
    except (ValidationError, ValueError, RecursionError):
        return Grade(dict.fromkeys(POINTS, 0.0), 0.0, 0.0, (), zero_hallucination=False, parsed=False)
    return grade_report(report, commits, package)


def grade_report(report: Report, commits: Sequence[Commit], package: str) -> Grade:
    """Of a report that has parsed."""
    right = oracle(commits, package)
    precision, recall, f1 = _attribution(report, commits)
    invented = _invented(report, commits)
    claims = _claims(report)
    wrong_counts = _wrong_counts(report, right)
    shares = {
        "attribution": f1,
        "hallucination": max(0.0, 1 - 10 * (len(invented) + len(wrong_counts)) / claims) if claims else 0.0,
        "totals": _totals(report, right),
        "areas": _areas(report, commits, package),
        "reverts": _reverts(report, right),
        "counted once": _once(report),
        "support": _support(report, commits),
        "format": float(_ordered(report)),
    }
    parts = {name: POINTS[name] * share for name, share in shares.items()}
    return Grade(parts, precision, recall, tuple(invented + wrong_counts), not invented, parsed=True)


def _attribution(report: Report, commits: Sequence[Commit]) -> tuple[float, float, float]:
    """Precision, recall and F1 over (change, person), micro. A pair said twice counts twice against precision."""
    gold = Counter((commit.key, commit.person) for commit in commits)
    said = Counter((item.key, one.id) for one in report.contributors for item in one.items)
    both = sum((gold & said).values())
    precision = both / sum(said.values()) if said else 0.0
    recall = both / sum(gold.values())
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0


def _invented(report: Report, commits: Sequence[Commit]) -> list[str]:
    """Changes and persons that the log does not have."""
    keys, persons = {commit.key for commit in commits}, {commit.person for commit in commits}
    # What a revert takes back may stand before the period; its number stands in the subject.
    told = {number for commit in commits for number in re.findall(r"#\d+|[0-9a-f]{7,40}", _text(commit))}
    found = [item.key for one in report.contributors for item in one.items if item.key not in keys]
    found += [one.id for one in report.contributors if one.id not in persons]
    found += [one for one in report.top if one not in persons]
    found += [one.key for one in report.reverts if one.key not in keys]
    told |= {one[:SHORT] for one in told}
    found += [one.reverts for one in report.reverts if one.reverts and one.reverts not in keys | told]
    return found


def _wrong_counts(report: Report, right: Report) -> list[str]:
    """Commits of a person that the log has not; areas that it does not know."""
    commits = {one.id: one.commits for one in right.contributors}
    areas = {one.area for one in right.areas}
    found = [f"{one.id}: {one.commits}" for one in report.contributors if commits.get(one.id, -1) != one.commits]
    return found + [one.area for one in report.areas if one.area not in areas]


def _claims(report: Report) -> int:
    """What a report says that can be invented: changes, persons and their counts, areas, reverts, the top."""
    items = sum(len(one.items) for one in report.contributors)
    return items + 2 * len(report.contributors) + len(report.areas) + 2 * len(report.reverts) + len(report.top)


def _totals(report: Report, right: Report) -> float:
    pairs = [(getattr(report.totals, name), getattr(right.totals, name)) for name in ("commits", "prs", "contributors")]
    return sum(_near(said, true) for said, true in pairs) / len(pairs)


def _near(said: int, true: int) -> float:
    away = abs(said - true)
    if true <= SMALL:
        return float(_NEAR**away) if away < 1000 else 0.0
    return max(0.0, 1 - away / true / _OFF)


def _areas(report: Report, commits: Sequence[Commit], package: str) -> float:
    """F1 over (change, its main area)."""
    gold = {(commit.key, main_area(commit.files, package)) for commit in commits}
    return _f1(gold, {(item.key, item.area) for one in report.contributors for item in one.items})


def _reverts(report: Report, right: Report) -> float:
    return _f1({(one.key, one.reverts) for one in right.reverts}, {(one.key, one.reverts) for one in report.reverts})


def _once(report: Report) -> float:
    """1 less the share of changes that are said more often than once."""
    said = Counter(item.key for one in report.contributors for item in one.items)
    return len(said) / sum(said.values()) if said else 0.0


def _support(report: Report, commits: Sequence[Commit]) -> float:
    """The share of lines that are their change's subject, or whose content words stand in its subject or body."""
    subjects = {(commit.key, plain_line(commit)) for commit in commits}
    texts: dict[str, set[str]] = {}
    for commit in commits:
        texts.setdefault(commit.key, set()).update(_words(_text(commit)))
    items = [item for one in report.contributors for item in one.items]
    supported = ((one.key, one.line) in subjects or _overlaps(one.line, texts.get(one.key, set())) for one in items)
    return sum(supported) / len(items) if items else 0.0


def _overlaps(line: str, text: set[str]) -> bool:
    words = _words(line)
    return bool(words) and len(words & text) >= SUPPORT * len(words)


def _ordered(report: Report) -> bool:
    """Contributors by commits, most first, then by id; the top are the first of them."""
    order = [(-one.commits, one.id) for one in report.contributors]
    first = tuple(one.id for one in report.contributors[: len(report.top)])
    return order == sorted(order) and report.top == first and bool(report.top)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - _COMMON


def _text(commit: Commit) -> str:
    return f"{commit.subject} {commit.body}"


def _f1(
    gold: set[tuple[str, str]] | set[tuple[str, str | None]], said: set[tuple[str, str]] | set[tuple[str, str | None]]
) -> float:
    """1 where both are empty."""
    if not gold and not said:
        return 1.0
    return 2 * len(gold & said) / (len(gold) + len(said))
