"""recursion-gain: how much of what a mix gains is due to its model, its chip, working side by side, and routing?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.scenarios.deep_context.economics.claims import claim_figures
from commissure.scenarios.deep_context.economics.gain import (
    FACTORS,
    Parts,
    factors_of,
    only_used,
    placed_by,
    split_table,
    ways,
)
from commissure.scenarios.deep_context.oolong import Oolong
from commissure.scenarios.deep_context.recursing.settings import Settings as OolongSettings
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table


class Settings(OolongSettings):
    """As oolong's. `base` does everything at first; `model` and `chip` are another model, on two chips.

    `hidden_tokens` are the same for all, so that no endpoint is dearer only because more is known of it.
    """

    tokens: int = 32_768
    questions: int = 4
    hidden_tokens: int | None = 0
    base: str = "gpt"
    model: str = "oss-h100"
    chip: str = "oss-cerebras"
    strategy: str = "free_code"

    @property
    def parts(self) -> Parts:
        """The endpoints by their part."""
        return Parts(self.base, self.model, self.chip)

    def under(self, way: str) -> Settings:
        """The settings of one combination of the factors."""
        side_by_side = self.fan_out if "concurrency" in factors_of(way) else 1
        return self.model_copy(update={"fan_out": side_by_side, "delegation": placed_by(way, self.parts)})


class RecursionGain(Oolong):
    """Oolong under every combination of the four changes."""

    name = "recursion-gain"
    summary = "the gain of a mix over one model, split into model, chip, concurrency and routing (--fleet deep-context)"
    settings = Settings
    variants = ({"tokens": 32_768},)
    policies = ways()
    known_policies = ways()

    def fleet(self, fleet: Fleet, settings: OolongSettings, policy: str, seed: int) -> Fleet:
        """With the endpoints that the combination uses. Raises UsageError if one is not in the fleet."""
        given = _own(settings)
        if given.delegation:
            raise UsageError("the combinations set the delegation: give base, model and chip")
        return super().fleet(only_used(fleet, policy, given.parts), given.under(policy), given.strategy, seed)

    async def go_on(
        self, rt: Runtime, fleet: OpenFleet, settings: OolongSettings, policy: str, kept: Kept
    ) -> dict[str, Any]:
        """All questions under the combination."""
        given = _own(settings)
        return await super().go_on(rt, fleet, given.under(policy), given.strategy, kept)

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """The split, where all combinations were run."""
        simulated = [leg for leg in legs if leg.world == "sim"]
        return [split_table(simulated)] if len(simulated) == 2 ** len(FACTORS) else []

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """What the claims of the source documents hang on, input by input."""
        return claim_figures()

    def claims(self, measured: Sequence[Any]) -> list[Claim]:
        """Oolong's own are judged there."""
        return []


def _own(settings: OolongSettings) -> Settings:
    if not isinstance(settings, Settings):
        raise UsageError(f"recursion-gain has settings of its own, not {type(settings).__name__}")
    return settings


SCENARIO = RecursionGain()
