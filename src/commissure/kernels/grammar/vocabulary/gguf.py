"""The vocabulary in the metadata of a GGUF file; its tensors are never touched."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.gguf_metadata import Buffer, metadata
from commissure.kernels.grammar.vocabulary.pieces import (
    BYTE,
    CONTROL,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    byte_level,
    piece,
)
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary, ends, of_ids

PREFIX = "tokenizer.ggml."
MODELS = ("gpt2", "llama", "t5")
"""Byte-level BPE, SentencePiece's BPE and its Unigram."""
ENDING = ("eos", "eot", "eom")


def read_gguf(data: Buffer, name: str, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of a file's bytes, or of its beginning as long as that holds all metadata.

    Raises VocabularyError for what is cut short, has no vocabulary, or one of a sort that is not read.
    """
    keys = metadata(data, name, PREFIX)
    tokens = keys.get("tokens")
    if not isinstance(tokens, list) or not tokens or not isinstance(tokens[0], str):
        raise VocabularyError(f"{name}: no {PREFIX}tokens in it; name a GGUF file of a whole model")
    kinds = keys.get("token_type", [NORMAL] * len(tokens))
    if not isinstance(kinds, list) or len(kinds) != len(tokens):
        raise VocabularyError(f"{name}: {PREFIX}token_type does not have a number for each of {len(tokens):,} tokens")
    model = keys.get("model")
    if model not in MODELS:
        raise VocabularyError(f"{name}: {PREFIX}model is {model!r}; read are {', '.join(MODELS)}")
    texts: dict[int, bytes] = {}
    named: dict[int, str] = {}
    for token, (raw, kind) in enumerate(zip(tokens, kinds, strict=True)):
        text = str(raw)
        if kind in (UNKNOWN, CONTROL, UNUSED):
            named[token] = text
        elif kind == USER_DEFINED:
            texts[token] = text.encode()
        elif model == "gpt2":
            texts[token] = byte_level(text, name, token)
        else:
            texts[token] = piece(text, name, token, as_byte=kind == BYTE)
    # A chat model ends its turn with a token that older files do not name.
    given = {value for each in ENDING if isinstance(value := keys.get(f"{each}_token_id"), int) and value < len(tokens)}
    return of_ids(name, texts, named, eos or sorted(given.union(ends(named))))
