"""A schema that we refuse, left to llguidance: asked for by name, never silently."""

from __future__ import annotations

from typing import Any

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.budget import Budget
from commissure.kernels.grammar.compile import Grammar, compile_schema, document
from commissure.kernels.grammar.errors import GrammarError, NotRegular, OverBudget
from commissure.kernels.grammar.runtime.fallback import FallbackMatcher, FallbackTokens
from commissure.kernels.grammar.runtime.matcher import Matcher
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.vocabulary import Vocabulary

BYTES = Vocabulary("bytes", (*(bytes([byte]) for byte in range(256)), b""), frozenset({256}), (256,))
"""Every byte a token: with it a matcher reads any text."""


class FallbackGrammar:
    """A schema as llguidance reads it. `refused` is why we do not compile it ourselves."""

    def __init__(self, schema: Any, refused: GrammarError) -> None:
        self.refused = refused
        self._schema = schema
        self._tokens: tuple[Vocabulary, FallbackTokens] | None = None
        try:
            self.matcher(BYTES)
        except GrammarError as error:
            reason = f"{refused.reason}; and {error.reason}"
            raise type(refused)(refused.pointer, refused.keyword, reason, refused.fix) from error

    def matcher(self, vocabulary: Vocabulary) -> Matcher:
        """One sequence of tokens. Raises MissingExtra, and GrammarError where llguidance refuses the schema too."""
        if self._tokens is None or self._tokens[0] is not vocabulary:
            self._tokens = vocabulary, FallbackTokens(vocabulary)
        return FallbackMatcher(self._schema, self._tokens[1])

    def accepts(self, text: str | bytes) -> bool:
        """Whether llguidance lets the text, without whitespace, be written."""
        matcher = self.matcher(BYTES)
        try:
            for byte in text.encode() if isinstance(text, str) else text:
                matcher.advance(byte)
        except UsageError:
            return False
        return matcher.accepting


def compile_or_fall_back(
    schema: Any, settings: Settings | None = None, budget: Budget | None = None
) -> Grammar | FallbackGrammar:
    """Our grammar, or llguidance's where ours refuses a keyword or outgrows the budget; other errors are raised."""
    schema = document(schema)
    try:
        return compile_schema(schema, settings, budget)
    except (NotRegular, OverBudget) as refused:
        return FallbackGrammar(schema, refused)
