"""cm.run: one workflow, either world, with a budget and a behaviour."""

import gc
from operator import attrgetter
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
        cm.run(ask, local(), "why", budget=cm.Budget(calls=2), on_call=seen.append)
    assert len(seen) <= 2


def test_a_router_of_ones_own() -> None:
    class Last(cm.Router):
        def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> cm.Candidate:
            return fleet.able(call)[-1]

    done = cm.run(ask, cm.Fleet.load("local", router=Last()), "why")
    assert {call.endpoint for call in done.calls} == {"local"}


def test_an_unknown_world() -> None:
    with pytest.raises(cm.UsageError, match="unknown world 'real'"):
        cm.run(ask, local(), "why", world="real")  # type: ignore[arg-type]  # wrong on purpose


def test_every_public_name_is_there() -> None:
    for name in cm.__all__:
        assert getattr(cm, name) is not None
    assert dir(cm) == sorted(cm.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Flet'"):
        attrgetter("Flet")(cm)


@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        (lambda rt, fleet: 3, "`async def`"),
        (lambda rt, fleet: _forgets(fleet), "an `await` is missing"),
        (lambda rt, fleet: fleet.generate("hello"), r"answers a Call, not 'hello'"),
    ],
)
def test_slips_in_a_workflow_are_explained(workflow: Any, message: str) -> None:
    with pytest.raises(cm.UsageError, match=message):
        cm.run(workflow, local())


async def _forgets(fleet: cm.OpenFleet) -> Any:
    return fleet.generate(cm.Call("x"))


def test_slips_in_a_policy_are_explained() -> None:
    class Nothing(cm.Router):
        def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> Any:
            return None

    class Mixed(cm.Evictor):
        def priority(self, entry: cm.Resident, now: cm.Moment) -> Any:
            return None if entry.slot else "a"

    async def agents(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        for agent in "abc":
            await fleet.generate(cm.Call("x", agent=agent, max_tokens=2))

    with pytest.raises(cm.UsageError, match=r"Nothing\.choose\(\) returned None"):
        cm.run(agents, cm.Fleet.load("local", router=Nothing()))
    with pytest.raises(cm.UsageError, match=r"Mixed\.priority\(\) must give keys that sort"):
        cm.run(agents, cm.Fleet.load("local", evictor=Mixed()).with_slots(2, 256))
    with pytest.raises(cm.UsageError, match=r"an instance of the policy, Mixed\(\)"):
        cm.Fleet.load("local", evictor=Mixed)  # type: ignore[arg-type]  # wrong on purpose
    with pytest.raises(TypeError, match="abstract"):
        type("Half", (cm.Router,), {})()
    with pytest.raises(cm.UsageError, match=r"slots: .*greater than or equal to 1, not 0"):
        local().with_slots(0, 256)


def test_calls_that_cannot_be_are_refused() -> None:
    wrongs: list[dict[str, Any]] = [
        {"max_tokens": 0},
        {"max_tokens": -4},
        {"min_tokens": 9, "max_tokens": 8},
        {"min_tokens": -1},
    ]
    for wrong in wrongs:
        with pytest.raises(cm.UsageError, match="max_tokens"):
            cm.Call("x", **wrong)


def test_losers_of_a_race_are_counted() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        await rt.hedged(lambda: fleet.generate(cm.Call("x", max_tokens=60)), after_s=0.05, attempts=3)

    done = cm.run(workflow, local())
    assert (len(done.calls), len(done.failures)) == (1, 2)


def test_combinators_explain_wrong_arguments() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        with pytest.raises(TypeError, match=r"unpack a list with gather\(\*work\)"):
            await rt.gather([fleet.generate(cm.Call("x"))])  # type: ignore[arg-type]  # wrong on purpose
        with pytest.raises(TypeError, match="makes an awaitable each time"):
            await rt.hedged(fleet.generate(cm.Call("x")), after_s=1)  # type: ignore[arg-type]  # wrong on purpose

    def run_and_collect() -> None:
        cm.run(workflow, local())
        gc.collect()

    with pytest.warns(RuntimeWarning, match="never awaited"):
        run_and_collect()
