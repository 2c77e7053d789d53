"""What whole tokens can reach, and where no token leads on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from commissure.kernels.grammar.automaton import REFUSED, START, UNBOUNDED
from commissure.kernels.grammar.tables.slots import Counting

Config = tuple[int, int]
"""A state and a count."""


def reachable(following: NDArray[np.int32]) -> NDArray[np.bool_]:
    """[S]: the states that some run of whole tokens reaches, whatever the counts; `following` [C, S]."""
    met = np.zeros(following.shape[1], np.bool_)
    met[[REFUSED, START]] = True
    frontier = np.array([START])
    by_state = np.ascontiguousarray(following.T)
    while len(frontier):
        fresh = np.zeros_like(met)
        fresh[by_state[frontier].ravel()] = True
        fresh &= ~met
        met |= fresh
        frontier = np.flatnonzero(fresh)
    met[REFUSED] = False
    return met


def path_to(
    following: NDArray[np.int32],
    counting: Counting | None,
    wanted: Callable[[int, int], bool],
    check: Callable[[int], None],
) -> list[int] | None:
    """The classes of a shortest run of tokens to a state and count that is wanted, or None if none is reached.

    Counts of a string without an upper bound are told apart up to its lower bound only. `check` is given the number of
    states and counts met so far, and may raise.
    """
    before: dict[Config, tuple[Config, int] | None] = {(START, 0): None}
    waiting: list[Config] = [(START, 0)]
    for config in waiting:
        if wanted(*config):
            return _back(before, config)
        check(len(before))
        for number, after in _steps(following, counting, *config):
            if after not in before:
                before[after] = config, number
                waiting.append(after)
    return None


def _steps(following: NDArray[np.int32], counting: Counting | None, state: int, count: int) -> list[tuple[int, Config]]:
    live = np.flatnonzero(following[:, state])
    to = following[live, state]
    if counting is None:
        return [(number, (after, 0)) for number, after in zip(live.tolist(), to.tolist(), strict=True)]
    reached, value = count + counting.spent[live, state].astype(np.int64), counting.sets_to[live, state]
    fits = (reached <= counting.most[state]) & ((value < 0) | (reached >= counting.least[state]))
    counts = np.where(value < 0, reached, value)
    counts = np.where(counting.most[to] == UNBOUNDED, np.minimum(counts, counting.least[to]), counts)
    found = zip(live[fits].tolist(), to[fits].tolist(), counts[fits].tolist(), strict=True)
    return [(number, (after, register)) for number, after, register in found]


def _back(before: dict[Config, tuple[Config, int] | None], config: Config) -> list[int]:
    path: list[int] = []
    while (step := before[config]) is not None:
        config, number = step
        path.append(number)
    return path[::-1]
