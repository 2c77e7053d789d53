"""The chip whose time for the prompt costs least."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.call import Call
from commissure.hal.placement import Placer, PrefillOption


class Cheapest(Placer):
    """Least price, then least time; what costs an unknown price comes last."""

    def choose(self, call: Call, options: Sequence[PrefillOption]) -> PrefillOption:
        """The cheapest of the options."""
        return min(options, key=lambda one: (one.usd, one.total_s))


def build(seed: int) -> Placer:
    """Nothing here depends on the seed."""
    return Cheapest()
