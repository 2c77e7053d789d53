"""Many workflows in one world, begun by Poisson arrivals."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.runtime import Runtime
from commissure.sim.workload.arrivals import LEAST_PER_S, MOST_CALLS, MOST_PER_S
from commissure.sim.workload.checks import check_number, check_whole
from commissure.sim.workload.walk import Visit, Workflow


@dataclass(frozen=True, slots=True)
class Session:
    """One workflow: when it arrived and ended, in seconds on the run's clock, and its visits."""

    name: str
    arrival_s: float
    end_s: float
    visits: tuple[Visit, ...]


def poisson_sessions(
    workflow: Workflow, rate_per_s: float, workflows: int
) -> Callable[..., Coroutine[Any, Any, tuple[Session, ...]]]:
    """A workflow of so many, begun at this rate whatever they do; sessions in order of arrival.

    Raises UsageError; one that fails ends all, with its error. Arrivals are a stream of their own.
    """
    check_number("rate_per_s", rate_per_s, LEAST_PER_S, MOST_PER_S)
    check_whole("workflows", workflows, 1, MOST_CALLS)

    async def sessions(rt: Runtime, fleet: OpenFleet, *inputs: str) -> tuple[Session, ...]:
        done: dict[int, Session] = {}

        async def one(number: int) -> None:
            name, arrival_s = f"workflow {number}", rt.now()
            visits = await workflow(rt, fleet, *inputs, name=name)
            done[number] = Session(name, arrival_s, rt.now(), visits)

        dice, next_s = rt.rng("workflow arrivals"), rt.now()
        try:
            async with rt.task_group() as group:
                for number in range(workflows):
                    next_s += dice.expovariate(rate_per_s)
                    await rt.sleep(max(0.0, next_s - rt.now()))
                    group.start_soon(one, number)
        except BaseExceptionGroup as failures:
            if len(failures.exceptions) > 1:
                raise
            raise failures.exceptions[0] from None
        return tuple(done[number] for number in range(workflows))

    return sessions
