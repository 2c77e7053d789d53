"""Any endpoint, drawn by the seed and the number of the decision: the baseline of every router."""

from hashlib import blake2b

from commissure.hal.call import Call
from commissure.hal.policy import Candidate, FleetStatus, Router


class Random(Router):
    """Uniform over the endpoints that are able; a pure function of the seed and the decision's number."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """One of `fleet.able(call)`."""
        able = fleet.able(call)
        drawn = blake2b(f"{self._seed}/{fleet.number}".encode(), digest_size=8).digest()
        return able[int.from_bytes(drawn) % len(able)]


def build(seed: int) -> Router:
    """A router whose choices follow from the seed."""
    return Random(seed)
