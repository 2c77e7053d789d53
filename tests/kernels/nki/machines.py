"""Random token automata for tests of the kernel: every live state allows a token, whole numbers only."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.pack import GrammarArrays


def random_grammar(
    dice: np.random.Generator, vocabulary: int, states: int = 5, classes: int = 4, *, counted: bool = False
) -> GrammarArrays:
    """Consistent arrays: a mask allows a token only if its class leads somewhere, or it is the end."""
    eos = tuple(sorted(int(token) for token in dice.choice(vocabulary, 2, replace=False)))
    class_of = dice.integers(0, classes, vocabulary)
    following = dice.integers(0, states, (classes, states))
    following[:, 0] = 0
    rows = states + (dice.integers(2, 5) if counted else 0)
    allowed = dice.random((rows, vocabulary)) < dice.choice([0.05, 0.5, 0.95], (rows, 1))
    allowed[np.arange(rows), dice.integers(0, vocabulary, rows)] = True
    mask_of = dice.integers(0, rows, rows)
    base = dice.integers(0, states, states)
    if not counted:
        return GrammarArrays(class_of, following, base, mask_of, allowed, eos)
    clips = dice.integers(0, 4, (4, states))
    clips[1] = np.minimum(clips[1], rows - 1 - base)
    clips[3] = np.minimum(clips[3], rows - 1 - base - clips[1])
    keeps = dice.integers(0, 2, (classes, states))
    adds = dice.integers(0, 4, (classes, states))
    return GrammarArrays(class_of, following, base, mask_of, allowed, eos, keeps, adds, clips)
