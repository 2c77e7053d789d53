"""A declared chain that corrects itself by what is observed, so that a wrong or partial graph does little harm."""

from __future__ import annotations

from typing import Self

import numpy as np

from commissure.policies.cache.nextuse.chain import Chain, Matrix, green, reached_later

# How many observed moves from an agent weigh as much as what was declared of it (a Dirichlet prior).
PRIOR_MOVES = 5.0
# What nobody declared is learned up to here: calls without an agent have a name each, and a matrix grows by its square.
MOST_AGENTS, MOST_WORKFLOWS = 512, 4096
# Rank-one updates between two inversions anew, so that rounding errors do not add up.
FRESH_AFTER = 500


class LearnedChain:
    """P[i] = (prior x declared[i] + observed[i]) / (prior + observations of i).

    Agents that nobody declared are learned as they appear. A move changes one row of P, and so G = (I - D P)^-1 by a
    rank-one update (Sherman and Morrison 1950): O(n^2).
    """

    def __init__(self, declared: Chain, prior: float = PRIOR_MOVES) -> None:
        self._declared, self._prior = declared, prior
        self._place = {agent: number for number, agent in enumerate(declared.agents)}
        self._weights = prior * declared.moves
        self._totals = np.full(len(declared.agents), prior)
        self._discounts = declared.discounts.copy()
        self._green: Matrix | None = None
        self._updates = 0
        self._stands: dict[str, int] = {}

    def fresh(self) -> Self:
        """The chain as it was declared, with nothing observed."""
        return type(self)(self._declared, self._prior)

    def called(self, workflow: str, agent: str) -> None:
        """An agent of that workflow calls: a move from the one that called before it there."""
        before = self._stands.pop(workflow, None)
        here = self._place.get(agent)
        if here is None:
            if len(self._place) >= max(MOST_AGENTS, len(self._declared.agents)):
                return
            here = self._grow(agent)
        self._stands[workflow] = here
        if len(self._stands) > MOST_WORKFLOWS:
            del self._stands[next(iter(self._stands))]
        if before is not None:
            self._moved(before, here)

    def chances(self, agent: str) -> dict[str, float]:
        """psi of each agent's next call after that of `agent`; 0 for those never heard of."""
        here = self._place.get(agent)
        if here is None:
            return {}
        return dict(zip(self._place, reached_later(self._inverse(), here).tolist(), strict=True))

    def following(self, agent: str) -> dict[str, float]:
        """The probabilities of who calls next after the agent; empty if it was never heard of."""
        here = self._place.get(agent)
        if here is None:
            return {}
        row = self._row(here)
        names = tuple(self._place)
        return {names[place]: float(row[place]) for place in row.nonzero()[0]}

    def _moved(self, before: int, here: int) -> None:
        old = self._row(before)
        self._weights[before, here] += 1.0
        self._totals[before] += 1.0
        if self._green is None:
            return
        change = self._discounts[before] * (old - self._row(before))
        across = change @ self._green
        self._green -= np.outer(self._green[:, before], across) / (1.0 + across[before])
        self._updates += 1
        if self._updates >= FRESH_AFTER:
            self._green = None

    def _row(self, place: int) -> Matrix:
        row: Matrix = self._weights[place] / max(self._totals[place], 1e-300)  # a row without a total is empty
        return row

    def _inverse(self) -> Matrix:
        if self._green is None:
            rows = np.array([self._row(place) for place in range(len(self._place))])
            self._green = green(Chain(tuple(self._place), rows, self._discounts))
            self._updates = 0
        return self._green

    def _grow(self, agent: str) -> int:
        """A new agent of mean duration, of which nothing is known."""
        number = self._place[agent] = len(self._place)
        self._weights = np.pad(self._weights, ((0, 1), (0, 1)))
        self._totals = np.append(self._totals, 0.0)
        self._discounts = np.append(self._discounts, self._discounts.mean())
        self._green = None
        return number
