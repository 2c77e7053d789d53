"""Each endpoint in turn."""

from commissure.hal.call import Call
from commissure.hal.policy import Candidate, FleetStatus, Router


class RoundRobin(Router):
    """The n-th call of a run goes to the n-th endpoint that is able, counted around."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """By the number of the decision."""
        able = fleet.able(call)
        return able[fleet.number % len(able)]


def build(seed: int) -> Router:
    """Nothing here depends on the seed."""
    return RoundRobin()
