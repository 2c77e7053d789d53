"""The first endpoint of the fleet that can serve the call."""

from commissure.hal.policy import FirstAble, Router


def build(seed: int) -> Router:
    """Nothing here depends on the seed."""
    return FirstAble()
