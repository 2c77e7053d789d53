"""The endpoint with the fewest calls under way."""

from commissure.hal.call import Call
from commissure.hal.policy import Candidate, FleetStatus, Router


class LeastLoaded(Router):
    """Fewest calls under way; the first of equals."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The least loaded of `fleet.able(call)`."""
        return min(fleet.able(call), key=lambda one: one.running)


def build(seed: int) -> Router:
    """Nothing here depends on the seed."""
    return LeastLoaded()
