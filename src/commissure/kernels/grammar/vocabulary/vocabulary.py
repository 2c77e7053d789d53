"""What each token adds to the text, whatever file it was read from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np

from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.vocabulary.trie import Trie, trie_of

MOST_TOKENS = 4_000_000
"""Far above any model's; a larger id is a broken file and would only fill the memory."""

ENDS = frozenset(
    {
        *("</s>", "<eos>", "[EOS]", "<|endoftext|>", "<|end_of_text|>", "<EOT>", "_<EOT>", "<|eot_id|>", "<|eom_id|>"),
        *("<|eot|>", "<|eom|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<end_of_turn>"),
        *("<end_of_utterance>", "<|END_OF_TURN_TOKEN|>"),
        "<\N{FULLWIDTH VERTICAL LINE}end\u2581of\u2581sentence\N{FULLWIDTH VERTICAL LINE}>",
    }
)
"""Names of tokens that end a text, a message or a turn, as llama.cpp has them (src/llama-vocab.cpp, special_eog_ids),
and those of DeepSeek and Cohere."""


# No slots: what is computed once is kept on the object.
@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Tokens by their ids, 0 to V - 1.

    `tokens` are the bytes that a token adds in the middle of a text; a writer that drops one leading space from a whole
    text (SentencePiece) does so after. Bytes may be part of a character only, and two ids may have equal bytes. A
    special token is never text (control, padding, an id that nothing has): its bytes are empty. `eos` are the special
    tokens with which a model ends its answer. Raises VocabularyError if these do not hold.
    """

    name: str
    tokens: tuple[bytes, ...]
    special: frozenset[int]
    eos: tuple[int, ...]

    def __post_init__(self) -> None:
        for token, text in enumerate(self.tokens):
            if bool(text) == (token in self.special):
                reason = "a special token has bytes" if text else "no bytes, and not special"
                raise VocabularyError(f"{self.name}: token {token}: {reason}; only special tokens are empty")
        if not self.eos:
            raise VocabularyError(
                f"{self.name}: no token ends an answer: none has a known name such as </s> or <|im_end|>; give its id "
                "as eos=(id,)"
            )
        for token in (*self.eos, *self.special):
            if not 0 <= token < self.size or token not in self.special:
                raise VocabularyError(
                    f"{self.name}: token {token} cannot end an answer or be special: special ids are among 0 to "
                    f"{self.size - 1:,}, and a token that ends an answer must be one of them"
                )

    @property
    def size(self) -> int:
        """V, special tokens included. A model's logits may be wider, see `padded`."""
        return len(self.tokens)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of tokens, special tokens and eos; equal for equal vocabularies, whatever their names and files."""
        digest = sha256()
        lengths = np.fromiter(map(len, self.tokens), "<i8", self.size)
        for part in (np.array([self.size], "<i8"), lengths, sorted(self.special), [len(self.eos)], self.eos):
            digest.update(np.asarray(part, "<i8").tobytes())
        digest.update(b"".join(self.tokens))
        return digest.hexdigest()

    @cached_property
    def trie(self) -> Trie:
        """The tree of all tokens that are not special."""
        return trie_of(self.tokens, self.special)

    def padded(self, size: int) -> Vocabulary:
        """With special tokens added up to the width of a model's logits. Raises VocabularyError if that is less."""
        if not self.size <= size <= MOST_TOKENS:
            raise VocabularyError(f"{self.name}: {self.size:,} tokens do not fit logits of width {size:,}")
        more = size - self.size
        return Vocabulary(self.name, self.tokens + (b"",) * more, self.special.union(range(self.size, size)), self.eos)

    def text(self, tokens: Sequence[int]) -> bytes:
        """What the tokens add to a text, one after the other."""
        return b"".join(self.tokens[token] for token in tokens)


def of_ids(
    name: str, texts: Mapping[int, bytes], named: Mapping[int, str], eos: Sequence[int] = (), size: int = 0
) -> Vocabulary:
    """The vocabulary of these ids' bytes and these special tokens' names; ids that nothing has are special too.

    `named` come before `texts`. Without eos, all special tokens that have one of the names in ENDS.
    """
    size = max(size, 1 + max((*texts, *named, *eos), default=-1))
    if size > MOST_TOKENS or min((*texts, *named, *eos), default=0) < 0:
        raise VocabularyError(f"{name}: ids must be 0 to {MOST_TOKENS:,}; the largest is {size - 1:,}")
    last = tuple(sorted(eos)) or ends(named)
    unseen = {*named, *last}
    tokens = tuple(b"" if token in unseen else texts.get(token, b"") for token in range(size))
    special = frozenset(token for token in range(size) if token in unseen or token not in texts)
    return Vocabulary(name, tokens, special, last)


def ends(named: Mapping[int, str]) -> tuple[int, ...]:
    """The special tokens that have one of the names in ENDS, ascending."""
    return tuple(sorted(token for token, text in named.items() if text in ENDS))
