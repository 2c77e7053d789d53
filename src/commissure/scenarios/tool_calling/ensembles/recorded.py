"""What the two local models said to the records of one long run, kept with the package.

llama.cpp by xllamacpp, SmolLM2-135M-Instruct (Q4_1) and Gemma-3-270M (Q4_K_M), under JSON Schemas; the file's first
line says when, and under which settings. `docs/record_answers.py` writes it from a run folder.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import BaseModel, ConfigDict

from commissure.hal.errors import unknown
from commissure.scenarios.tool_calling.ensembles.answers import Asked

FILE = "answers.jsonl.gz"


class RunNote(BaseModel):
    """The file's first line: where the answers come from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    seed: int
    settings: dict[str, Any]
    versions: dict[str, str]


class Line(BaseModel):
    """What a model said to a record, and where it erred, so that its errors can be carried over to other records.

    `errors` are of each candidate, `greedy_errors` of the greedy answer: the members that are wrong, each with the
    number of the wrong value among those that were said in its place, from 0 on.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    record: str
    family: str
    greedy: Asked
    candidates: Asked
    pilots: Asked | None = None
    greedy_errors: dict[str, int]
    errors: tuple[dict[str, int], ...]


@dataclass(frozen=True, slots=True)
class Recorded:
    """All of it: by model and record."""

    note: RunNote
    lines: Mapping[tuple[str, str], Line] = field(hash=False)

    @property
    def models(self) -> tuple[str, ...]:
        """Whose answers there are."""
        return tuple(dict.fromkeys(model for model, _ in self.lines))

    def of_model(self, model: str) -> tuple[Line, ...]:
        """All that a model said. Raises UsageError for a model that was not asked."""
        if model not in self.models:
            raise unknown("model with recorded answers", model, self.models)
        return tuple(line for (name, _), line in self.lines.items() if name == model)

    def by_family(self, model: str) -> dict[str, list[Line]]:
        """The same by family."""
        found: dict[str, list[Line]] = defaultdict(list)
        for line in self.of_model(model):
            found[line.family].append(line)
        return dict(found)


@cache
def recorded() -> Recorded:
    """The answers that come with the package."""
    packed = (files(__package__) / FILE).read_bytes()
    head, *rest = gzip.decompress(packed).decode().splitlines()
    lines = [Line.model_validate_json(line) for line in rest]
    return Recorded(RunNote.model_validate_json(head), {(one.model, one.record): one for one in lines})
