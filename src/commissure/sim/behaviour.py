"""What a modelled model answers. Timing comes from the profile; content and its length come from here."""

from __future__ import annotations

from typing import Protocol

from commissure.hal.call import Call
from commissure.hal.reply import Choice
from commissure.hal.words import filler


class Behaviour(Protocol):
    """A scenario's model of what its endpoints would say."""

    def answer(self, call: Call) -> tuple[str | Choice, int]:
        """The text, or a choice with tool calls and the like, and its length in tokens, at most `call.max_tokens`."""


def choice_of(said: str | Choice) -> Choice:
    """What a behaviour says as a choice; a bare text has ended by its length."""
    return said if isinstance(said, Choice) else Choice(said, "length")


class Filler:
    """Says nothing of use, at full length: for scenarios that study time and cost only."""

    def answer(self, call: Call) -> tuple[str, int]:
        """`max_tokens` filler words."""
        return filler(call.max_tokens), call.max_tokens
