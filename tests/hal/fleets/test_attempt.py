"""Whatever fails, is cancelled, tried again or hedged: a budget holds, and the truth lies where the ledger says."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import commissure as cm
from commissure.hal import errors
from commissure.hal.capabilities import Capabilities
from commissure.hal.clock.dice import dice
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.ledger import Ledger
from commissure.hal.profiles.estimate import most_usage
from commissure.hal.profiles.profile import Price, Profile
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.resilience.settings import Resilience
from commissure.sim.runtime import SimRuntime

ERRORS: tuple[Any, ...] = (
    lambda: errors.ServerFault("e", "busy", retryable=True),
    lambda: errors.RateLimited("e", "quota", 0.1),
    lambda: errors.Unreachable("e", "gone", retryable=True),
    lambda: errors.Refused("e", "no"),
    lambda: errors.QuotaExhausted("e", "paid out"),
    lambda: errors.TruncatedStream("e"),
    lambda: errors.NoAnswerInTime("e", "silent", retryable=True),
    lambda: errors.MalformedReply("e", "what?"),
    lambda: errors.NoAnswer("e", "a page"),
    lambda: errors.StreamFailed("e", "broke", retryable=True),
)


def quantity(value: float) -> Quantity:
    return Quantity.model_validate({"value": value, "source": "test", "as_of": "2026-11-22"})


PRICE = Price(input_usd_per_mtok=quantity(7.0), output_usd_per_mtok=quantity(31.0))
PROFILE = Profile(model="m", chip="undisclosed", provider="compatible", price=PRICE)


class Billing:
    """Answers, fails or is cut short by dice; knows what it would charge: never more than a token a byte."""

    name, profile = "e", PROFILE

    def __init__(self, rt: cm.Runtime, seed: int, *, streamed: bool) -> None:
        self.capabilities = Capabilities(tells_times=not streamed, several=False)
        self.billed_usd = 0.0
        self._rt = rt
        self._dice = dice(f"billing {seed}")

    def _charge(self, prompt: int, said: int) -> None:
        self.billed_usd += PRICE.usd(cm.Usage(prompt, 0, said))

    def _prompt(self, call: cm.Call) -> int:
        return self._dice.randint(1, len(f"{call.system}{call.prompt}".encode()) + 40) * call.n

    async def generate(self, call: cm.Call) -> cm.Reply:
        async with aclosing(self.stream(call)) as chunks:
            async for chunk in chunks:
                if chunk.reply is not None:
                    return chunk.reply
        raise AssertionError

    async def stream(self, call: cm.Call) -> AsyncGenerator[cm.Chunk, None]:
        failure = self._dice.choice(ERRORS)() if self._dice.random() < 0.4 else None
        await self._rt.sleep(self._dice.uniform(0, 1))
        if failure is not None and not failure.may_bill:
            raise failure
        prompt, wanted = self._prompt(call), self._dice.randint(1, call.max_tokens) * call.n
        told = self._dice.random() < 0.8
        stop_at = self._dice.randint(0, wanted) if failure else wanted + 1
        said = 0
        try:
            for _ in range(wanted):
                if said >= stop_at and failure is not None:
                    raise failure
                await self._rt.sleep(self._dice.uniform(0, 0.2))
                said += 1
                yield cm.Chunk("word ")
        finally:
            self._charge(prompt, said)
        usage = cm.Usage(prompt, 0, said, estimated=not told)
        if not told:
            usage = cm.Usage(1, 0, said, estimated=True)
        timing = cm.Timing(0.0, 0.0, 0.0, 0.0, 0.0, "client")
        cost = PRICE.usd(usage)
        yield cm.Chunk("", cm.Reply((cm.Choice("word " * said),) * call.n, usage, timing, "e", cost))

    async def hint(self, hint: cm.CacheHint) -> Any:
        return "unsupported"

    async def status(self) -> cm.Status:
        return cm.Status(0)


def fleet_of(endpoint: Billing, resilience: Resilience) -> tuple[cm.Fleet, Any]:
    spec = EndpointSpec(name="e", provider="compatible", model="m", chip="undisclosed", resilience=resilience)

    @asynccontextmanager
    async def connect(spec: EndpointSpec, profile: Profile, rt: cm.Runtime) -> Any:
        yield endpoint

    return cm.Fleet((spec,), {"e": PROFILE}), connect


@given(
    seed=st.integers(0, 10**6), streamed=st.booleans(), hedge=st.booleans(), usd=st.floats(0.0005, 0.05),
    calls=st.integers(1, 12), patience=st.floats(0.1, 6.0),
)  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_a_budget_is_never_exceeded(
    seed: int, streamed: bool, hedge: bool, usd: float, calls: int, patience: float
) -> None:
    rt = SimRuntime(seed)
    endpoint = Billing(rt, seed, streamed=streamed)
    fleet, connect = fleet_of(endpoint, Resilience(hedge=hedge, hedge_after_s=0.3, base_s=0.1, breaker_failures=3))
    ledger = Ledger(cm.Budget(usd=usd))

    def check() -> None:
        assert endpoint.billed_usd <= usd + 1e-12
        held = ledger.spent.usd + ledger.reserved.usd + ledger.uncertain.usd
        assert held <= usd + 1e-12

    async def one(opened: cm.OpenFleet, number: int) -> None:
        call = cm.Call(f"question {number}", "be brief " * (number % 3), max_tokens=1 + number, n=1 + number % 2)
        with rt.move_on_after(patience):
            try:
                if number % 3 == 2:
                    async with aclosing(opened.stream(call)) as chunks:
                        async for _ in chunks:
                            check()
                else:
                    await opened.generate(call)
            except (cm.EndpointError, cm.BudgetExceeded):
                pass
        check()

    async def main() -> None:
        async with fleet.open(rt, connect, ledger) as opened:
            await rt.gather(*(one(opened, number) for number in range(calls)))

    rt.run(main)
    assert ledger.reserved == cm.Amount()
    check()
    sure = ledger.spent.usd - ledger.estimated.usd
    assert sure - 1e-12 <= endpoint.billed_usd <= ledger.spent.usd + ledger.uncertain.usd + 1e-12


@pytest.mark.parametrize("streamed", [False, True])
def test_a_hedges_loser_is_paid_for(streamed: bool) -> None:
    rt = SimRuntime(3)
    endpoint = Billing(rt, 11, streamed=streamed)
    fleet, connect = fleet_of(endpoint, Resilience(hedge=True, hedge_after_s=0.001))
    ledger = Ledger()

    async def main() -> tuple[int, int]:
        async with fleet.open(rt, connect, ledger) as opened:
            for number in range(8):
                try:
                    await opened.generate(cm.Call(f"{number}", max_tokens=20))
                except cm.EndpointError:
                    continue
            return opened.guards["e"].hedges, opened.abandoned

    hedges, abandoned = rt.run(main)
    assert hedges >= 4
    assert abandoned >= hedges
    assert ledger.estimated.usd > 0
    assert ledger.spent.calls > 8
    assert endpoint.billed_usd <= ledger.spent.usd + ledger.uncertain.usd


def test_reasoning_that_a_profile_knows_of_is_reserved_too() -> None:
    """gpt-oss-120b at Cerebras is modelled with some 2,500 hidden tokens a call: 0.0019 USD of them."""

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> float:
        with pytest.raises(cm.BudgetExceeded, match=r"0\.001 usd"):
            await opened.generate(cm.Call("hello there", max_tokens=32))
        return opened.ledger.spent.usd

    assert cm.run(work, cm.Fleet.load("cerebras"), budget=cm.Budget(usd=0.001)).result == 0


def test_what_a_cache_charges_for_being_written_is_reserved() -> None:
    profile = cm.Fleet.load("mixed").profiles["claude"]
    plain, kept = (cm.Call("word " * 100, max_tokens=10, cache_key=key) for key in ("", "k"))
    least, most = (profile.price_usd(most_usage(call, profile)) for call in (plain, kept))
    said = 10 * 25e-6
    assert most - said == pytest.approx(1.25 * (least - said))
