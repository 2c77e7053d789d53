"""Answers by hand, for tests: a behaviour that says what it is told, and panels of given candidates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from commissure.hal.call import Call
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice
from commissure.policies.ensemble.prompt import Asked, Prompt
from commissure.policies.ensemble.sample import Sample
from commissure.scenarios.tool_calling.ensembles.panel import Panel
from commissure.scenarios.tool_calling.records.field_match import field_match
from commissure.scenarios.tool_calling.records.record import Record

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "maxLength": 9}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
TRUTH = {"a": 1, "b": "x"}


def record(name: str, truth: dict[str, Any] | None = None, family: str = "hand") -> Record:
    """A record of two fields."""
    truth = TRUTH if truth is None else truth
    return Record(
        name,
        family,
        Asked(Prompt("Say a and b.", (), f"text of {name}"), SCHEMA),
        truth,
        partial(field_match, truth),
        40,
    )


def sample(value: Any, logprob: float | None = None, member: str = "") -> Sample:
    """A candidate that says a value; a text stands for itself, and is not parsed."""
    if isinstance(value, str):
        return Sample(value, tokens=3, logprob=logprob, member=member)
    return Sample(json.dumps(value), value, parsed=True, tokens=3, logprob=logprob, member=member)


def panel(*rows: Sequence[Any], greedy: Sequence[Any] | None = None, name: str = "m") -> Panel:
    """A row of candidates a record, each with the same truth."""
    records = tuple(record(f"{name}/{number}") for number in range(len(rows)))
    candidates = tuple(tuple(sample(one) for one in row) for row in rows)
    return Panel(name, records, candidates, tuple(map(sample, greedy)) if greedy is not None else ())


class Says:
    """Every endpoint says what a function makes of its model and the call."""

    def __init__(self, say: Callable[[str, Call], str]) -> None:
        self._say = say

    def at(self, profile: Profile) -> Speaker:
        """Of one endpoint."""
        return Speaker(partial(self._say, profile.model))


class Speaker:
    """One endpoint."""

    def __init__(self, say: Callable[[Call], str]) -> None:
        self._say = say

    def answer(self, call: Call) -> tuple[Choice, int]:
        """Its text, of ten tokens."""
        return Choice(self._say(call), "stop"), min(10, call.max_tokens)
