"""Puts the events of a streamed message together. docs.anthropic.com/en/api/messages-streaming."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from commissure.hal.call import ToolCall
from commissure.hal.provider import Answer, Piece
from commissure.hal.reply import Choice, ChunkKind, Usage
from commissure.hal.wire.anthropic_wire import Block, Delta, EventBody, UsageBody, error_of, finish_of, usage_of


@dataclass(slots=True)
class _Growing:
    """One block so far."""

    block: Block
    pieces: list[str] = field(default_factory=list)

    @property
    def whole(self) -> str:
        return "".join(self.pieces)


class AnthropicReader:
    """message_start, blocks by index, message_delta with the reason of the end, message_stop."""

    def __init__(self) -> None:
        self._blocks: dict[int, _Growing] = {}
        self._usage: dict[str, int] = {}
        self._finish = ""
        self._stopped = False

    def feed(self, event: Any) -> list[Piece]:
        """Take an event."""
        if isinstance(event, dict) and event.get("type") == "error":
            raise error_of(event)
        read = EventBody.model_validate(event)
        self._count(read.message.usage if read.message else None)
        self._count(read.usage)
        match read.type:
            case "content_block_start" if read.content_block is not None:
                growing = self._blocks[read.index] = _Growing(read.content_block)
                return _pieces(growing, Delta(text=read.content_block.text, thinking=read.content_block.thinking))
            case "content_block_delta" if read.delta is not None and read.index in self._blocks:
                return _pieces(self._blocks[read.index], read.delta)
            case "message_delta" if read.delta is not None and read.delta.stop_reason:
                self._finish = finish_of(read.delta.stop_reason)
            case "message_stop":
                self._stopped = True
        return []

    def answer(self) -> Answer | None:
        """The whole, once the message has said why it ended and that it is over."""
        if not self.complete():
            return None
        blocks = [growing for _, growing in sorted(self._blocks.items())]
        text = "".join(one.whole for one in blocks if one.block.type == "text")
        reasoning = "".join(one.whole for one in blocks if one.block.type == "thinking")
        calls = tuple(
            ToolCall(one.block.name or "", one.whole or json.dumps(one.block.input or {}), one.block.id or "")
            for one in blocks
            if one.block.type == "tool_use"
        )
        return Answer((Choice(text, self._finish, calls, reasoning),), self.usage())

    def complete(self) -> bool:
        """Whether the message has said why it ended, and that it is over."""
        return bool(self._finish) and self._stopped

    def usage(self) -> Usage | None:
        """The tokens as last told, if the prompt's were."""
        return usage_of(UsageBody.model_validate(self._usage))

    def _count(self, usage: UsageBody | None) -> None:
        """Later counts are cumulative: they replace earlier ones."""
        if usage is not None:
            self._usage |= usage.model_dump(exclude_none=True)


def _pieces(growing: _Growing, delta: Delta) -> list[Piece]:
    parts: tuple[tuple[str | None, ChunkKind], ...] = (
        (delta.text, "text"), (delta.thinking, "reasoning"), (delta.partial_json, "tool"),
    )  # fmt: skip
    found = [Piece(text, kind) for text, kind in parts if text]
    growing.pieces += [piece.text for piece in found]
    return found
