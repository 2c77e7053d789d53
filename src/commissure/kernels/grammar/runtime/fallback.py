"""An opt-in matcher on llguidance, for schemas that no automaton can hold; its own front end reads the schema."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import MissingExtra
from commissure.kernels.grammar.errors import GrammarError, VocabularyError
from commissure.kernels.grammar.runtime.matcher import (
    Forced,
    Matcher,
    TokenRefused,
    check_rollback,
    text_ended,
    token_id,
)
from commissure.kernels.grammar.tables.rows import unpacked, words
from commissure.kernels.grammar.vocabulary import Vocabulary

INSTALL = "pip install llguidance"
COMPACT = {"whitespace_flexible": False}
"""llguidance's options under which JSON is written without white space."""


def _llguidance() -> Any:
    try:
        return importlib.import_module("llguidance")
    except ModuleNotFoundError as error:
        raise MissingExtra("the fall-back for schemas that no automaton can hold, llguidance,", INSTALL) from error


class _Spelling:
    """A vocabulary as llguidance asks for it: bytes of each token, and how a text is spelt in tokens."""

    bos_token_id = None

    def __init__(self, vocabulary: Vocabulary, encode: Callable[[bytes], Sequence[int]] | None) -> None:
        never = {*vocabulary.special, *vocabulary.eos}
        self.eos_token_id = min(vocabulary.eos)
        self.special_token_ids = sorted(never)
        texts = enumerate(vocabulary.tokens)
        self.tokens = [f"<|special {id}|>".encode() if id in never else text for id, text in texts]
        self._ids = {text: id for id, text in enumerate(self.tokens) if id not in never}
        self._longest = max(map(len, self._ids), default=0)
        self._encode = encode

    def __call__(self, text: bytes) -> list[int]:
        """The tokens of a text: the tokenizer's where one was given, else the longest that fits, again and again."""
        if self._encode is not None:
            return list(self._encode(text))
        ids, at = [], 0
        while at < len(text):
            ends = range(min(len(text), at + self._longest), at, -1)
            end = next((end for end in ends if text[at:end] in self._ids), None)
            if end is None:
                raise VocabularyError(f"no token begins the text {text[at:]!r}: add the single bytes as tokens")
            ids.append(self._ids[text[at:end]])
            at = end
        return ids


class FallbackTokens:
    """A vocabulary made ready for llguidance, half a second's work at 128,000 tokens that many matchers may share.

    `encode` is the model's tokenizer, bytes to ids. Where the next text is forced llguidance lets through only the
    tokens in which it is spelt; without `encode` these are the longest that fit. Raises MissingExtra.
    """

    def __init__(self, vocabulary: Vocabulary, encode: Callable[[bytes], Sequence[int]] | None = None) -> None:
        library = _llguidance()
        wrapper = importlib.import_module("llguidance._tokenizer").TokenizerWrapper(_Spelling(vocabulary, encode))
        self.eos = sorted(set(vocabulary.eos))
        self.size = vocabulary.size
        self.tokenizer = library.LLTokenizer(wrapper, n_vocab=vocabulary.size, eos_token=self.eos)


class FallbackMatcher(Matcher):
    """One sequence under a JSON Schema as llguidance understands it.

    `options` are llguidance's JsonCompileOptions. Raises MissingExtra, and GrammarError with llguidance's reason if it
    refuses the schema or warns that it passes over a part of it.
    """

    def __init__(
        self, schema: bool | Mapping[str, Any], tokens: FallbackTokens, options: Mapping[str, Any] = COMPACT
    ) -> None:
        library = _llguidance()
        self._tokens = tokens
        try:
            grammar = library.LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=dict(options))
        except ValueError as error:
            raise GrammarError("", "", f"llguidance: {error}") from error
        self._inner = library.LLMatcher(tokens.tokenizer, grammar, log_level=0)
        self._check()
        if warnings := self._inner.get_grammar_warnings():
            raise GrammarError("", "", f"llguidance: {'; '.join(warnings)}")
        self._taken = 0
        self._finished = False

    def _check(self) -> None:
        """Raise GrammarError if llguidance has given up, as it does without a word: a schema, or its own limits."""
        if self._inner.is_error():
            raise GrammarError("", "", f"llguidance: {self._inner.get_error()}")

    @property
    def size(self) -> int:
        """Tokens of the vocabulary."""
        return self._tokens.size

    def mask(self) -> NDArray[np.uint32]:
        """The allowed tokens as packed words; in forced texts only those in which llguidance spells them."""
        out = np.zeros(words(self._tokens.size), np.uint32)
        if not self._inner.is_stopped():
            self._inner.unsafe_compute_mask_ptr(out.ctypes.data, out.nbytes)
            self._check()
        eos = np.array(self._tokens.eos)
        bits = np.left_shift(np.uint32(1), (eos & 31).astype(np.uint32))
        # llguidance has its own view of eos once the grammar has nothing to add.
        np.bitwise_and.at(out, eos >> 5, ~bits)
        if self.accepting:
            np.bitwise_or.at(out, eos >> 5, bits)
        return out

    def allowed(self) -> NDArray[np.intp]:
        """The allowed tokens, ascending."""
        return np.flatnonzero(unpacked(self.mask(), self._tokens.size))

    def advance(self, token: int) -> None:
        """Take a token that the grammar allows, even if `mask` leaves it out of a forced text."""
        token = token_id(token)
        if self._finished:
            raise text_ended()
        if token in self._tokens.eos:
            if not self.accepting:
                raise TokenRefused(token, self._taken + 1, self.allowed())
            self._finished = True
        elif not 0 <= token < self._tokens.size or not self._inner.validate_tokens([token]):
            raise TokenRefused(token, self._taken + 1, self.allowed())
        else:
            self._inner.consume_token(token)
            self._check()
        self._taken += 1

    @property
    def accepting(self) -> bool:
        """Whether the text may end here, or has ended."""
        return self._finished or bool(self._inner.is_accepting())

    @property
    def finished(self) -> bool:
        """Whether the text has ended by eos."""
        return self._finished

    def forced(self) -> Forced:
        """What must come next, as llguidance finds it; its tokens may say less than its bytes."""
        if self._finished or self._inner.is_stopped():
            return Forced(b"", ())
        text = self._inner.deep_copy().compute_ff_bytes()
        return Forced(text, tuple(self._inner.deep_copy().compute_ff_tokens()))

    def fork(self) -> Self:
        """Another matcher at the same place, with the same way back."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._inner = self._inner.deep_copy()
        return other

    def rollback(self, tokens: int) -> None:
        """Back by so many tokens; raises UsageError beyond the first."""
        check_rollback(tokens, self._taken)
        inner = tokens - (1 if self._finished and tokens else 0)
        if inner:
            self._inner.rollback(inner)
        self._finished = self._finished and not tokens
        self._taken -= tokens
