"""How tokens are written down: byte-level BPE's stand-ins for bytes, and SentencePiece's pieces."""

from __future__ import annotations

import re

from commissure.kernels.grammar.errors import VocabularyError

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
"""Types of a SentencePiece (google/sentencepiece, src/sentencepiece_model.proto); GGUF has the same numbers."""

SPACE = "\u2581"
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")


def _stand_ins() -> dict[int, int]:
    """From character to byte: printable Latin-1 is itself, the other bytes are U+0100 onwards in order.

    OpenAI's gpt-2, src/encoder.py, bytes_to_unicode.
    """
    itself = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in itself]
    # A byte that has a stand-in is not written as itself: it maps to what no byte is.
    return (
        {byte: byte for byte in itself}
        | {byte: 0xFFFF for byte in others}
        | {0x100 + place: byte for place, byte in enumerate(others)}
    )


BYTE_OF = _stand_ins()


def byte_level(text: str, name: str, token: int) -> bytes:
    """The bytes of a token of byte-level BPE. Raises VocabularyError for a character that stands for none."""
    try:
        return text.translate(BYTE_OF).encode("latin-1")
    except UnicodeEncodeError as error:
        raise VocabularyError(
            f"{name}: token {token}: {text!r} has {text[error.start]!r}, which stands for no byte in byte-level BPE; "
            "add it as an added (user-defined) token if it is plain text"
        ) from None


def piece(text: str, name: str, token: int, *, as_byte: bool) -> bytes:
    """The bytes of a SentencePiece: the mark of a space becomes one, and <0x0A>, if it is a byte, that byte."""
    if not as_byte:
        return text.replace(SPACE, " ").encode()
    match = _BYTE.match(text)
    if match is None:
        raise VocabularyError(f"{name}: token {token}: a byte is written as <0x0A>, not {text!r}")
    return bytes([int(match[1], 16)])


def is_byte(text: str) -> bool:
    """Whether the piece has the form of a byte."""
    return _BYTE.match(text) is not None
