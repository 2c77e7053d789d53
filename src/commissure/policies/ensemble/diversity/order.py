"""Another order of the prompt's parts."""

from __future__ import annotations

from dataclasses import replace

from commissure.policies.ensemble.permutation import permuted
from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.selector import Diversity


class Order(Diversity):
    """The instruction before the examples, or behind them. The source stays last, so that records share prefixes."""

    def vary(self, asked: Asked, variant: int) -> Asked:
        """With the parts in their `variant`-th order; of two there are two."""
        return replace(asked, prompt=replace(asked.prompt, order=permuted(asked.prompt.order, variant)))


def build() -> Order:
    """Has no settings."""
    return Order()
