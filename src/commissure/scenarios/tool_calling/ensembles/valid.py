"""Whether answers parse, and keep to the schema that they were asked under."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from commissure.kernels.grammar import Grammar, GrammarError, compile_schema
from commissure.kernels.grammar import Settings as Reading
from commissure.policies.ensemble.selector import Diversity
from commissure.scenarios.tool_calling.ensembles.answers import KeptSample, parse
from commissure.scenarios.tool_calling.ensembles.program import Said
from commissure.scenarios.tool_calling.records.record import Record

MOST_SHOWN = 3


class Valid(BaseModel):
    """Counts of answers: all, those that parse as JSON, those that keep to the schema; a few others, as they were said.

    An answer keeps to its schema if our grammar accepts it, with any whitespace. Schemas that it does not compile are
    counted as `unchecked`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    answers: int
    parsed: int
    accepted: int
    unchecked: int
    shown: tuple[str, ...] = ()


def valid(records: Sequence[Record], said: Mapping[str, Said], diversity: Diversity) -> Valid:
    """Of all answers of all members, greedy and pilots among them, each under the schema that it was asked under."""
    grammars = _Grammars(diversity)
    counts, shown = dict.fromkeys(("answers", "parsed", "accepted", "unchecked"), 0), list[str]()
    for one in said.values():
        for number, record in enumerate(records):
            for sample in _samples(one, number):
                grammar = grammars.of(record, sample.variant)
                verdict = grammar is not None and grammar.accepts(sample.text.strip())
                counts["answers"] += 1
                counts["parsed"] += parse(sample.text)[0]
                counts["accepted"] += verdict
                counts["unchecked"] += grammar is None
                if grammar is not None and not verdict and len(shown) < MOST_SHOWN:
                    shown.append(f"{record.id}: {sample.text}")
    return Valid(**counts, shown=tuple(shown))


class _Grammars:
    """Compiled once a schema; members come in the schema's order, so that each order is a schema of its own."""

    def __init__(self, diversity: Diversity) -> None:
        self._diversity = diversity
        self._found: dict[str, Grammar | None] = {}

    def of(self, record: Record, variant: int) -> Grammar | None:
        schema = self._diversity.vary(record.asked, variant).schema
        key = json.dumps(dict(schema))
        if key not in self._found:
            self._found[key] = _compiled(schema)
        return self._found[key]


def _compiled(schema: Mapping[str, Any]) -> Grammar | None:
    try:
        return compile_schema(dict(schema), Reading(whitespace="any"))
    except GrammarError:
        return None


def _samples(said: Said, number: int) -> list[KeptSample]:
    answers = said.answers[number]
    found = [*answers.greedy.samples, *answers.candidates.samples]
    return [*found, *said.pilots[number].samples] if said.pilots else found
