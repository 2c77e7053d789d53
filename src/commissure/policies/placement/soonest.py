"""The chip from which the prompt's state is there soonest, transfer and queue included."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.call import Call
from commissure.hal.placement import Placer, PrefillOption


class Soonest(Placer):
    """Least sum of queue, prefill and transfer; the first of equals, so that a tie stays at home."""

    def choose(self, call: Call, options: Sequence[PrefillOption]) -> PrefillOption:
        """The soonest of the options."""
        return min(options, key=lambda one: one.total_s)


def build(seed: int) -> Placer:
    """Nothing here depends on the seed."""
    return Soonest()
