"""Mistral's tekken.json: special tokens first, then ranks with their bytes in base64."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence

from pydantic import BaseModel, Field, ValidationError

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.vocabulary import MOST_TOKENS, Vocabulary, of_ids

EOS = 2
"""</s> where the file names no special tokens (mistral_common, tokens/tokenizers/tekken.py)."""


class Config(BaseModel):
    """How many of the ranks a model uses."""

    default_vocab_size: int = Field(gt=0, le=MOST_TOKENS)
    default_num_special_tokens: int = Field(ge=0, le=MOST_TOKENS)


class Rank(BaseModel):
    """A token; its id is its rank plus the number of special tokens."""

    rank: int
    token_bytes: str


class SpecialToken(BaseModel):
    """A token that is never text, with its id."""

    rank: int
    token_str: str


class TekkenFile(BaseModel):
    """What of the file is read."""

    config: Config
    vocab: list[Rank]
    special_tokens: list[SpecialToken] | None = None


def read_tekken(data: bytes, name: str, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of a file, cut to the size that its models use.

    Raises VocabularyError for what is not such a file, bad base64, and ranks that are not 0, 1, 2, ...
    """
    try:
        file = TekkenFile.model_validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        at = "/".join(map(str, first["loc"]))
        raise VocabularyError(f"{name}: not a tekken file: at {at or 'its start'}: {first['msg']}") from None
    specials = file.config.default_num_special_tokens
    used = file.config.default_vocab_size - specials
    if not 0 < used <= len(file.vocab):
        raise VocabularyError(f"{name}: {len(file.vocab):,} ranks where its config needs {used:,}; is it cut short?")
    texts: dict[int, bytes] = {}
    for place, entry in enumerate(file.vocab[:used]):
        if entry.rank != place:
            raise VocabularyError(f"{name}: token {place}: its rank is {entry.rank}; ranks must be 0, 1, 2, ...")
        try:
            texts[specials + place] = a2b_base64(entry.token_bytes, strict_mode=True)
        except ValueError as error:
            raise VocabularyError(f"{name}: rank {place}: {entry.token_bytes[:60]!r} is not base64: {error}") from None
    named = dict.fromkeys(range(specials), "")
    if file.special_tokens is None:
        return of_ids(name, texts, named, eos or (EOS,))
    named.update({token.rank: token.token_str for token in file.special_tokens})
    return of_ids(name, texts, named, eos)
