"""What a modelled model answers. Timing comes from the profile; content and its length come from here."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Protocol, runtime_checkable

from commissure.hal.call import Call, ToolCall
from commissure.hal.profiles.estimate import JSON_CHARACTERS_A_TOKEN
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice, Logprob
from commissure.hal.words import filler
from commissure.sim.instance import smallest


class Behaviour(Protocol):
    """A scenario's model of what its endpoints would say."""

    def answer(self, call: Call) -> tuple[str | Choice, int]:
        """The text, or a choice with tool calls and the like, and its length in tokens, at most `call.max_tokens`."""


@runtime_checkable
class ByModel(Protocol):
    """A model of what different endpoints would say, each in its own way."""

    def at(self, profile: Profile) -> Behaviour:
        """That of one endpoint."""


@lru_cache(maxsize=1024)
def choice_of(said: str | Choice) -> Choice:
    """What a behaviour says as a choice; a bare text has ended by its length."""
    return said if isinstance(said, Choice) else Choice(said, "length")


class Filler:
    """Says nothing of use, at full length: for scenarios that study time and cost only.

    Where a form is asked for it is kept: the smallest value of a schema, a call of the tool that must be called.
    """

    def answer(self, call: Call) -> tuple[str | Choice, int]:
        """`max_tokens` filler words, each said with certainty."""
        if call.tools and call.tool_choice not in ("auto", "none"):
            tool = next((one for one in call.tools if one.name == call.tool_choice), call.tools[0])
            text = json.dumps(smallest(tool.parameters))
            return Choice("", "tool_calls", (ToolCall(tool.name, text, "call_0"),)), _tokens(text, call)
        if call.schema is not None:
            text = json.dumps(smallest(call.schema))
            return Choice(text, "stop"), _tokens(text, call)
        text = filler(call.max_tokens)
        if call.logprobs is None:
            return text, call.max_tokens
        return Choice(text, "length", logprobs=tuple(Logprob(word, 0.0) for word in text.split())), call.max_tokens


def _tokens(text: str, call: Call) -> int:
    return max(1, min(call.max_tokens, round(len(text) / JSON_CHARACTERS_A_TOKEN)))
