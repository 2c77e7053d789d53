"""The path of a call: settled exactly once, whatever becomes of it."""

from typing import Any

import pytest

import commissure as cm
from commissure.hal.errors import Unsupported
from commissure.hal.fleets.spec import PriceOverride
from commissure.hal.profiles.profile import Price, Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.policies.cache.lru import Lru
from commissure.scenarios.run import run

FLEET = cm.Fleet.load("local").with_slots(2, 8192)


def priced(usd: float) -> cm.Fleet:
    as_of = {"source": "test", "as_of": "2026-01-01"}
    price = Price(input_usd_per_mtok=Quantity(value=usd, **as_of), output_usd_per_mtok=Quantity(value=usd, **as_of))
    profile: Profile = FLEET.profiles["local"].model_copy(update={"price": price})
    return FLEET.with_profiles({"local": profile})


def test_money_and_tokens_are_those_of_the_calls() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> Any:
        await rt.gather(*(fleet.generate(cm.Call("a b c", agent=str(n), max_tokens=5)) for n in range(4)))
        return fleet.ledger

    done = run(workflow, priced(1e6))
    ledger: cm.Ledger = done.result
    assert ledger.reserved == cm.Amount()
    assert ledger.spent.calls == 4
    assert ledger.spent.tokens == sum(call.prompt_tokens + call.output_tokens for call in done.calls)
    assert ledger.spent.usd == pytest.approx(done.cost_usd) == pytest.approx(ledger.spent.tokens)


def test_cancelled_and_refused_calls_leave_nothing_reserved_and_no_slot_held() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        for patience in (0.0, 0.01, 0.05):
            with rt.move_on_after(patience):
                await rt.gather(*(fleet.generate(cm.Call("a b", agent=str(n), max_tokens=50)) for n in range(6)))
            assert fleet.ledger.reserved == cm.Amount()
        with pytest.raises(cm.BudgetExceeded):
            await fleet.generate(cm.Call("a b", max_tokens=8000))
        assert fleet.ledger.reserved == cm.Amount()
        await rt.gather(*(fleet.generate(cm.Call("a b", agent=str(n), max_tokens=2)) for n in range(6)))

    budget = cm.Budget(tokens=8000)
    done = run(workflow, cm.Fleet(FLEET.specs, FLEET.profiles, FLEET.router, Lru()), budget=budget)
    assert len(done.calls) >= 6


def test_anonymous_calls_take_slots_of_their_own() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        for agent in ("a", "", "", "a"):
            await fleet.generate(cm.Call("x", "system words " * 20, agent=agent, max_tokens=2))

    done = run(workflow, FLEET.with_evictor(Lru()))
    assert [call.agent for call in done.calls] == ["a", "", "", "a"]
    assert [call.slot for call in done.calls] == [0, 1, 0, 1]
    assert [call.evicted for call in done.calls] == ["", "", "a", "anonymous call 1"]


def test_a_router_that_leaves_the_fleet_is_named() -> None:
    class Lost(cm.Router):
        def choose(self, call: cm.Call, fleet: cm.FleetStatus) -> cm.Candidate:
            (one,) = fleet.candidates
            return cm.Candidate("locale", one.profile, one.capabilities, 0)

    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        await fleet.generate(cm.Call("x"))

    with pytest.raises(cm.UsageError, match=r"router Lost: 'locale'\. Did you mean 'local'"):
        run(workflow, cm.Fleet.load("local", router=Lost()))


def test_a_fleet_may_override_the_price() -> None:
    override = PriceOverride.model_validate({"input_usd_per_mtok": 1, "output_usd_per_mtok": 2, "as_of": "2026-01-01"})
    price = override.price()
    assert price.output_usd_per_mtok.value == 2
    assert price.output_usd_per_mtok.source == "the fleet file"
    assert price.cached_usd_per_mtok is None


def two() -> cm.Fleet:
    other = FLEET.specs[0].model_copy(update={"name": "other", "slot_tokens": 64})
    return cm.Fleet((*FLEET.specs, other), {**FLEET.profiles, "other": FLEET.profiles["local"]})


def test_a_call_may_name_its_endpoint_in_place_of_the_router() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[str]:
        replies = [await fleet.generate(cm.Call("a b", max_tokens=3), at=at) for at in ("other", "local", "")]
        return [reply.endpoint for reply in replies]

    assert run(workflow, two()).result == ["other", "local", "local"]


@pytest.mark.parametrize(
    ("at", "words", "error", "message"),
    [
        ("othr", 2, cm.UsageError, r"unknown endpoint 'othr'\. Did you mean 'other'"),
        (
            "other",
            200,
            Unsupported,
            "'other' cannot serve a call of me: about .* tokens of prompt .* room for",
        ),
    ],
)
def test_a_named_endpoint_that_is_not_there_or_not_able_is_told(
    at: str, words: int, error: type[Exception], message: str
) -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        with pytest.raises(error, match=message):
            await fleet.generate(cm.Call("word " * words, agent="me", max_tokens=3), at=at)
        assert fleet.ledger.spent == fleet.ledger.reserved == cm.Amount()
        assert [one.running for one in fleet.status().candidates] == [0, 0]

    assert run(workflow, two()).calls == ()


def test_a_call_of_a_part_is_in_the_parts_account_and_in_the_wholes() -> None:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> None:
        part = cm.Ledger(cm.Budget(calls=1), within=fleet.ledger)
        await fleet.generate(cm.Call("a b", max_tokens=3))
        await fleet.generate(cm.Call("a b c", max_tokens=5), ledger=part)
        assert (part.spent.calls, fleet.ledger.spent.calls) == (1, 2)
        assert 0 < part.spent.tokens < fleet.ledger.spent.tokens
        with pytest.raises(cm.BudgetExceeded, match="the budget holds 1 calls"):
            await fleet.generate(cm.Call("a"), ledger=part)
        await fleet.generate(cm.Call("a", max_tokens=2))
        assert (part.spent.calls, fleet.ledger.spent.calls) == (1, 3)

    run(workflow, two())
