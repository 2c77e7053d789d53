"""The endpoint on which the call's tokens can cost least; what is hired by the hour costs nothing by the token."""

from commissure.hal.call import Call
from commissure.hal.policy import Candidate, FleetStatus, Router


class Cheapest(Router):
    """Least price at the call's full length; the first of equals."""

    def choose(self, call: Call, fleet: FleetStatus) -> Candidate:
        """The cheapest of `fleet.able(call)`."""
        return min(fleet.able(call), key=lambda one: one.price_usd(call))


def build(seed: int) -> Router:
    """Nothing here depends on the seed."""
    return Cheapest()
