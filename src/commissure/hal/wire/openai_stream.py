"""Puts the events of a streamed chat completion together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from commissure.hal.call import ToolCall
from commissure.hal.provider import Answer, Piece, ServerTimes
from commissure.hal.reply import Choice, Logprob, Usage
from commissure.hal.wire.openai_read import logprobs_of, wire_error
from commissure.hal.wire.openai_wire import ChoiceBody, EventBody, MessageBody, ToolBody


@dataclass(slots=True)
class _Tool:
    name: str = ""
    arguments: list[str] = field(default_factory=list)
    id: str = ""


@dataclass(slots=True)
class _Growing:
    """One answer so far."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    tools: dict[int, _Tool] = field(default_factory=dict)
    logprobs: list[Logprob] = field(default_factory=list)
    finish: str = ""

    def whole(self) -> Choice:
        tools = (ToolCall(one.name, "".join(one.arguments), one.id) for _, one in sorted(self.tools.items()))
        finish = self.finish or "stop"
        return Choice("".join(self.text), finish, tuple(tools), "".join(self.reasoning), tuple(self.logprobs))


class OpenAiReader:
    """Pieces come interleaved by answer, a tool's arguments by index; usage and times at the end, or never."""

    def __init__(self, usage: Callable[[Any], Usage | None], times: Callable[[Any], ServerTimes | None]) -> None:
        self._read_usage, self._read_times = usage, times
        self._growing: dict[int, _Growing] = {}
        self._usage: Usage | None = None
        self._times: ServerTimes | None = None

    def feed(self, event: Any) -> list[Piece]:
        """Take an event."""
        if isinstance(event, dict) and event.get("error"):
            raise wire_error(event["error"])
        read = EventBody.model_validate(event)
        self._usage = self._read_usage(event) or self._usage
        self._times = self._read_times(event) or self._times
        return [piece for choice in read.choices or () for piece in self._grown(choice)]

    def answer(self) -> Answer | None:
        """The whole, once every answer has said why it ended."""
        if not self.complete():
            return None
        growing = [one for _, one in sorted(self._growing.items())]
        return Answer(tuple(one.whole() for one in growing), self._usage, self._times)

    def complete(self) -> bool:
        """Whether every answer has said why it ended."""
        return bool(self._growing) and all(one.finish for one in self._growing.values())

    def usage(self) -> Usage | None:
        """The tokens, if an event has told them."""
        return self._usage

    def _grown(self, choice: ChoiceBody) -> Iterator[Piece]:
        growing = self._growing.setdefault(choice.index, _Growing())
        growing.finish = choice.finish_reason or growing.finish
        growing.logprobs += logprobs_of(choice.logprobs)
        delta = choice.delta or MessageBody()
        if reasoning := delta.reasoning_content or delta.reasoning:
            growing.reasoning.append(reasoning)
            yield Piece(reasoning, "reasoning", choice.index)
        if text := delta.content or delta.refusal or choice.text:
            growing.text.append(text)
            yield Piece(text, "text", choice.index)
        for tool in delta.tool_calls or ():
            yield Piece(_grow_tool(growing.tools, tool), "tool", choice.index)


def _grow_tool(tools: dict[int, _Tool], piece: ToolBody) -> str:
    """Add a piece to the tool call that it belongs to, and give its text. Some servers leave the index out."""
    index = piece.index
    if index is None:
        index = len(tools) if piece.id or not tools else max(tools)
    tool = tools.setdefault(index, _Tool())
    tool.name += piece.function.name or ""
    tool.id = piece.id or tool.id
    text = piece.function.arguments or ""
    tool.arguments.append(text)
    return text
