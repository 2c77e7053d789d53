"""Counting a prompt, and the cache of prompt prefixes.

A word of a message's text is one token, a message costs 4 more, an image 100. The words of tool definitions are free.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MESSAGE_TOKENS, IMAGE_TOKENS, UNIT = 4, 100, 8


@dataclass(frozen=True, slots=True)
class Prompt:
    """`words` as the cache compares them, an image being a word of its own."""

    words: tuple[str, ...]
    tokens: int

    def has_word(self, word: str) -> bool:
        """Whether it names that very word, whatever its punctuation."""
        return any(part.strip(".,:;!?\"'()") == word for part in self.words)


def read(content: Any) -> tuple[list[str], int]:
    """The words and the number of images of a message's content: a text or a list of parts."""
    if isinstance(content, str):
        return content.split(), 0
    words, images = [], 0
    for part in content or ():
        kind = part.get("type")
        if kind in ("image_url", "image"):
            words.append(str(part))
            images += 1
        elif kind == "tool_result":
            inner, more = read(part.get("content"))
            words += inner
            images += more
        else:
            words += str(part.get("text") or part.get("thinking") or part.get("input") or "").split()
    return words, images


def prompt_of(messages: Sequence[tuple[str, Any]]) -> Prompt:
    """Of (role, content) pairs. The role opens the message for the cache, but is not counted as a word."""
    words: list[str] = []
    tokens = 0
    for role, content in messages:
        own, images = read(content)
        tokens += len(own) - images + images * IMAGE_TOKENS + MESSAGE_TOKENS
        words += [f"<{role}>", *own]
    return Prompt(tuple(words), tokens)


class PrefixCache:
    """Prefixes of earlier prompts, whole units of 8 words each, the least recently used going first."""

    def __init__(self, most_units: int = 100_000) -> None:
        self._most = most_units
        self._units: OrderedDict[int, None] = OrderedDict()

    def look_up(self, prompt: Prompt) -> tuple[int, int]:
        """(tokens found, tokens newly kept) of this prompt; both are whole units, and keep it for later ones."""
        key, found, new = 0, 0, 0
        for start in range(0, len(prompt.words) - UNIT + 1, UNIT):
            key = hash((key, prompt.words[start : start + UNIT]))
            if key in self._units:
                self._units.move_to_end(key)
                found += not new
            else:
                self._units[key] = None
                new += 1
        while len(self._units) > self._most:
            self._units.popitem(last=False)
        return found * UNIT, new * UNIT
