"""The program: each question in turn by the strategy, in a tree of its own within the run's account."""

from __future__ import annotations

from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.policies.custom.delegation import delegation_of
from commissure.policies.recursion.strategies.strategy import Strategy
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.deep_context.recursing.result import Result, result_of
from commissure.scenarios.deep_context.recursing.settings import Settings
from commissure.scenarios.deep_context.recursing.tasks import Asked


async def answer_all(
    rt: Runtime, fleet: OpenFleet, settings: Settings, strategy: Strategy, delegation: str, asked: Asked, kept: Kept
) -> list[Result]:
    """One question after another, as each takes the endpoints for itself. What is kept is not asked again."""
    results = []
    for question in asked.questions:
        before = kept.read(question.id, Result)
        if before is not None:
            results.append(before)
            continue
        tree = Tree(rt, fleet, question.id, delegation_of(delegation), settings.limits)
        results.append(result_of(question, await strategy.answer(tree, asked.task(question)), tree))
        kept.keep(question.id, results[-1].model_dump(mode="json"))
    return results
