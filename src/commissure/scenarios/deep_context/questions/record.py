"""The records of the questions: labelled rows, a window of them, and a question with its exact answer. Frozen data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from commissure.policies.recursion.ask import Demand

Family = Literal["counting", "user", "timeline", "needle", "pairs"]
AnswerKind = Literal["LABEL", "NUMERIC", "USER", "DATE", "COMPARISON", "MONTH_YEAR", "FACT", "PAIRS"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a window: `Date || User || Instance`, and its label, which the window's text does not show."""

    day: date
    user: str
    text: str
    label: str

    @property
    def line(self) -> str:
        """As the window shows it."""
        return f"Date: {self.day.isoformat()} || User: {self.user} || Instance: {self.text}"


@dataclass(frozen=True, slots=True)
class Window:
    """Rows under their instructions; `labels` are all that an instance may have; `id` tells it from others."""

    id: str
    rows: tuple[Row, ...]
    labels: tuple[str, ...]
    instructions: str
    # A keyed fact among the rows, for a needle: (place among the rows, line).
    needles: tuple[tuple[int, str], ...] = ()

    @property
    def text(self) -> str:
        """The context: instructions, then a line a row."""
        return "\n".join([self.instructions, *self.lines])

    @property
    def lines(self) -> list[str]:
        """The rows' lines with the needles between them."""
        lines = [row.line for row in self.rows]
        for place, line in sorted(self.needles, reverse=True):
            lines.insert(place, line)
        return lines


@dataclass(frozen=True, slots=True)
class Question:
    """One question over a window. `kind` is OOLONG's name of the task, `gold` its exact answer.

    `answer` computes the answer from rows whose labels somebody found: from the true ones it gives `gold`. `choices`
    are all that could be answered where that is a closed set; `chance` is what a uniform guess scores, or of a number
    the guess that all labels come equally often. `code` computes `result` once more, written apart from `answer`, from
    `rows` of [day, user, label], in Python that a sandbox runs. `key` is what a needle's line holds; `span` the first
    and the last day that matter, where not all do.
    """

    id: str
    family: Family
    kind: str
    demand: Demand
    answer_kind: AnswerKind
    text: str
    gold: str
    answer: Callable[[Sequence[Row]], str] = field(hash=False, compare=False)
    choices: tuple[str, ...] = ()
    chance: float = 0.0
    code: str = ""
    key: str = ""
    span: tuple[date, date] | None = None
