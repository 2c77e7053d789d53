"""API keys: read from the environment only, and struck out of whatever is shown or written."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NoReturn

from commissure.hal.errors import UsageError

# Every key that was read in this process, with the variable that held it.
_READ: dict[str, str] = {}
# Shorter values are no keys, and would strike out parts of common words.
SHORTEST = 6


class Key:
    """A key that shows itself to nobody: its text is in `header_value` only."""

    __slots__ = ("_text", "variable")

    def __init__(self, variable: str, text: str) -> None:
        self.variable = variable
        self._text = text
        if len(text) >= SHORTEST:
            _READ[text] = variable

    def __repr__(self) -> str:
        return f"Key({self.variable})"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} is not written down; read it from the environment again")

    def header_value(self, header: str) -> str:
        """What stands in the header of this name."""
        return f"Bearer {self._text}" if header == "authorization" else self._text


def read_key(endpoint: str, variables: Sequence[str], *, required: bool) -> Key | None:
    """The key in the first of the variables that is set. Raises UsageError, naming them, if a required one is not."""
    for variable in variables:
        text = os.environ.get(variable, "").strip()
        if text:
            if not (text.isascii() and text.isprintable()):
                raise UsageError(f"endpoint {endpoint!r}: {variable} holds what no key has: line breaks, or not ASCII")
            return Key(variable, text)
    if required:
        raise UsageError(
            f"endpoint {endpoint!r}: no API key: set {' or '.join(variables)} in the environment, or name another "
            'variable in the fleet file: key_variable = "..."'
        )
    return None


def checked_header(endpoint: str, variable: str, text: str) -> str:
    """What a variable holds for a header. Raises UsageError if no header can hold it."""
    if not (text.isascii() and text.isprintable()):
        raise UsageError(f"endpoint {endpoint!r}: {variable} holds what no header can: line breaks, or not ASCII")
    return text


def first_set(variables: Sequence[str]) -> str | None:
    """The value of the first variable that is set."""
    return next((value for name in variables if (value := os.environ.get(name, "").strip())), None)


def redact(text: str) -> str:
    """The text without any key that was read."""
    for key, variable in _READ.items():
        text = text.replace(key, f"<{variable}>")
    return text


def presentable(text: str) -> str:
    """What a server said, without keys, and without halves of surrogate pairs, which no file takes."""
    return redact(text).encode("utf-8", "replace").decode()


def redact_bytes(data: bytes) -> bytes:
    """The bytes, as many, with stars for any key that was read."""
    for key in _READ:
        data = data.replace(key.encode(), b"*" * len(key))
    return data
