"""Which tokens of an answer follow from its grammar alone: the right answers, token by token, under the matcher."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from commissure.kernels.grammar import Grammar, Vocabulary, compile_schema, load
from commissure.kernels.grammar import Settings as Reading
from commissure.scenarios.tool_calling.decoding.schemas import SCHEMAS
from commissure.scenarios.tool_calling.decoding.tasks import TASKS, Spelling, Task


@dataclass(frozen=True, slots=True)
class Written:
    """An answer of so many tokens; where what is forced is filled in, so many of them are still sampled."""

    tokens: int
    sampled: int


class Speller:
    """Spells texts in tokens, the longest that fits again and again: about what a model's own merges give."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._ids = {text: token for token, text in reversed(list(enumerate(vocabulary.tokens))) if text}
        self._longest = max(map(len, self._ids))

    def first(self, text: bytes) -> int:
        """The token that the text begins with."""
        sizes = range(min(self._longest, len(text)), 0, -1)
        return next(self._ids[text[:size]] for size in sizes if text[:size] in self._ids)

    def spelt(self, vocabulary: Vocabulary, text: bytes) -> list[int]:
        """All tokens of the text."""
        found: list[int] = []
        while text:
            found.append(self.first(text))
            text = text[len(vocabulary.tokens[found[-1]]) :]
        return found


@cache
def vocabulary_of(name: str) -> Vocabulary:
    """An installed vocabulary. Raises MissingExtra with the command that installs it."""
    return load(name)


@cache
def speller_of(name: str) -> Speller:
    """What spells in it."""
    return Speller(vocabulary_of(name))


@cache
def grammar_of(schema: str, whitespace: Spelling) -> Grammar:
    """The compiled grammar of one of the scenario's schemas."""
    return compile_schema(SCHEMAS[schema], Reading(whitespace=whitespace))


@cache
def written(schema: str, text: str, whitespace: Spelling, vocabulary: str) -> Written:
    """How an answer is written: what is forced at once, the rest in the longest tokens. Raises if it is refused."""
    known, speller = vocabulary_of(vocabulary), speller_of(vocabulary)
    data = text.encode()
    matcher, at, sampled = grammar_of(schema, whitespace).matcher(known), 0, 0
    while at < len(data):
        forced = matcher.forced().text
        tokens = speller.spelt(known, forced) if forced else [speller.first(data[at:])]
        sampled += not forced
        for token in tokens:
            matcher.advance(token)
            at += len(known.tokens[token])
    return Written(len(speller.spelt(known, data)), sampled)


def forced_share(vocabulary: str, whitespace: Spelling, tasks: Sequence[Task] = TASKS) -> float:
    """The share of the right answers' tokens that takes no step where forced texts are filled in."""
    found = [written(task.schema, task.text(whitespace), whitespace, vocabulary) for task in tasks]
    return 1.0 - sum(one.sampled for one in found) / sum(one.tokens for one in found)
