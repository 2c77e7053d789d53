"""A modelled tokenizer: pseudo-tokens whose counts and common prefixes are those of a chat frame around words."""

from __future__ import annotations

from functools import lru_cache

from commissure.hal.call import Call, Image
from commissure.hal.model import Model
from commissure.hal.profile import Tokenizer

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
        return self._render(call.system, call.prompt, call.images)

    def _rendered(self, system: str, prompt: str, images: tuple[Image, ...]) -> Tokens:
        system = system or self._default_system
        head = self._message("system", system) if system else ()
        return (*head, *self._seen(images), *self._message("user", prompt), *("<assistant>",) * self._reply)

    def _seen(self, images: tuple[Image, ...]) -> Tokens:
        if self._vision is None:
            return ()
        return tuple(
            f"<{image.name} {image.width_px}x{image.height_px}>"
            for image in images
            for _ in range(self._vision.tokens(image.width_px, image.height_px))
        )

    def _message(self, role: str, text: str) -> Tokens:
        words = text.split()
        body = (words[int(number / self._rate)] for number in range(int(len(words) * self._rate)))
        return (*(f"<{role}>",) * self._header, *body, *("<end>",) * self._footer)


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
