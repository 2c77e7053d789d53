"""The best ensemble of a member, chosen on one half of the records and measured on the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from commissure.scenarios.tool_calling.ensembles.rows import Between, Column, Outcome, between, difference
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE


class Best(BaseModel):
    """The policy that did best on the development half, and what it is worth on the test half.

    `gained` and `lost` count the test records that it has right and greedy wrong, and the other way round; `reachable`
    those that greedy has wrong though some candidate is right. They say why it wins or does not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    policy: str
    records: int
    right: Between
    greedy: float
    oracle: float
    against_greedy: Between
    against_one: Between
    against_larger: Between | None
    gained: int
    lost: int
    reachable: int

    @property
    def why(self) -> str:
        """In words."""
        told = (
            f"of {self.records} test records it has {self.gained} right that greedy has wrong (some candidate has "
            f"{self.reachable} of those right), and {self.lost} wrong that greedy has right"
        )
        _, low, high = self.against_greedy
        if low > 0:
            return f"better than greedy: {told}"
        return f"{'worse than' if high < 0 else 'no different from'} greedy: {told}"


def best_of(found: Sequence[Outcome], test: Sequence[bool], larger: Outcome | None, seed: int) -> Best | None:
    """Of one member's outcomes; None where a half is empty, or the member has no greedy answers.

    Of equals on the development half the one that is first in the table.
    """
    chosen = np.asarray(test, dtype=bool)
    greedy = next((one for one in found if one.policy == GREEDY), None)
    oracle, single = (next(one for one in found if one.policy == name) for name in (ORACLE, ONE))
    if greedy is None or chosen.all() or not chosen.any():
        return None
    policies = [one for one in found if one.policy not in (GREEDY, ONE, ORACLE)]
    best = max(policies, key=lambda one: float(one.right[~chosen].mean()))
    ours, theirs, some = best.right[chosen], greedy.right[chosen], oracle.right[chosen]
    return Best(
        who=best.who,
        policy=best.policy,
        records=int(chosen.sum()),
        right=between(ours, seed),
        greedy=float(theirs.mean()),
        oracle=float(some.mean()),
        against_greedy=difference(ours, theirs, seed),
        against_one=difference(ours, single.right[chosen], seed),
        against_larger=_against(ours, larger, chosen, seed),
        gained=int(((ours == 1) & (theirs == 0)).sum()),
        lost=int(((ours == 0) & (theirs == 1)).sum()),
        reachable=int(((some == 1) & (theirs == 0)).sum()),
    )


def _against(ours: Column, larger: Outcome | None, chosen: Column, seed: int) -> Between | None:
    return None if larger is None else difference(ours, larger.right[chosen], seed)
