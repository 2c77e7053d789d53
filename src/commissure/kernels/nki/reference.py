"""What the kernel must compute, in NumPy, one sequence at a time and without any of the kernel's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.nki.pack_arrays import GrammarArrays

UNCONSTRAINED = -1
"""In place of a grammar's number."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one sequence stands: its grammar, the state in it, its count."""

    grammar: int
    state: int = 1
    count: int = 0


def allowed(grammars: Sequence[GrammarArrays], at: Standing) -> NDArray[np.bool_] | None:
    """[V] which tokens may come next; None if all may. Where none may, the text can only end."""
    if at.grammar == UNCONSTRAINED:
        return None
    grammar = grammars[at.grammar]
    row = int(grammar.base[at.state])
    if row >= 0 and grammar.clips is not None:
        low, rise, high, drop = (int(value) for value in grammar.clips[:, at.state])
        row += min(max(at.count - low, 0), rise) + min(max(at.count - high, 0), drop)
    mask: NDArray[np.bool_] = grammar.allowed[grammar.mask_of[row]]
    if row < 0 or not mask.any():
        mask = grammar.allowed[grammar.mask_of[grammar.base[-1]]]
    return mask


def advanced(grammars: Sequence[GrammarArrays], at: Standing, token: int) -> Standing:
    """Where a sequence stands after a token."""
    if at.grammar == UNCONSTRAINED:
        return at
    grammar = grammars[at.grammar]
    kind = int(grammar.class_of[token])
    count = at.count
    if grammar.keeps is not None and grammar.adds is not None:
        count = int(grammar.keeps[kind, at.state]) * count + int(grammar.adds[kind, at.state])
    return Standing(at.grammar, int(grammar.next[kind, at.state]), count)


def keys(
    hidden: NDArray[np.floating],
    weights: NDArray[np.floating],
    noise: NDArray[np.floating] | None = None,
    temperature: NDArray[np.floating] | None = None,
) -> NDArray[np.float32]:
    """[b, V] fp32: what is maximised. `hidden` [H, b], `weights` [H, V], `noise` [b, V], `temperature` [b].

    logit + temperature * noise, the product rounded before the sum: with Gumbel noise its arg-max is a sample of
    softmax(logit / temperature) (Gumbel 1954; Maddison et al. 2014), and at temperature 0 the greedy choice.
    """
    logits = hidden.astype(np.float32).T @ weights.astype(np.float32)
    if noise is None or temperature is None:
        return logits
    scaled: NDArray[np.float32] = noise.astype(np.float32) * temperature.astype(np.float32)[:, None]
    return scaled + logits


def decode(
    hidden: NDArray[np.floating],
    weights: NDArray[np.floating],
    grammars: Sequence[GrammarArrays],
    batch: Sequence[Standing],
    noise: NDArray[np.floating] | None = None,
    temperature: NDArray[np.floating] | None = None,
) -> tuple[NDArray[np.int32], list[Standing]]:
    """Tokens [T, b], the lowest of equals, and where each sequence stands then.

    `hidden` [T, H, b], `weights` [H, V], `noise` [T, b, V], `temperature` [b].
    """
    standing = list(batch)
    tokens = np.zeros((len(hidden), len(standing)), np.int32)
    for step, states in enumerate(hidden):
        scores = keys(states, weights, None if noise is None else noise[step], temperature)
        for place, at in enumerate(standing):
            mask = allowed(grammars, at)
            score = scores[place] if mask is None else np.where(mask, scores[place], -np.inf)
            tokens[step, place] = token = int(score.argmax())
            standing[place] = advanced(grammars, at, token)
    return tokens, standing
