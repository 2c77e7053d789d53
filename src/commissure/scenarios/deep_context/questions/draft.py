"""What a family makes: a question without its number. Ties and near ties are not asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from commissure.hal.clock.dice import Dice
from commissure.policies.recursion.ask import Demand
from commissure.scenarios.deep_context.questions.record import AnswerKind, Row, Window

Key = TypeVar("Key", bound=Hashable)
MORE, LESS, SAME = "more common", "less common", "same frequency"
COMPARISONS = (MORE, LESS, SAME)
# Comparisons nearer than this share, and not equal, are not asked (arXiv 2511.02817).
GAP = 0.02


@dataclass(frozen=True, slots=True)
class Draft:
    """A question; see `Question`. Where `chance` is not given, it is that of OOLONG's guesses."""

    text: str
    answer_kind: AnswerKind
    answer: Callable[[Sequence[Row]], str] = field(hash=False)
    choices: tuple[str, ...] = ()
    code: str = ""
    key: str = ""
    span: tuple[date, date] | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """One sort of question: `draw` makes one about a window, or None where the window has no clear answer."""

    name: str
    draw: Callable[[Window, Dice], Draft | None] = field(hash=False)
    demand: Demand = "linear"


def ranked(counts: Counter[Key]) -> list[Key]:
    """Most frequent first; of equals the first by name."""
    return sorted(counts, key=lambda key: (-counts[key], str(key)))


def clear_at(counts: Counter[Key], place: int) -> bool:
    """Whether the one at this place of the ranking is apart from all others by more than the gap."""
    order = ranked(counts)
    if not -len(order) <= place < len(order):
        return False
    mine = order[place]
    return all(counts[key] != counts[mine] and clearly(counts[key], counts[mine]) for key in order if key != mine)


def compared(one: float, other: float) -> str:
    """The first beside the second."""
    return MORE if one > other else LESS if one < other else SAME


def clearly(one: float, other: float) -> bool:
    """Equal, or apart by more than the gap."""
    return one == other or abs(one - other) > GAP * max(one, other)


def month_of(day: date) -> str:
    """As answers name months."""
    return day.isoformat()[:7]


def counts_of(rows: Sequence[Row], labels: Sequence[str]) -> Counter[str]:
    """How often each label comes, those that never come among them."""
    counts = Counter(dict.fromkeys(labels, 0))
    counts.update(row.label for row in rows)
    return counts
