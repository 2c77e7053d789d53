"""oolong: questions over a long window; which model on which chip reads, which one counts, and is it worth it?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.policies.custom.delegation import delegation_of
from commissure.policies.recursion.strategies import build_strategy, strategy_names
from commissure.policies.recursion.strategies.strategy import Options
from commissure.scenarios.deep_context.economics.claims import economics_claims
from commissure.scenarios.deep_context.hired import with_hired
from commissure.scenarios.deep_context.recursing.figures import figures_of
from commissure.scenarios.deep_context.recursing.hidden import with_hidden_tokens
from commissure.scenarios.deep_context.recursing.measures import measures_of
from commissure.scenarios.deep_context.recursing.program import answer_all
from commissure.scenarios.deep_context.recursing.roles import default_delegation
from commissure.scenarios.deep_context.recursing.settings import Settings
from commissure.scenarios.deep_context.recursing.speaking.speaker import Speaking
from commissure.scenarios.deep_context.recursing.tables import cells, tables_of
from commissure.scenarios.deep_context.recursing.tasks import asked
from commissure.scenarios.deep_context.text_rate import with_text_rate
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table
from commissure.scenarios.slotted import with_slots_side_by_side


class Oolong:
    """Counting, users, months, needles and pairs over labelled rows, with exact answers."""

    name = "oolong"
    summary = "questions over a window of labelled rows: one long call, a fixed plan, code that asks, or the fit one"
    settings = Settings
    variants: Sequence[Mapping[str, Any]] = ({"tokens": 8192},)
    policies: Sequence[str] = ("direct", "fixed_plan", "free_code", "automatic")
    known_policies: Sequence[str] = tuple(strategy_names())

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        """With a KV slot for each sub-call at once, and tokens as long as these texts' are. Raises UsageError."""
        known = with_hidden_tokens(fleet, settings.hidden_tokens)
        delegation = delegation_of(settings.delegation or default_delegation(known.profiles))
        rated = with_text_rate(with_hired(known, delegation.endpoints), asked(settings, seed).text[:100_000])
        return with_slots_side_by_side(rated, settings.fan_out, settings.slot_tokens)

    def behaviour(self, settings: Settings, seed: int) -> Speaking:
        """As models of their skill would answer."""
        return Speaking(asked(settings, seed), settings, seed)

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> dict[str, Any]:
        """From the beginning."""
        return await self.go_on(rt, fleet, settings, policy, Kept())

    async def go_on(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str, kept: Kept) -> dict[str, Any]:
        """All questions; what is kept is not asked again."""
        options = Options(chunk_tokens=settings.chunk_tokens, turns=settings.turns)
        profiles = {name: one.profile for name, one in fleet.endpoints.items()}
        delegation = settings.delegation or default_delegation(profiles)
        given, strategy = asked(settings, rt.seed), build_strategy(policy, options)
        results = await answer_all(rt, fleet, settings, strategy, delegation, given, kept)
        return {"oolong": measures_of(given, results, delegation, rt.seed).model_dump(mode="json")}

    def measure(self, calls: Sequence[CallRecord], settings: Settings, seed: int) -> dict[str, Any]:
        """Nothing beside: the answers are measured, not their calls."""
        return {}

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Score, money and seconds a question."""
        return cells(measures["oolong"])

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """By family, and each question."""
        return tables_of(legs)

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Score against money and against seconds."""
        return figures_of(legs)

    def expected_calls(self, settings: Settings, seed: int) -> int:
        """Of the fixed plan, about."""
        return settings.questions * (1 + settings.tokens // settings.chunk_tokens)

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """Recursion on other chips against a frontier model."""
        return economics_claims()


SCENARIO = Oolong()
