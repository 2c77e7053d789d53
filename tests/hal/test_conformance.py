"""The shipped contract, over every endpoint that runs here; and that it finds what is broken."""

from dataclasses import replace
from typing import Any

import pytest

from commissure.hal.call import Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.conformance import CHECKS, Check, check_endpoint
from commissure.hal.connect import connect
from commissure.hal.fleets.fleet import Connect, Fleet
from commissure.hal.ledger import Ledger
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.sim import endpoint as modelled
from commissure.sim.runtime import SimRuntime

ENDPOINTS = [
    pytest.param(SimRuntime, modelled.connect, "local", id="modelled"),
    pytest.param(SimRuntime, connect, "null", id="null-sim"),
    pytest.param(LiveRuntime, connect, "null", id="null-live"),
    pytest.param(LiveRuntime, connect, "local", id="llama.cpp", marks=pytest.mark.local),
]


def check(rt: Runtime, connect: Connect, fleet: str, checks: tuple[Check, ...], spoil: Any = None) -> None:
    async def main() -> None:
        async with Fleet.load(fleet).open(rt, connect, Ledger()) as opened:
            for endpoint in opened.endpoints.values():
                if spoil:
                    spoil(endpoint)
                await check_endpoint(rt, endpoint, checks)

    rt.run(main)


@pytest.mark.parametrize("one", CHECKS, ids=lambda one: one.__name__)
@pytest.mark.parametrize(("runtime", "connect", "fleet"), ENDPOINTS)
def test_contract(runtime: type[Runtime], connect: Connect, fleet: str, one: Check) -> None:
    check(runtime(), connect, fleet, (one,))


def spoil_reply(**changes: Any) -> Any:
    def spoil(endpoint: Any) -> None:
        generate = endpoint.generate

        async def spoiled(call: Call) -> Reply:
            reply: Reply = replace(await generate(call), **changes)
            return reply

        endpoint.generate = spoiled

    return spoil


def forgets_the_last_chunk(endpoint: Any) -> None:
    stream = endpoint.stream

    async def cut(call: Call) -> Any:
        async for chunk in stream(call):
            if chunk.reply is None:
                yield chunk

    endpoint.stream = cut


def claims_hints(endpoint: Any) -> None:
    endpoint.capabilities = replace(endpoint.capabilities, hints=frozenset())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_reply(endpoint="other"), "generates: a reply names its endpoint"),
        (spoil_reply(cost_usd=1.0), "generates: the cost is the profile's price"),
        (forgets_the_last_chunk, "streams: the last chunk carries the reply"),
        (claims_hints, "answers_hints: place is answered as capabilities say"),
    ],
)
def test_the_suite_finds_what_is_broken(spoil: Any, message: str) -> None:
    with pytest.raises(AssertionError, match=f"local: {message}"):
        check(SimRuntime(), modelled.connect, "local", CHECKS, spoil)
