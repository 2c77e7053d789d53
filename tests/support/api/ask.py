"""What a request asks for, the same for all flavours, and how it is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.support.api.prompt import Prompt

Body = dict[str, Any]


class Refusal(Exception):
    """The provider answers with an error. `kind` is a row of a flavour's table of errors."""

    def __init__(self, status: int, kind: str, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.kind, self.message, self.param = status, kind, message, param


@dataclass(frozen=True, slots=True)
class Ask:
    """One call. `most_tokens` is None where the request names no limit; `calls` are the tools that the answer calls."""

    kind: str  # chat, text (completions) or messages (Anthropic's)
    body: Body = field(repr=False)
    prompts: tuple[Prompt, ...]
    most_tokens: int | None = None
    stop: tuple[str, ...] = ()
    n: int = 1
    seed: int = 0
    stream: bool = False
    include_usage: bool = False
    reasons: bool = False
    calls: tuple[tuple[str, Body], ...] = ()
    schema: Body | None = None
    literal: str | None = None
    top_logprobs: int | None = None

    @property
    def model(self) -> str:
        return str(self.body["model"])


def wanted(body: Body, name: str, kind: type, least: float | None = None) -> Any:
    """The parameter, or None. Raises Refusal if it is of another type, or less than `least`."""
    value = body.get(name)
    if value is None:
        return None
    right = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    if not right or (least is not None and value < least):
        more = "" if least is None else f" of at least {least}"
        message = f"Invalid value for '{name}': {value!r:.80}. Expected {kind.__name__}{more}."
        raise Refusal(400, "param", message, name)
    return value


def stops(value: Any) -> tuple[str, ...]:
    """One stop sequence or several."""
    return (value,) if isinstance(value, str) else tuple(value or ())


def tools_to_call(prompt: Prompt, tools: dict[str, Body], choice: str, named: str, answered: bool) -> list[str]:
    """Names of the tools that the model calls. `choice` is none, auto, required or named.

    On auto it calls the first tool if the prompt has the word "tool", unless a tool has just answered (`answered`),
    and all of them if the prompt has the word "tools".
    """
    if not tools or choice == "none":
        return []
    if choice == "named":
        if named not in tools:
            raise Refusal(400, "param", f"Tool choice '{named}' not found in 'tools' parameter.", "tool_choice")
        return [named]
    several = prompt.has_word("tools")
    if choice == "auto" and (answered or not (several or prompt.has_word("tool"))):
        return []
    return list(tools) if several else [next(iter(tools))]
