"""A prompt by its parts, so that they can be put in another order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Part = Literal["instruction", "examples"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """An instruction, examples of texts with their answers, and the text to answer on; in this `order` of parts.

    The source comes last, and `answer_label` after it, so that a model goes on with the answer. `context` stands just
    before the source and is no part of it, as the declaration of a function that is to be called.
    """

    instruction: str
    examples: tuple[tuple[str, Any], ...] = field(hash=False)
    source: str
    source_label: str = "Text"
    answer_label: str = "JSON"
    order: tuple[Part, ...] = ("instruction", "examples")
    context: str = ""

    @property
    def text(self) -> str:
        """As it is sent."""
        parts: dict[Part, str] = {
            "instruction": self.instruction,
            "examples": "\n\n".join(map(self._example, self.examples)),
        }
        said = [parts[name] for name in self.order if parts[name]]
        return "\n\n".join([*said, f"{self.source_label}: {self.context}{self.source}\n{self.answer_label}:"])

    def _example(self, example: tuple[str, Any]) -> str:
        source, answer = example
        return f"{self.source_label}: {source}\n{self.answer_label}: {json.dumps(answer, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt and the JSON Schema of its answer."""

    prompt: Prompt
    schema: Mapping[str, Any] = field(hash=False)
