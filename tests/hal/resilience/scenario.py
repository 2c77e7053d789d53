"""Random scenarios: settings, limits and calls that come, end and are cancelled at any time."""

from dataclasses import dataclass
from math import inf
from random import Random
from typing import Any

from commissure.hal.clock.primitives import CancelScope
from commissure.hal.runtime import Runtime
from tests.hal.resilience.bench import ERRORS, RETRYABLE, Bench, Step

TOKENS_PER_MINUTE = 200


@dataclass(frozen=True)
class Planned:
    """A call: when it comes, what its attempts do, and when it is cut short, by a deadline or from outside."""

    at_s: float
    steps: tuple[Step, ...]
    tokens: int
    within_s: float | None
    cancelled_after_s: float | None


@dataclass(frozen=True)
class Scenario:
    """What is drawn once and can be run in any world."""

    settings: dict[str, Any]
    limits: dict[str, float] | None
    calls: tuple[Planned, ...]


def drawn(dice: Random) -> Scenario:
    settings = {
        "attempts": dice.randint(1, 4),
        "base_s": 0.5,
        "longest_s": dice.choice([1.0, 5.0]),
        "retry_share": dice.choice([0.0, 0.2, 1.0]),
        "breaker_failures": dice.choice([0, 1, 3]),
        "breaker_rest_s": 5.0,
        "concurrency": dice.choice([None, 1, 2, 3]),
        "hedge": dice.choice([False, True]),
        "hedge_after_s": dice.choice([None, 1.0, 2.0]),
    }
    limits: dict[str, float] | None = {"tokens_per_minute": TOKENS_PER_MINUTE, "requests_per_minute": 30}
    calls = tuple(_call(dice) for _ in range(dice.randint(1, 25)))
    return Scenario(settings, dice.choice([None, limits]), calls)


def _call(dice: Random) -> Planned:
    cut = dice.choice(["", "", "deadline", "cancelled"])
    return Planned(
        dice.uniform(0, 20),
        tuple(_step(dice) for _ in range(dice.randint(1, 4))),
        dice.randint(1, TOKENS_PER_MINUTE // 4),
        dice.uniform(0.1, 20) if cut == "deadline" else None,
        dice.uniform(0.1, 20) if cut == "cancelled" else None,
    )


def _step(dice: Random) -> Step:
    ends_s = dice.uniform(0.01, 6)
    first_s = dice.uniform(0, ends_s) if dice.choice([True, False]) else None
    error = dice.choice(["", dice.choice(RETRYABLE), dice.choice(list(ERRORS))])
    return Step(ends_s, error, first_s, cleanup_s=dice.choice([0.0, 0.3]), used=dice.uniform(0, 1))


def played(rt: Runtime, scenario: Scenario) -> tuple[Bench, list[Any]]:
    """The bench after all calls have ended, and what became of each: a value, an error, or None if it was cut short."""

    async def main() -> tuple[Bench, list[Any]]:
        bench = Bench(rt, scenario.limits, **scenario.settings)
        return bench, await play(bench, scenario)

    return rt.run(main)


async def play(bench: Bench, scenario: Scenario) -> list[Any]:
    rt, outcomes = bench.rt, list[Any]([None] * len(scenario.calls))

    async def one(name: int, planned: Planned) -> None:
        await rt.sleep(planned.at_s)
        async with rt.task_group() as group:
            if planned.cancelled_after_s is not None:
                group.start_soon(cut, group.cancel_scope, planned.cancelled_after_s)
            with rt.move_on_after(inf if planned.within_s is None else planned.within_s):
                outcomes[name] = await bench.outcome(name, planned.steps, planned.tokens)
            group.cancel_scope.cancel()
        bench.note("left", name)

    async def cut(scope: CancelScope, after_s: float) -> None:
        await rt.sleep(after_s)
        scope.cancel()

    async with rt.task_group() as everyone:
        for name, planned in enumerate(scenario.calls):
            everyone.start_soon(one, name, planned)
    return outcomes
