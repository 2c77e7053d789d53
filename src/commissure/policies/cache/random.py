"""A random one leaves: the baseline that knows nothing and cannot be fooled."""

from __future__ import annotations

from hashlib import blake2b

from commissure.hal.eviction import Evictor, Moment, Plan, Resident


class Random(Evictor):
    """The dice are a hash of seed, moment and agent, so that a decision stays a pure function."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def priority(self, entry: Resident, now: Moment) -> bytes:
        """A uniform key, fresh at each moment."""
        return blake2b(f"{self._seed}/{now.step}/{entry.agent}/{entry.key}".encode(), digest_size=8).digest()


def build(plan: Plan) -> Random:
    """Needs the seed."""
    return Random(plan.seed)
