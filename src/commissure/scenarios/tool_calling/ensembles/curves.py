"""Accuracy against the number of candidates: measured on subsets of those that were drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from commissure.hal.clock.dice import Dice, dice
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.selector import Selector
from commissure.scenarios.tool_calling.ensembles.panel import Panel
from commissure.scenarios.tool_calling.ensembles.rows import Column

DRAWS = 12
"""So many subsets of each size, beside which only all candidates are one."""


def accuracy_by_n(panel: Panel, selector: Selector, seed: int) -> dict[int, Column]:
    """For n = 1 .. all: by record, how often the selector is right on n of its candidates, over random subsets."""
    return {count: _over_subsets(panel, selector, count, seed) for count in range(1, panel.n + 1)}


def oracle_by_n(panel: Panel) -> dict[int, float]:
    """The chance that at least one of n candidates is right, over all subsets: unbiased pass@n.

    Chen et al. 2021 (arXiv 2107.03374), equation 1.
    """
    every = [[score.right for score in those] for those in panel.scored_candidates()]
    return {count: float(np.mean([_at_least_one(right, count) for right in every])) for count in range(1, panel.n + 1)}


def agreement(panel: Panel) -> float:
    """The mean share of pairs of a record's candidates that are the same in every leaf."""
    shares = []
    for those in panel.candidates:
        keys = [canonical(one.value) for one in those if one.parsed]
        pairs = [(a, b) for number, a in enumerate(keys) for b in keys[:number]]
        if pairs:
            shares.append(sum(a == b for a, b in pairs) / len(pairs))
    return float(np.mean(shares)) if shares else 0.0


def _over_subsets(panel: Panel, selector: Selector, count: int, seed: int) -> Column:
    found = np.zeros(len(panel.records))
    for number, (record, those) in enumerate(zip(panel.records, panel.candidates, strict=True)):
        subsets = _subsets(len(those), count, dice(f"subsets {seed} {record.id} {count}"))
        decided = [selector.select([those[place] for place in one], record.question) for one in subsets]
        found[number] = np.mean([one.answered and record.score(one.value).right for one in decided])
    return found


def _subsets(size: int, count: int, draws: Dice) -> Sequence[Sequence[int]]:
    if count >= size:
        return [range(size)]
    return [draws.sample(range(size), count) for _ in range(DRAWS)]


def _at_least_one(right: Sequence[bool], count: int) -> float:
    count = min(count, len(right))  # a rule may have stopped before
    wrong = len(right) - sum(right)
    if count > wrong:
        return 1.0
    return 1.0 - float(np.prod([(wrong - taken) / (len(right) - taken) for taken in range(count)]))
