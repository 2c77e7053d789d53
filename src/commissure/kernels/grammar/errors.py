"""Why a schema, a pattern or a vocabulary cannot be compiled: where it stands, the reason, what to change."""

from __future__ import annotations

from typing import Any

from commissure.hal.errors import UsageError


class GrammarError(UsageError):
    """A schema cannot be compiled.

    `pointer` is the JSON pointer (RFC 6901, "" for the whole) of the place in the schema, `keyword` what stands there
    that cannot be honoured ("" where it is no single keyword), `reason` why, `fix` what to change.
    """

    def __init__(self, pointer: str, keyword: str, reason: str, fix: str = "") -> None:
        at = f"{pointer}/{keyword}" if keyword else pointer
        super().__init__(f"schema at {at or '#'!r}: {reason}{'; ' + fix if fix else ''}")
        self.pointer = pointer
        self.keyword = keyword
        self.reason = reason
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        """As any exception's, so that it passes between processes."""
        return type(self), (self.pointer, self.keyword, self.reason, self.fix)


class InvalidSchema(GrammarError):
    """It is not a JSON Schema: a keyword's value has the wrong type, a `$ref` leads nowhere."""


class NotRegular(GrammarError):
    """A keyword cannot be honoured exactly, so nothing is compiled."""


class Unsatisfiable(GrammarError):
    """No JSON value is valid under the schema, so that every first token would be forbidden."""


class OverBudget(GrammarError):
    """The automaton outgrew the states or the time that it was given."""


class PatternError(ValueError):
    """A regular expression cannot be compiled; `regular` is false if no automaton could accept its language."""

    def __init__(self, reason: str, *, regular: bool = True) -> None:
        super().__init__(reason)
        self.regular = regular


class PatternTooLarge(PatternError):
    """The automaton of a regular expression would be too large."""


class VocabularyError(UsageError):
    """A vocabulary cannot be read or used: the message names the file or the token."""


class DoesNotFit(UsageError):
    """A table is larger than what was given for it: the chip's memory, a state's number of bits."""
