"""cm.run: one workflow, either world, with a budget and a behaviour."""

import math
from typing import Any

import pytest

import commissure as cm
from commissure.scenarios.run import WORLDS


async def ask(rt: cm.Runtime, fleet: cm.OpenFleet, question: str) -> str:
    replies = await rt.gather(*(fleet.generate(cm.Call(f"{question} {n}", max_tokens=4)) for n in range(3)))
    return cm.join(replies)


@pytest.mark.parametrize("world", WORLDS)
def test_the_same_workflow_in_both_worlds(world: Any) -> None:
    done = cm.run(ask, cm.Fleet.load("null"), "why", world=world) if world == "live" else cm.run(ask, local(), "why")
    assert len(done.calls) == 3
    assert done.result
    assert done.cost_usd == 0


def local() -> cm.Fleet:
    return cm.Fleet.load("local")


def test_a_behaviour_says_what_the_model_answers() -> None:
    class Echo:
        def answer(self, call: cm.Call) -> tuple[str, int]:
            return call.prompt.upper(), 2

    done = cm.run(ask, local(), "why", behaviour=Echo())
    assert done.result == "WHY 0\n\nWHY 1\n\nWHY 2"
    assert done.calls[0].output_tokens == 2


def test_a_budget_stops_the_run_before_the_call() -> None:
    seen: list[Any] = []
    with pytest.raises(cm.BudgetExceeded, match="2 calls"):
        cm.run(ask, local(), "why", budget=cm.Amount(math.inf, math.inf, 2, math.inf), on_call=seen.append)
    assert len(seen) <= 2


def test_a_router_of_ones_own() -> None:
    class Last(cm.Router):
        def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> cm.Candidate:
            return fleet.able(call)[-1]

    done = cm.run(ask, cm.Fleet.load("local", router=Last()), "why")
    assert {call.endpoint for call in done.calls} == {"local"}


def test_an_unknown_world() -> None:
    with pytest.raises(cm.UsageError, match="unknown world 'real'"):
        cm.run(ask, local(), "why", world="real")  # type: ignore[arg-type]


def test_every_public_name_is_there() -> None:
    for name in cm.__all__:
        assert getattr(cm, name) is not None
    assert dir(cm) == cm.__all__
    with pytest.raises(AttributeError, match="no attribute 'Flet'"):
        cm.Flet  # noqa: B018
