"""The chunks of an OpenAI-style stream: openai-python 3.54 types/chat/chat_completion_chunk.py, types/completion.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.support.api.answer import Answer, Choice, Piece
from tests.support.api.ask import Body
from tests.support.api.flavours.base import Event
from tests.support.api.flavours.shapes import logprob, text_logprobs

if TYPE_CHECKING:
    from tests.support.api.flavours.openai import OpenAI

DONE = "[DONE]"


class Chunks:
    """Roles first, then the choices' tokens by turns, a finish chunk for each, the usage if asked for, [DONE]."""

    def __init__(self, flavour: OpenAI, answer: Answer) -> None:
        self._flavour, self._answer, self._ask = flavour, answer, answer.ask
        self._common = flavour.common(answer, True)
        self._chat = self._ask.kind == "chat"
        nulls = flavour.null_usage_in_chunks and self._ask.include_usage and answer.usage == "normal"
        self._nulls: Body = {"usage": None} if nulls or answer.usage == "null" else {}

    def events(self) -> Iterator[Event]:
        """All of them. The usage and timing are read when the tokens are out."""
        if self._chat:
            for choice in self._answer.choices:
                yield self._event(self._row(choice, {"role": "assistant", "content": ""}), 0, 0, opening=True)
        turns = [iter([*choice.parts()]) for choice in self._answer.choices]
        step, running = 0, [True] * len(turns)
        while any(running):
            for choice, turn in zip(self._answer.choices, turns, strict=True):
                if not running[choice.index]:
                    continue
                piece = next(turn, None)
                if piece is not None:
                    yield from self._token(choice, piece, step)
                    continue
                running[choice.index] = False
                yield self._finished(choice, not any(running), max(0, step - 1))
            step += 1
        if self._ask.include_usage and self._answer.usage in ("normal", "null"):
            yield self._usage(step)
        yield Event(DONE, max(0, step - 2))

    def _token(self, choice: Choice, piece: Piece, step: int) -> Iterator[Event]:
        top, logs = self._ask.top_logprobs, None
        if not self._chat:
            logs = None if top is None else text_logprobs([piece.text], top)
            yield self._event(self._row(choice, {}, text=piece.text) | {"logprobs": logs}, step, 1)
        elif piece.part == "text":
            logs = None if top is None else {"content": [logprob(piece.text, top)]}
            yield self._event(self._row(choice, {"content": piece.text}) | {"logprobs": logs}, step, 1)
        elif piece.part == "reasoning":
            shown = self._flavour.reasoning
            row = self._row(choice, {shown: piece.text}) if shown else None
            yield self._event(row, step, 1)
        else:
            if piece.first:
                call = choice.calls[piece.call]
                opened = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": ""}}
                yield self._event(self._row(choice, {"tool_calls": [{"index": piece.call, **opened}]}), step, 0)
            more = {"index": piece.call, **self._flavour.tool_delta, "function": {"arguments": piece.text}}
            yield self._event(self._row(choice, {"tool_calls": [more]}), step, 1)

    def _finished(self, choice: Choice, last: bool, step: int) -> Event:
        flavour, answer = self._flavour, self._answer
        row = self._row(choice, {}, finish=flavour.finish(choice))
        row |= flavour.choice_extras(choice) | flavour.finish_extras(answer)
        data: Body = {**self._common, "choices": [row], **self._nulls}
        late = answer.usage == "late"
        if last and (late or not self._ask.include_usage or answer.usage == "none"):
            data |= flavour.extras(answer)
        if last and late:
            data |= {"usage": flavour.usage(answer)} | flavour.extras_with_usage(answer)
        return Event(data, step)

    def _usage(self, step: int) -> Event:
        flavour, answer = self._flavour, self._answer
        usage = flavour.usage(answer) if answer.usage == "normal" else None
        more = flavour.extras(answer) | flavour.extras_with_usage(answer)
        return Event({**self._common, "choices": [], "usage": usage, **more}, max(0, step - 2))

    def _event(self, row: Body | None, step: int, tokens: int, opening: bool = False) -> Event:
        if row is None:
            return Event(None, step, tokens)
        more = self._flavour.first_extras(self._answer) if opening else {}
        return Event({**self._common, "choices": [row], **self._nulls, **more}, step, tokens)

    def _row(self, choice: Choice, delta: Body, *, text: str = "", finish: str | None = None) -> Body:
        row: Body = {"index": choice.index, "logprobs": None, "finish_reason": finish}
        return row | ({"delta": delta} if self._chat else {"text": text})
