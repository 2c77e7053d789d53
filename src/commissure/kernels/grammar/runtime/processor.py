"""Matchers as the logits processors that Hugging Face's generate and llama.cpp's Python bindings call."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.runtime.matcher import Matcher


class LogitsProcessor:
    """Called with all tokens so far and the next logits, in which it writes -inf over what the grammar refuses.

    `start` makes a matcher for each row: `lambda: grammar.matcher(vocabulary)`, or `lambda: TableMatcher(tables)`.
    The tokens of the first call are the prompt, which no grammar binds. Rows of a batch may change places, as in a beam
    search, or go back. One object serves one generation; `reset` makes it ready for the next.
    """

    def __init__(self, start: Callable[[], Matcher]) -> None:
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Forget the prompt and what was generated."""
        self._prompt: int | None = None
        self._rows: list[tuple[Matcher, list[int]]] = []

    def __call__(self, tokens: NDArray[np.integer], logits: NDArray[np.floating]) -> NDArray[np.floating]:
        """Tokens [T] with logits [V], or [n, T] with [n, V]; returns the logits, changed in place.

        Raises UsageError for lists, tokens that are not whole numbers, logits that are, that cannot be written to or
        that are narrower than the vocabulary; if shapes disagree or tokens are fewer than the prompt's; TokenRefused if
        a token was not allowed. What follows eos is padding and ignored.
        """
        values = _checked(tokens, logits)
        if tokens.ndim != logits.ndim or tokens.ndim not in (1, 2) or tokens.shape[:-1] != logits.shape[:-1]:
            raise UsageError(f"tokens {tokens.shape} and logits {logits.shape}: give [T] and [V], or [n, T] and [n, V]")
        if self._prompt is None:
            self._prompt = tokens.shape[-1]
        if tokens.shape[-1] < self._prompt:
            raise UsageError(f"{tokens.shape[-1]} tokens, fewer than the prompt's {self._prompt}; reset() comes first")
        rows = np.atleast_2d(tokens)[:, self._prompt :].tolist()
        while len(self._rows) < len(rows):
            self._rows.append((self._start(), []))
        for (matcher, taken), row, own in zip(self._rows, rows, np.atleast_2d(values), strict=False):
            if len(own) < matcher.size:
                raise UsageError(f"logits {values.shape} are narrower than the vocabulary's {matcher.size:,} tokens")
            _follow(matcher, taken, row)
            _refuse(matcher.mask(), own)
        return logits


def _checked(tokens: NDArray[np.integer], logits: NDArray[np.floating]) -> NDArray[np.floating]:
    """The logits' own memory as an array of numpy's, which tensors of other libraries share."""
    for what, given in (("tokens", tokens), ("logits", logits)):
        if not hasattr(given, "__array__"):
            raise UsageError(f"{what} come as an array, which can be changed in place, not as {type(given).__name__}")
    ids, values = np.asanyarray(tokens), np.asanyarray(logits)
    if ids.dtype.kind not in "iu":
        raise UsageError(f"tokens of type {ids.dtype}: give ids, as whole numbers")
    # Types that numpy does not have itself, such as bfloat16, are of kind V.
    if values.dtype.kind not in "fV":
        raise UsageError(f"logits of type {values.dtype} cannot be -inf: give floating point")
    if not values.flags.writeable:
        raise UsageError("the logits are read-only, and are changed in place: give a copy")
    return values


def _follow(matcher: Matcher, taken: list[int], tokens: list[int]) -> None:
    """Takes the matcher from what it has taken to these tokens, by way of what both begin with."""
    same = next((at for at, (one, two) in enumerate(zip(taken, tokens, strict=False)) if one != two), None)
    same = min(len(taken), len(tokens)) if same is None else same
    matcher.rollback(len(taken) - same)
    del taken[same:]
    for token in tokens[same:]:
        if matcher.finished:
            break
        matcher.advance(token)
        taken.append(token)


def _refuse(mask: NDArray[np.uint32], logits: NDArray[np.floating]) -> None:
    width = min(len(mask) * 32, len(logits))
    refused = np.unpackbits((~mask).astype("<u4", copy=False).view(np.uint8), count=width, bitorder="little")
    np.copyto(logits[:width], -np.inf, where=refused.view(np.bool_))
    logits[width:] = -np.inf
