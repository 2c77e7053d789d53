"""Random streams in numpy blocks, one a component: a policy that draws more of one does not move the others."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np

from commissure.sim.workload.checks import check_whole

LARGEST_SEED = 2**64 - 1


def stream(seed: int, component: str) -> np.random.Generator:
    """The stream of a component, in any process the same. Raises UsageError."""
    check_whole("seed", seed, 0, LARGEST_SEED)
    digest = blake2b(component.encode(), digest_size=16).digest()
    key = tuple(int.from_bytes(digest[place : place + 4], "little") for place in range(0, 16, 4))
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=key)))
