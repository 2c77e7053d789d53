"""The length register of an automaton as plain arrays, checked for what token tables rest on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import KEEPS, REFUSED, UNBOUNDED, Automaton


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """`effect` [S, B], `least`, `most` [S] of an automaton that counts; `counted` [S]: whether a string is counted."""

    effect: NDArray[np.int32]
    least: NDArray[np.int32]
    most: NDArray[np.int32]
    counted: NDArray[np.bool_]


def register_of(automaton: Automaton) -> Register | None:
    """The register, or None if nothing is counted.

    A token's effect is told by one sum and one value because bounds are the same all through a string. So ValueError is
    raised if a byte that does not set the register leads to a state with other bounds, if one adds where nothing is
    counted, or if one sets more than the state that it leads to allows.
    """
    if automaton.effect is None or automaton.least is None or automaton.most is None:
        return None
    effect, least, most = automaton.effect, automaton.least, automaton.most
    counted = (least != 0) | (most != UNBOUNDED)
    if not (effect.any() or counted.any()):
        return None
    state, column = np.nonzero(automaton.next != REFUSED)
    to, does = automaton.next[state, column], effect[state, column]
    inside = does >= KEEPS
    _refuse(
        state, inside & ((least[to] != least[state]) | (most[to] != most[state])), "keeps the register, across bounds"
    )
    _refuse(state, (does > KEEPS) & ~counted[state], "adds to the register where nothing is counted")
    _refuse(state, ~inside & (-1 - does > most[to]), "sets the register beyond the most of the state it leads to")
    return Register(effect, least, most, counted)


def _refuse(state: NDArray[np.intp], wrong: NDArray[np.bool_], what: str) -> None:
    if wrong.any():
        raise ValueError(f"automaton: a byte in state {int(state[wrong][0])} {what}")
