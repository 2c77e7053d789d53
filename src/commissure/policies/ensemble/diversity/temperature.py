"""No difference but the dice: every candidate is asked the same."""

from __future__ import annotations

from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.selector import Diversity


class Temperature(Diversity):
    """Leaves it to the temperature."""

    def vary(self, asked: Asked, variant: int) -> Asked:
        """As it is."""
        return asked


def build() -> Temperature:
    """Has no settings."""
    return Temperature()
