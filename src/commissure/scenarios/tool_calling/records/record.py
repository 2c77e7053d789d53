"""A record: a question with an exact answer, and the scorer that knows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.sample import Question


@dataclass(frozen=True, slots=True)
class Score:
    """Which fields of an answer are right, by their paths, and whether all of it is."""

    fields: Mapping[str, bool] = field(hash=False)
    right: bool

    @property
    def share(self) -> float:
        """Of the fields that are right, 0 to 1."""
        return sum(self.fields.values()) / len(self.fields) if self.fields else float(self.right)


@dataclass(frozen=True, slots=True)
class Record:
    """A question of a family, with what is asked in words and as a schema, and the scorer of its answers.

    `truth` is an answer that is right; the scorer may know of others. `room_tokens` is enough for any answer that the
    schema allows, so that no answer is cut.
    """

    id: str
    family: str
    asked: Asked
    truth: Any = field(hash=False)
    scorer: Callable[[Any], Score] = field(hash=False, repr=False)
    room_tokens: int = 256

    @property
    def question(self) -> Question:
        """As a selector sees it."""
        return Question(self.asked.prompt.source, self.asked.schema)

    def score(self, value: Any) -> Score:
        """Of an answer as JSON; what is no object at all has no field right."""
        return self.scorer(value)
