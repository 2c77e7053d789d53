"""A modelled tokenizer: pseudo-tokens whose counts and common prefixes are those of a chat frame around words."""

from __future__ import annotations

import json
from functools import lru_cache

from commissure.hal.call import Call, Image
from commissure.hal.profiles.model import Model
from commissure.hal.profiles.profile import Tokenizer

Tokens = tuple[str, ...]


class TokenModel:
    """Renders calls as pseudo-tokens. Without a tokenizer in the profile one word is one token, unframed.

    Images stand before the text, as many tokens each as the model's own rule gives.
    """

    def __init__(self, tokenizer: Tokenizer | None, model: Model | None = None) -> None:
        self._vision = model.vision if model else None
        self._rate = tokenizer.tokens_per_word.value if tokenizer else 1.0
        self._header = round(tokenizer.message_header_tokens.value) if tokenizer else 0
        self._footer = round(tokenizer.message_footer_tokens.value) if tokenizer else 0
        self._reply = round(tokenizer.reply_header_tokens.value) if tokenizer else 0
        default = tokenizer.default_system_tokens if tokenizer else None
        self._default_system = " ".join(["<default>"] * round(default.value)) if default else ""
        self._render = lru_cache(maxsize=4096)(self._rendered)

    def prompt(self, call: Call) -> Tokens:
        """The pseudo-tokens of a call's prompt."""
        if not call.tools and not call.history:
            return self._render(call.system, call.prompt, call.images, "", (), call.chat)
        return self._render(call.system, call.prompt, call.images, *_beside(call), call.chat)

    def _rendered(
        self,
        system: str,
        prompt: str,
        images: tuple[Image, ...],
        tools: str,
        history: tuple[tuple[str, str], ...],
        chat: bool,
    ) -> Tokens:
        if not chat:
            return self._words(prompt)
        system = f"{system or self._default_system} {tools}".strip()
        head = self._message("system", system) if system else ()
        turns = (token for role, text in history for token in self._message(role, text))
        last = self._message("user", prompt) if prompt or images or not history else ()
        return (*head, *turns, *self._seen(images), *last, *("<assistant>",) * self._reply)

    def _seen(self, images: tuple[Image, ...]) -> Tokens:
        if self._vision is None:
            return ()
        return tuple(
            f"<{image.name} {image.width_px}x{image.height_px}>"
            for image in images
            for _ in range(self._vision.tokens(image.width_px, image.height_px))
        )

    def _message(self, role: str, text: str) -> Tokens:
        return (*(f"<{role}>",) * self._header, *self._words(text), *("<end>",) * self._footer)

    def _words(self, text: str) -> Tokens:
        words = text.split()
        return tuple(words[int(number / self._rate)] for number in range(int(len(words) * self._rate)))


def _beside(call: Call) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Tools, which chat templates announce after the system prompt, and earlier turns, as texts."""
    tools = " ".join(json.dumps({"name": one.name, "parameters": dict(one.parameters)}) for one in call.tools)
    history = (
        (one.role, " ".join([one.text, *(f"{used.name} {used.arguments}" for used in one.tool_calls)]))
        for one in call.history
    )
    return tools, tuple(history)


def common_prefix(old: Tokens, new: Tokens) -> int:
    """How many tokens two sequences share from the start."""
    if old is new:
        return len(new)
    limit = min(len(old), len(new))
    # Most prompts part within their first words: double the length that agrees, then halve the rest.
    low, high = 0, min(8, limit)
    while high < limit and old[:high] == new[:high]:
        low, high = high, min(2 * high, limit)
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
