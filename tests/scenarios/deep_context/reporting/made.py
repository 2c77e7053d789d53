"""Reports made in sim, for the tests beside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from commissure.hal.call import Call
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.reply import Choice
from commissure.scenarios.deep_context.activity_report import SCENARIO
from commissure.scenarios.deep_context.reporting.program import prepared, report
from commissure.scenarios.deep_context.reporting.result import Result
from commissure.scenarios.deep_context.reporting.settings import Settings
from commissure.scenarios.legs import LegSummary, run_leg, summarise
from commissure.scenarios.run import Run, run
from commissure.sim.behaviour import Behaviour, ByModel


class Says:
    """A model that answers by a function of the call."""

    def __init__(self, said: Callable[[Call], str]) -> None:
        self._said = said

    def answer(self, call: Call) -> tuple[Choice, int]:
        """At most as many words as it may say."""
        text = self._said(call)
        return Choice(text, "stop"), max(1, min(call.max_tokens, len(text) // 4))


def settings(**changes: Any) -> Settings:
    return Settings.model_validate({"log": "synthetic", "tokens": 3000} | changes)


def made(policy: str, given: Settings, *, seed: int = 0, behaviour: Behaviour | ByModel | None = None,
         fleet: str = "mixed") -> tuple[Result, Run]:  # fmt: skip
    ready = prepared(Fleet.load(fleet), given, policy, seed)
    done = run(report, ready, given, policy, seed=seed, behaviour=behaviour or SCENARIO.behaviour(given, seed))
    return done.result, done


def leg(policy: str, given: Settings, seed: int = 0) -> LegSummary:
    done = run_leg(SCENARIO, given, Fleet.load("mixed"), policy, "sim", seed)
    return summarise(SCENARIO, given, policy, done)
