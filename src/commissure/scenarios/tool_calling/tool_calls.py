"""tool-calls: several candidates of a small model and a way to choose among them; when does that equal a larger one?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table
from commissure.scenarios.tool_calling.ensembles.behaviour import Said
from commissure.scenarios.tool_calling.ensembles.claims import tool_calls_claims
from commissure.scenarios.tool_calling.ensembles.evidence import SCENARIO_NAME
from commissure.scenarios.tool_calling.ensembles.figures import figures_of
from commissure.scenarios.tool_calling.ensembles.measures import measures_of
from commissure.scenarios.tool_calling.ensembles.members import with_members
from commissure.scenarios.tool_calling.ensembles.program import ask_all
from commissure.scenarios.tool_calling.ensembles.settings import Settings
from commissure.scenarios.tool_calling.ensembles.tables import cells, tables_of
from commissure.scenarios.tool_calling.ensembles.ways import way, way_names
from commissure.scenarios.tool_calling.records.families import records_of


class ToolCalls:
    """Structured extraction and function calls with exact answers, asked of every endpoint of a fleet."""

    name = SCENARIO_NAME
    summary = "n grammar-constrained candidates of each model, voted on, beside greedy, the oracle and the larger model"
    settings = Settings
    variants = ({"n": 8},)
    policies = ("plurality", "per_field")
    known_policies = tuple(way_names())

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        """Every endpoint a member, with a KV slot for each candidate. Raises UsageError for what it cannot be asked."""
        way(policy)
        self.behaviour(settings, seed)
        return with_members(fleet, settings.n, settings.slot_tokens)

    def behaviour(self, settings: Settings, seed: int) -> Said:
        """As the local models have answered."""
        records = records_of(settings.family_list, settings.records, seed)
        return Said(records, settings.stand_in, modelled=settings.says == "modelled")

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> dict[str, Any]:
        """From the beginning."""
        return await self.go_on(rt, fleet, settings, policy, Kept())

    async def go_on(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str, kept: Kept) -> dict[str, Any]:
        """All members about all records; returns what their answers are worth under every policy."""
        records = records_of(settings.family_list, settings.records, rt.seed)
        chosen = way(policy)
        said = await ask_all(rt, fleet, settings, chosen, records, kept)
        profiles = {name: one.profile for name, one in fleet.endpoints.items()}
        found = measures_of(records, said, profiles, chosen, settings, rt.seed)
        return {"policy_shown": policy, "ensembles": found.model_dump(mode="json")}

    def measure(self, calls: Sequence[CallRecord], settings: Settings, seed: int) -> dict[str, Any]:
        """Nothing beside: the answers themselves are measured, not their calls."""
        return {}

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Of each member: what is right under greedy, one sample, the policy and the oracle; the candidates' time."""
        return cells(measures["ensembles"], measures["policy_shown"])

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """Every policy on the same candidates, pace, votes foretold and measured, the best ensembles."""
        return tables_of(legs)

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Accuracy against n, tokens and time; confidence against accuracy."""
        return figures_of(legs)

    def expected_calls(self, settings: Settings, seed: int) -> int:
        """Of one endpoint whose candidates come of one prompt."""
        return settings.records * (3 if settings.pilots else 2)

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """Eight candidates of a small model against its one answer and a larger model's; their latency."""
        return tool_calls_claims(measured)


SCENARIO = ToolCalls()
