"""What virtual time costs, against SimPy's own floor in the same run."""

from collections.abc import Callable, Generator
from statistics import median
from time import perf_counter

import pytest
import simpy

from commissure.hal.call import Call
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.words import distinct_text
from commissure.sim.endpoint import ModelledEndpoint
from commissure.sim.runtime import SimRuntime
from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench

TASKS, SLEEPS = 200, 250
FLEET = Fleet.load()


def simpy_sleeps() -> None:
    env = simpy.Environment()

    def process(gap: float) -> Generator[simpy.Event, None, None]:
        for _ in range(SLEEPS):
            yield env.timeout(gap)

    for number in range(TASKS):
        env.process(process(0.5 + number * 1e-3))
    env.run()


def our_sleeps() -> None:
    rt = SimRuntime()

    async def task(gap: float) -> None:
        for _ in range(SLEEPS):
            await rt.sleep(gap)

    async def main() -> None:
        async with rt.task_group() as group:
            for number in range(TASKS):
                group.start_soon(task, 0.5 + number * 1e-3)

    rt.run(main)


def our_calls(agents: int, calls: int) -> None:
    rt = SimRuntime()
    endpoint = ModelledEndpoint(FLEET.specs[0], FLEET.profiles["local"], rt)

    async def agent(name: str) -> None:
        call = Call(distinct_text(6, name), distinct_text(160, name), agent=name, max_tokens=8)
        for _ in range(calls):
            await endpoint.generate(call)

    async def main() -> None:
        async with rt.task_group() as group:
            for number in range(agents):
                group.start_soon(agent, f"agent {number}")

    rt.run(main)


def rate(work: Callable[[], None], count: int) -> str:
    began = perf_counter()
    work()
    return f"{count / (perf_counter() - began) / 1000:.0f} k/s"


def test_an_awaited_sleep_against_simpys_own() -> None:
    ratios = paired(our_sleeps, simpy_sleeps)
    print("\n" + line("awaited sleep / SimPy generator", ratios, rate(our_sleeps, TASKS * SLEEPS)))
    assert median(ratios) <= 1.25


@pytest.mark.parametrize(("agents", "calls"), [(1, 20_000), (5, 4_000), (50, 400)])
def test_a_call_to_a_modelled_endpoint_against_simpy_events(agents: int, calls: int) -> None:
    """The floor is a SimPy timeout; the target is 80,000 calls a second where SimPy does 500,000 or more."""
    ratios = paired(lambda: our_calls(agents, calls), lambda: simpy_sleeps(), pairs=9)
    per_call = [ratio * TASKS * SLEEPS / (agents * calls) for ratio in ratios]
    speed = rate(lambda: our_calls(agents, calls), agents * calls)
    print("\n" + line(f"modelled call, {agents} agents / SimPy event", per_call, speed))
    assert median(per_call) <= 16
