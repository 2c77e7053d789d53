"""The parts of the rubric: what share of its points a report has in each, from 0 to 1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from typing import TypeVar

from commissure.scenarios.deep_context.activity.areas import main_area
from commissure.scenarios.deep_context.activity.oracle import TOP, plain_line
from commissure.scenarios.deep_context.activity.record import Commit, Item, Report

One = TypeVar("One", bound=Hashable)
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


def attribution(report: Report, commits: Sequence[Commit]) -> tuple[float, float, float]:
    """Precision, recall and F1 over (change, person), micro. A pair said twice counts twice against precision."""
    gold = Counter((commit.key, commit.person) for commit in commits)
    said = Counter((item.key, one.id) for one in report.contributors for item in one.items)
    both = sum((gold & said).values())
    precision = both / sum(said.values()) if said else 0.0
    return precision, both / sum(gold.values()), _f1(gold, said)


def totals(report: Report, right: Report) -> float:
    """The mean over the three numbers: `0.75^|d|` for small ones, else 1 less a tenth of them (reference, 5.1)."""
    pairs = [(getattr(report.totals, name), getattr(right.totals, name)) for name in ("commits", "prs", "contributors")]
    return sum(_near(said, true) for said, true in pairs) / len(pairs)


def areas(report: Report, right: Report, commits: Sequence[Commit], package: str) -> float:
    """The mean of two F1: over (change, its main area), and over the list of areas, an area as often as it counts."""
    gold = Counter({(commit.key, main_area(commit.files, package)) for commit in commits})
    said = Counter({(item.key, item.area) for item in items_of(report)})
    return (_f1(gold, said) + _f1(_touched(right), _touched(report))) / 2


def reverts(report: Report, right: Report) -> float:
    """F1 over (change, what it takes back); 1 where there is none and none is said."""
    return _f1(*(Counter((one.key, one.reverts) for one in each.reverts) for each in (right, report)))


def counted_once(report: Report, commits: Sequence[Commit]) -> float:
    """1 less the share of changes and persons that are said more often than the log has them."""
    known = Counter(commit.key for commit in commits)
    keys = Counter(item.key for item in items_of(report))
    persons = Counter(one.id for one in report.contributors)
    again = sum(count - max(1, known[key]) for key, count in keys.items() if count > max(1, known[key]))
    again += sum(persons.values()) - len(persons)
    return 1 - again / (sum(keys.values()) + sum(persons.values())) if keys else 0.0


def support(report: Report, commits: Sequence[Commit]) -> float:
    """The share of lines that are their change's subject, or whose content words stand in its subject or body."""
    subjects = {(commit.key, plain_line(commit)) for commit in commits}
    texts: dict[str, set[str]] = {}
    for commit in commits:
        texts.setdefault(commit.key, set()).update(_words(text_of(commit)))
    items = items_of(report)
    supported = ((one.key, one.line) in subjects or _overlaps(one.line, texts.get(one.key, set())) for one in items)
    return sum(supported) / len(items) if items else 0.0


def ordered(report: Report) -> bool:
    """Contributors by commits, most first, then by id; the top are the first five of them, or all."""
    order = [(-one.commits, one.id) for one in report.contributors]
    return bool(order) and order == sorted(order) and report.top == tuple(name for _, name in order[:TOP])


def items_of(report: Report) -> list[Item]:
    """The items of all contributors."""
    return [item for one in report.contributors for item in one.items]


def text_of(commit: Commit) -> str:
    """What was said of a change: subject and body, not its files."""
    return f"{commit.subject} {commit.body}"


def _near(said: int, true: int) -> float:
    away = abs(said - true)
    if true <= SMALL:
        return float(_NEAR**away) if away < 1000 else 0.0
    return max(0.0, 1 - away / true / _OFF)


def _touched(report: Report) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in report.areas:
        found[one.area] += one.commits
    return found


def _overlaps(line: str, text: set[str]) -> bool:
    words = _words(line)
    return bool(words) and len(words & text) >= SUPPORT * len(words)


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower())) - _COMMON


def _f1(gold: Counter[One], said: Counter[One]) -> float:
    """1 where both are empty."""
    if not gold and not said:
        return 1.0
    return 2 * sum((gold & said).values()) / (sum(gold.values()) + sum(said.values()))
