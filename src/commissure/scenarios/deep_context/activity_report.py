"""activity-report: who did what in a log of commits, by recursion over its pieces and by one long call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.runtime import Runtime
from commissure.scenarios.deep_context.reporting.claims import report_claims
from commissure.scenarios.deep_context.reporting.measures import latencies
from commissure.scenarios.deep_context.reporting.pieces import pieces_of
from commissure.scenarios.deep_context.reporting.program import prepared, report
from commissure.scenarios.deep_context.reporting.recipe import ORACLE, POLICIES
from commissure.scenarios.deep_context.reporting.settings import NAME, Settings
from commissure.scenarios.deep_context.reporting.shown import cells, figures_of, tables_of
from commissure.scenarios.deep_context.reporting.source import commits_of
from commissure.scenarios.deep_context.reporting.speaking import Speaking
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Claim, Table


class ActivityReport:
    """A report on a log of commits in a strict form, graded by a rubric that code computes."""

    name = NAME
    summary = "a report on a git log, who did what: pieces read by cheap models, joined by code, beside one long call"
    settings = Settings
    variants = ({"tokens": 30_000},)
    policies = POLICIES
    known_policies = (*POLICIES, ORACLE)

    def fleet(self, fleet: Fleet, settings: Settings, policy: str, seed: int) -> Fleet:
        """What the policy needs of it. Raises UsageError for roles that it cannot fill, or a log that is none."""
        self.behaviour(settings, seed)
        return prepared(fleet, settings, policy, seed)

    def behaviour(self, settings: Settings, seed: int) -> Speaking:
        """They read what stands in their prompts, and err."""
        return Speaking(settings.stand_in, seed, settings.curve)

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Settings, policy: str) -> dict[str, Any]:
        """One report; returns its grade and what it took."""
        made = await report(rt, fleet, settings, policy)
        return {"policy_shown": policy, "report": made.model_dump(mode="json")}

    def measure(self, calls: Sequence[CallRecord], settings: Settings, seed: int) -> dict[str, Any]:
        """How long its calls took."""
        return latencies(calls)

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """Points, attribution, the hallucination flag, what is missing, and the calls' p95."""
        return cells(measures)

    def tables(self, legs: Sequence[LegSummary]) -> list[Table]:
        """The rubric's parts, and what each policy took."""
        return tables_of(legs)

    def figures(self, legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
        """Points against money and against time."""
        return figures_of(legs)

    def expected_calls(self, settings: Settings, seed: int) -> int:
        """Of a policy that reads each piece twice and writes about every commit."""
        commits = commits_of(settings, seed)
        reads = len(pieces_of(commits, settings.chunk_tokens)) * (2 if settings.verify else 1)
        return reads + -(-len(commits) // settings.lines)

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """How much cheaper and better than one long call, at 30k and 200k tokens."""
        return report_claims(measured)


SCENARIO = ActivityReport()
