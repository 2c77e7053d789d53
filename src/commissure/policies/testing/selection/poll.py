"""A poll: a question and the candidates that answer it; and how it is told in a few lines."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import Question, Sample
from commissure.policies.testing.salted import salted_kind

SHOWN_CHARACTERS, SALTED_LEVELS = 80, 64


@dataclass(frozen=True, slots=True)
class Poll:
    """What a selector is tried on: the question, its schema as JSON text, and the candidates.

    Of a candidate that is parsed, the value is read of its text anew each time, so that none can be spoiled.
    """

    source: str
    schema: str
    candidates: tuple[Sample, ...]

    def question(self) -> Question:
        """As it is asked."""
        return Question(self.source, json.loads(self.schema))

    def samples(self) -> list[Sample]:
        """The candidates with their values."""
        return [replace(one, value=json.loads(one.text)) if one.parsed else one for one in self.candidates]

    def parsed(self) -> tuple[Sample, ...]:
        """The candidates that have a vote."""
        return tuple(one for one in self.candidates if one.parsed)

    def lines(self) -> tuple[str, ...]:
        """The poll for a person."""
        schema = () if self.schema == "{}" else (f"schema: {_short(self.schema)}",)
        candidates = [f"candidate {place}: {_line(one)}" for place, one in enumerate(self.candidates)]
        return (f"source: {_short(self.source)!r}", *schema, *(candidates or ["no candidates"]))

    def data(self) -> dict[str, Any]:
        """The poll for a program."""
        return {
            "source": self.source, "schema": self.schema,
            "candidates": [{name: said for name, said in asdict(replace(one, value=None)).items() if name != "value"}
                           for one in self.candidates],
        }  # fmt: skip


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """What the value of a text is told from others by."""
    return canonical(json.loads(text))


def salted(samples: list[Sample], salt: int) -> list[Sample]:
    """The same with texts whose hash is another, as they have in another process."""
    kind = salted_kind(salt)
    return [
        replace(one, text=kind(one.text), member=kind(one.member), value=_salted(one.value, kind, SALTED_LEVELS))
        for one in samples
    ]


def _salted(value: Any, kind: type[str], levels: int) -> Any:
    if isinstance(value, str):
        return kind(value)
    if isinstance(value, dict) and levels:
        return {kind(name): _salted(one, kind, levels - 1) for name, one in value.items()}
    if isinstance(value, list) and levels:
        return [_salted(one, kind, levels - 1) for one in value]
    return value


def _line(one: Sample) -> str:
    said = [] if one.parsed else ["not parsed"]
    said += [] if one.logprob is None else [f"log probability {one.logprob:g}"]
    said += [] if one.verdict is None else [f"verdict {one.verdict:g}"]
    said += [f"member {one.member}"] if one.member else []
    said += [f"variant {one.variant}"] if one.variant else []
    said += [f"{one.tokens} tokens"] if one.tokens else []
    return f"{_short(one.text)}" + (f" ({', '.join(said)})" if said else "")


def _short(text: str) -> str:
    # As a terminal can show it: a lone surrogate, which JSON can write, has no encoding.
    plain = text.encode("utf-8", "backslashreplace").decode()
    more = len(plain) - SHOWN_CHARACTERS
    return plain if more <= 0 else f"{plain[:SHOWN_CHARACTERS]} ... and {more} characters more"
