"""Hugging Face's tokenizer.json, of byte-level BPE or of SentencePiece's way of writing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ValidationError

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.pieces import SPACE, byte_level, is_byte, piece
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary, of_ids


class AddedToken(BaseModel):
    """A token that is found in a text before all others; its content is plain text."""

    id: int
    content: str
    special: bool = False


class Model(BaseModel):
    """The tokens: by their text, or for Unigram in the order of their ids."""

    type: str | None = None
    vocab: dict[str, int] | list[tuple[str, float]]
    byte_fallback: bool | None = False
    unk_token: str | None = None
    unk_id: int | None = None


class TokenizerFile(BaseModel):
    """What of the file is read."""

    model: Model
    added_tokens: list[AddedToken] = []
    normalizer: dict[str, Any] | None = None
    pre_tokenizer: dict[str, Any] | None = None
    decoder: dict[str, Any] | None = None

    @cached_property
    def parts(self) -> list[dict[str, Any]]:
        """What takes a text apart and what puts tokens together, without the sequences that hold them."""
        return [part for each in (self.decoder, self.pre_tokenizer, self.normalizer) for part in _parts(each)]

    @cached_property
    def byte_level(self) -> bool:
        """Whether each byte is written as a character of its own."""
        return any(part.get("type") == "ByteLevel" for part in self.parts)

    @cached_property
    def pieces(self) -> bool:
        """Whether spaces are written as SentencePiece does."""
        marks = [part for part in self.parts if part.get("type") == "Replace"]
        return (
            bool(self.model.byte_fallback)
            or any(part.get("type") == "Metaspace" for part in self.parts)
            or any(SPACE in (part.get("content"), _pattern(part)) for part in marks)
        )


def read_tokenizer_json(data: bytes, name: str, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of a file. Which of its special tokens end an answer, their names tell (see ENDS), or eos.

    Raises VocabularyError for what is not such a file, an id that two tokens have, or a way of writing that has no
    bytes for a token (WordPiece leaves out spaces).
    """
    try:
        file = TokenizerFile.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        at = "/".join(map(str, first["loc"]))
        raise VocabularyError(f"{name}: not a tokenizer.json: at {at or 'its start'}: {first['msg']}") from None
    _check(file, name)
    texts: dict[int, bytes] = {}
    named: dict[int, str] = {}
    added = _added(file, name)
    for token, text in _tokens(file.model, name):
        if added.get(token, text) != text:
            raise VocabularyError(f"{name}: token {token}: is {text!r} and {added[token]!r}; ids are unique")
        if token == file.model.unk_id or text == file.model.unk_token:
            named[token] = text
        elif token not in added:
            texts[token] = _bytes(file, text, name, token)
    for more in file.added_tokens:
        if more.special or not more.content:
            named[more.id] = more.content
        else:
            texts[more.id] = more.content.encode()
    return of_ids(name, texts, named, eos)


def _added(file: TokenizerFile, name: str) -> dict[int, str]:
    added: dict[int, str] = {}
    for token in file.added_tokens:
        if token.id in added:
            raise VocabularyError(f"{name}: token {token.id}: added twice; ids are unique")
        added[token.id] = token.content
    return added


def _tokens(model: Model, name: str) -> Iterator[tuple[int, str]]:
    if isinstance(model.vocab, list):
        yield from ((token, text) for token, (text, _) in enumerate(model.vocab))
        return
    seen: dict[int, str] = {}
    for text, token in model.vocab.items():
        if token in seen:
            raise VocabularyError(f"{name}: token {token}: is {seen[token]!r} and {text!r}; ids are unique")
        seen[token] = text
        yield token, text


def _bytes(file: TokenizerFile, text: str, name: str, token: int) -> bytes:
    if file.byte_level:
        return byte_level(text, name, token)
    return piece(text, name, token, as_byte=bool(file.model.byte_fallback) and is_byte(text))


def _check(file: TokenizerFile, name: str) -> None:
    """Raise VocabularyError for a way of writing that has no bytes for a token."""
    if file.byte_level or file.pieces:
        return
    kinds = {str(part.get("type")) for part in file.parts}
    raise VocabularyError(
        f"{name}: {file.model.type or 'its model'} with {', '.join(sorted(kinds)) or 'no decoder'}: what its "
        "tokens add to a text is not known; byte-level BPE and SentencePiece (Metaspace, byte_fallback) are read"
    )


def _parts(part: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The part or, if it is a sequence, what it is made of."""
    if part is None:
        return
    made = next((part[key] for key in ("decoders", "pretokenizers", "normalizers") if key in part), None)
    if not isinstance(made, list):
        yield part
        return
    for inner in made:
        yield from _parts(inner if isinstance(inner, dict) else None)


def _pattern(part: dict[str, Any]) -> Any:
    pattern = part.get("pattern")
    return pattern.get("String") if isinstance(pattern, dict) else pattern
