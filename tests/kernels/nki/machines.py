"""Random token automata for tests of the kernel, in whole numbers: some masks tiny, some nearly full, one empty."""

from __future__ import annotations

import numpy as np

from commissure.kernels.nki.pack_arrays import GrammarArrays


def random_grammar(
    dice: np.random.Generator, vocabulary: int, states: int = 6, classes: int = 4, *, counted: bool = False
) -> GrammarArrays:
    """Consistent arrays: the last class is the end's, the last state is where it leads."""
    ended = states - 1
    class_of = dice.integers(0, classes - 1, vocabulary)
    eos = dice.choice(vocabulary, 2, replace=False)
    class_of[eos] = classes - 1
    following = dice.integers(0, ended, (classes, states))
    following[:, 0] = 0
    following[classes - 1, 1:] = ended
    slots = states + (int(dice.integers(2, 5)) if counted else 0)
    allowed = dice.random((slots + 2, vocabulary)) < dice.choice([0.01, 0.5, 0.99], (slots + 2, 1))
    allowed[np.arange(slots), dice.integers(0, vocabulary, slots)] = True
    allowed[slots] = class_of == classes - 1
    allowed[slots + 1] = False
    mask_of = dice.integers(0, slots + 2, slots)
    base = dice.integers(-1, states, states)
    base[ended] = slots - 1
    mask_of[slots - 1] = slots
    if not counted:
        return GrammarArrays(class_of, following, base, mask_of, allowed)
    clips = dice.integers(0, 4, (4, states))
    clips[:, ended] = 0
    clips[1] = np.minimum(clips[1], slots - 1 - base)
    clips[3] = np.minimum(clips[3], slots - 1 - base - clips[1])
    keeps = dice.integers(0, 2, (classes, states))
    adds = dice.integers(0, 4, (classes, states))
    return GrammarArrays(class_of, following, base, mask_of, allowed, keeps, adds, clips)
