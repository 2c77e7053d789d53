"""How the vote of whole records stands, and what the rest could still change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from commissure.policies.ensemble.sample import Sample
from commissure.policies.ensemble.tally import voters


@dataclass(frozen=True, slots=True)
class Race:
    """Votes of the two leading values, 0 where there is none, and how many candidates are left to ask for."""

    first: int
    second: int
    left: int

    @classmethod
    def of(cls, candidates: Sequence[Sample], most: int) -> Race:
        """After these candidates, of which those that are not parsed have no vote but are of the `most`."""
        votes = [votes for _, votes in Counter(one.text for one in voters(candidates)).most_common(2)]
        first, second = (*votes, 0, 0)[:2]
        return cls(first, second, max(0, most - len(candidates)))

    @property
    def is_decided(self) -> bool:
        """Whether the leader wins whatever the rest says: no other value, seen or not, can as much as draw level."""
        return self.left == 0 or self.first - self.second > self.left

    @property
    def fewest_to_decide(self) -> int:
        """How many candidates could decide it, were they all for the leader; 0 if it is decided."""
        return 0 if self.is_decided else (self.left - (self.first - self.second)) // 2 + 1
