"""Another order of the examples for every candidate: few-shot permutation (Lu et al. 2022, arXiv 2104.08786)."""

from __future__ import annotations

from dataclasses import replace

from commissure.policies.ensemble.permutation import permuted
from commissure.policies.ensemble.prompt import Asked
from commissure.policies.ensemble.selector import Diversity


class Examples(Diversity):
    """The orders depend on the number of examples only, so that all records with the same examples share prefixes."""

    def vary(self, asked: Asked, variant: int) -> Asked:
        """With the examples in their `variant`-th order."""
        return replace(asked, prompt=replace(asked.prompt, examples=permuted(asked.prompt.examples, variant)))


def build() -> Examples:
    """Has no settings."""
    return Examples()
