"""The answer to a call: deterministic filler words, JSON or tool calls, one token a piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from commissure.hal.words import WORDS, filler
from tests.support.api.ask import Ask, Body
from tests.support.api.schema import instance

# Two, three and four bytes a character in UTF-8; U+2028 and U+0085 are line ends to str.splitlines, not to SSE.
MULTIBYTE = ("é", "日本", "🙂", "a\u2028b", "ñ\u0085x", "Ω")
DEFAULT_TOKENS, JSON_TOKEN_CHARS = 16, 4
Usage = Literal["normal", "none", "null", "late"]


@dataclass(frozen=True, slots=True)
class Call:
    """A tool call; its arguments are the pieces joined."""

    id: str
    name: str
    pieces: tuple[str, ...]

    @property
    def arguments(self) -> str:
        return "".join(self.pieces)


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of an answer. `call` is the number of the tool call it belongs to; `first` opens that call."""

    text: str
    part: Literal["reasoning", "text", "call"] = "text"
    call: int = 0
    first: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers. `matched` is the stop sequence that ended it."""

    index: int
    reasoning: tuple[str, ...] = ()
    pieces: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    finish: Literal["stop", "length", "tool_calls"] = "stop"
    matched: str | None = None

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def tokens(self) -> int:
        return len(self.reasoning) + len(self.pieces) + sum(len(call.pieces) for call in self.calls)

    def parts(self) -> Iterator[Piece]:
        """Its tokens in order."""
        for text in self.reasoning:
            yield Piece(text, "reasoning")
        for text in self.pieces:
            yield Piece(text)
        for number, call in enumerate(self.calls):
            for place, text in enumerate(call.pieces):
                yield Piece(text, "call", number, place == 0)


@dataclass(slots=True)
class Answer:
    """All that a flavour needs to write an answer. The times are of the server's clock in s, set as it goes."""

    ask: Ask
    number: int
    created: int
    choices: tuple[Choice, ...]
    prompt_tokens: int = 0
    cached_tokens: int = 0
    written_tokens: int = 0
    usage: Usage = "normal"
    slot: int = 0
    start_s: float = 0.0
    first_s: float = 0.0
    end_s: float = 0.0
    sent_tokens: int = field(default=0)

    @property
    def output_tokens(self) -> int:
        return sum(choice.tokens for choice in self.choices)

    @property
    def reasoning_tokens(self) -> int:
        return sum(len(choice.reasoning) for choice in self.choices)


def make_choices(ask: Ask, number: int, multibyte: bool) -> tuple[Choice, ...]:
    """The `ask.n` answers to each of its prompts. Seeds and places differ in their words."""
    return tuple(_choice(ask, place, number, multibyte) for place in range(ask.n * len(ask.prompts)))


def _choice(ask: Ask, place: int, number: int, multibyte: bool) -> Choice:
    most = DEFAULT_TOKENS if ask.most_tokens is None else ask.most_tokens
    start = (ask.seed + place) % len(WORDS)
    reasoning = _words(start + 7, max(1, most // 4), multibyte) if ask.reasons and most > 1 else ()
    most -= len(reasoning)
    if ask.calls:
        return _with_calls(ask, place, number, most, reasoning, multibyte)
    if ask.literal is not None or ask.schema is not None:
        word = MULTIBYTE[3] if multibyte else WORDS[start]
        text = (
            ask.literal if ask.literal is not None else json.dumps(instance(ask.schema or {}, word), ensure_ascii=False)
        )
        pieces = _cut(text)
        return Choice(place, reasoning, pieces[:most], finish="stop" if len(pieces) <= most else "length")
    pieces, matched = _stopped(_words(start, most, multibyte), ask.stop)
    ended = matched is not None or ask.most_tokens is None
    return Choice(place, reasoning, pieces, finish="stop" if ended else "length", matched=matched)


def _with_calls(ask: Ask, place: int, number: int, most: int, reasoning: tuple[str, ...], multibyte: bool) -> Choice:
    calls = []
    whole = True
    for which, (name, schema) in enumerate(ask.calls):
        text = _json(schema, MULTIBYTE[3] if multibyte else WORDS[ask.seed % 9])
        pieces = _cut(text)
        whole = whole and len(pieces) <= most
        calls.append(Call(f"call_{number:06d}_{place}_{which}", name, pieces[:most]))
        most -= len(calls[-1].pieces)
    kept = tuple(call for call in calls if call.pieces)
    return Choice(place, reasoning, calls=kept, finish="tool_calls" if whole else "length")


def _json(schema: Body, word: str) -> str:
    return json.dumps(instance(schema, word), ensure_ascii=False)


@lru_cache(maxsize=1024)
def _words(start: int, count: int, multibyte: bool) -> tuple[str, ...]:
    words = [MULTIBYTE[place % len(MULTIBYTE)] for place in range(start, start + count)]
    if not multibyte:
        words = filler(start + count).split(" ")[start:] if count else []
    return tuple(word if place == 0 else " " + word for place, word in enumerate(words))


def _cut(text: str) -> tuple[str, ...]:
    return tuple(text[start : start + JSON_TOKEN_CHARS] for start in range(0, len(text), JSON_TOKEN_CHARS))


def _stopped(pieces: tuple[str, ...], stop: tuple[str, ...]) -> tuple[tuple[str, ...], str | None]:
    """The pieces before the first stop sequence, and that sequence."""
    text = "".join(pieces)
    found = sorted((text.find(one), one) for one in stop if one and one in text)
    if not found:
        return pieces, None
    end, kept = found[0][0], []
    for piece in pieces:
        if end <= 0:
            break
        kept.append(piece[:end])
        end -= len(piece)
    return tuple(kept), found[0][1]
