"""A random one leaves: the baseline that knows nothing and cannot be fooled."""

from __future__ import annotations

from hashlib import blake2b

import networkx as nx

from commissure.hal.policy import Evictor, Moment, Resident


class Random(Evictor):
    """The dice are a hash of seed, moment and agent, so that a decision stays a pure function."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def priority(self, entry: Resident, now: Moment) -> bytes:
        """A uniform key, fresh at each moment."""
        return blake2b(f"{self._seed}/{now.step}/{entry.agent}".encode(), digest_size=8).digest()


def build(graph: nx.DiGraph[str], seed: int) -> Random:
    """Needs the seed."""
    return Random(seed)
