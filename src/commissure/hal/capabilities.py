"""What an endpoint can do, and what a call asks for that it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, get_args

from pydantic import TypeAdapter

from commissure.hal.call import MOST_ANSWERS, Call, HintAction
from commissure.hal.errors import UsageError, unknown

TOOL_CHOICES = frozenset({"auto", "none", "required", "named"})
HINTS: frozenset[HintAction] = frozenset(get_args(HintAction))


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an endpoint can do. `kv_slots` is the number of KV slots that hints can address, 0 if none.

    `kv_priorities` says that each request tells how long its agent's prefix is wanted, as hints set it, and that the
    endpoint evicts by that.

    `context_tokens` is the room for one prompt and its answer as the endpoint is set up, where that is known. `stop` is
    the most stop texts, `logprobs` the most other tokens shown in each place (None: no log probabilities at all).
    `several` says whether it gives several answers to one prompt by itself, at most `most_answers` to a request; else,
    and for more of them, it is asked several times.
    `tells_times` says whether its own account of the time comes with every answer; else it shows in a stream only.
    """

    kv_slots: int = 0
    kv_priorities: bool = False
    context_tokens: int | None = None
    hints: frozenset[HintAction] = frozenset()
    min_tokens: bool = True
    chat: bool = True
    completion: bool = True
    temperature: bool = True
    seed: bool = True
    stop: int = 1024
    schema: bool = True
    tools: bool = True
    tool_choices: frozenset[str] = TOOL_CHOICES
    logprobs: int | None = 20
    images: bool = True
    cache_key: bool = True
    cache_ttls_s: tuple[int, ...] | None = None
    several: bool = True
    most_answers: int = MOST_ANSWERS
    tells_times: bool = True

    @property
    def answers_at_once(self) -> int:
        """The most answers that one request brings."""
        return self.most_answers if self.several else 1

    def missing(self, call: Call) -> list[str]:
        """What the call asks for that is not here, in words; empty if nothing."""
        lacks: list[str] = []
        if call.min_tokens and not self.min_tokens:
            lacks.append("min_tokens")
        if not (self.chat if call.chat else self.completion):
            lacks.append("chat" if call.chat else "completion of a bare prompt (chat=False)")
        if call.temperature and not self.temperature:
            lacks.append("temperature")
        if call.seed is not None and not self.seed:
            lacks.append("seed")
        if len(call.stop) > self.stop:
            lacks.append(f"{len(call.stop)} stop texts (at most {self.stop})" if self.stop else "stop texts")
        if call.schema is not None and not self.schema:
            lacks.append("JSON schema")
        if call.tools:
            lacks += self._missing_of_tools(call)
        if call.logprobs is not None and (self.logprobs is None or call.logprobs > self.logprobs):
            lacks.append(f"logprobs={call.logprobs}" + ("" if self.logprobs is None else f" (at most {self.logprobs})"))
        if call.images and not self.images:
            lacks.append("images")
        if call.cache_key and not self.cache_key:
            lacks.append("cache_key")
        if call.cache_ttl_s is not None and self.cache_ttls_s is not None and call.cache_ttl_s not in self.cache_ttls_s:
            allowed = f" (one of {', '.join(map(str, self.cache_ttls_s))})" if self.cache_ttls_s else ""
            lacks.append(f"cache_ttl_s={call.cache_ttl_s}{allowed}")
        return lacks

    def _missing_of_tools(self, call: Call) -> list[str]:
        choice = call.tool_choice if call.tool_choice in TOOL_CHOICES else "named"
        if not self.tools:
            return ["tools"]
        if choice not in self.tool_choices:
            return [f"tool_choice={call.tool_choice!r} (one of {', '.join(sorted(self.tool_choices))})"]
        return []

    def in_slots(self, slots: int, tokens: int) -> Capabilities:
        """These, at a server with so many KV slots of so many tokens each: every answer to a prompt takes a slot."""
        return replace(self, kv_slots=slots, context_tokens=tokens, most_answers=min(slots, self.most_answers))

    def changed(self, changes: Mapping[str, Any]) -> Capabilities:
        """These, with some stated otherwise."""
        checked = checked_changes(changes)
        return replace(self, **{name: getattr(checked, name) for name in changes})


def checked_changes(changes: Mapping[str, Any]) -> Capabilities:
    """The values of some capabilities, each of its kind. Raises UsageError, and ValidationError on another kind."""
    names = {field.name for field in fields(Capabilities)}
    for name in changes:
        if name not in names:
            raise unknown("capability", name, names)
    changed = TypeAdapter(Capabilities).validate_python(dict(changes))
    for name in changes:
        value = getattr(changed, name)
        least = 1 if name == "most_answers" else 0
        if isinstance(value, int) and value < least:
            raise UsageError(f"capability {name} is a number from {least} on, not {value}")
    return changed
