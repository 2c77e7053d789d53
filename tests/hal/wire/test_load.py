"""Many calls at once, some of them failing: nothing is lost, every cent is accounted for, nothing leaks."""

import asyncio
import gc
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest

import commissure as cm
from commissure.hal.connect import connect
from commissure.hal.fleets.open_fleet import Listeners
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.ledger import Ledger
from commissure.hal.profiles.profile import Price, Profile, Tokenizer
from commissure.hal.profiles.quantity import Quantity
from commissure.hal.words import distinct_text
from tests.support.api import FAULTS, api_process

TOKENS, PROMPT_WORDS = 12, 20


def quantity(value: float) -> Quantity:
    return Quantity.model_validate({"value": value, "source": "test", "as_of": "2026-11-22"})


# The stand-in's own way to count: a word is a token, a message has four more.
TOKENIZER = Tokenizer(
    tokens_per_word=quantity(1), message_header_tokens=quantity(4), message_footer_tokens=quantity(0),
    reply_header_tokens=quantity(0),
)  # fmt: skip
PRICE = Price(input_usd_per_mtok=quantity(3.0), output_usd_per_mtok=quantity(15.0))


def fleet(provider: str, url: str, **more: Any) -> cm.Fleet:
    fields = {"name": "e", "provider": provider, "model": "m", "chip": "undisclosed", "base_url": url}
    spec = EndpointSpec.model_validate(fields | {"timeout_s": 20.0} | more)
    profile = Profile(model="m", chip="undisclosed", provider=provider, price=PRICE, tokenizer=TOKENIZER)
    return cm.Fleet((spec,), {"e": profile})


def run(wanted: cm.Fleet, work: Callable[[cm.Runtime, cm.OpenFleet], Any], listeners: Listeners | None = None) -> Any:
    rt = cm.LiveRuntime()
    ledger = Ledger()

    async def main() -> Any:
        async with wanted.open(rt, connect, ledger, listeners) as opened:
            result = await work(rt, opened)
            assert ledger.reserved == cm.Amount()
        await asyncio.sleep(0.05)
        left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        assert not left, left
        return result, ledger

    found = rt.run(main)
    gc.collect()
    return found


def sockets() -> int:
    return sum(isinstance(one, socket.socket) and one.fileno() >= 0 for one in gc.get_objects())


def test_five_hundred_streams_at_once_lose_no_piece(record_property: Callable[[str, object], None]) -> None:
    async def one(opened: cm.OpenFleet, number: int) -> int:
        async with aclosing(opened.stream(cm.Call(f"number {number}", max_tokens=32))) as chunks:
            pieces = [chunk async for chunk in chunks]
        reply = pieces[-1].reply
        assert reply is not None
        assert "".join(piece.text for piece in pieces) == reply.text
        assert len(reply.text.split()) == reply.usage.output_tokens == 32
        return len(pieces) - 1

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> list[int]:
        return await rt.gather(*(one(opened, number) for number in range(500)))

    with api_process("vllm", "--words-per-s", "40", "--first-s", "0.2") as server:
        counts, ledger = run(fleet("vllm", server.url), work)
        bill = server.bill()
    assert len(counts) == 500
    assert bill["output_tokens"] == 500 * 32
    assert ledger.spent.tokens == bill["prompt_tokens"] + bill["output_tokens"]
    record_property("pieces of 500 concurrent streams", sum(counts))


@pytest.mark.parametrize(("provider", "calls"), [("cerebras", 2000), ("vllm", 2000)])
def test_a_fifth_of_all_calls_fail_and_every_cent_is_known(
    provider: str, calls: int, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Whole calls at the one, streams at the other; faults of every kind that ends by itself."""
    monkeypatch.setenv("CEREBRAS_API_KEY", "sk-load-0123456789")
    outcomes: Counter[str] = Counter()
    failures: list[Any] = []

    async def one(opened: cm.OpenFleet, number: int) -> None:
        call = cm.Call(distinct_text(PROMPT_WORDS, f"call {number}"), max_tokens=TOKENS)
        try:
            reply = await opened.generate(call)
            assert reply.usage.said_tokens > 0
            outcomes["reply"] += 1
        except cm.EndpointError as error:
            outcomes[type(error).__name__] += 1

    async def work(rt: cm.Runtime, opened: cm.OpenFleet) -> None:
        places = rt.semaphore(50)

        async def in_turn(number: int) -> None:
            async with places:
                await one(opened, number)

        await rt.gather(*(in_turn(number) for number in range(calls)))

    # A limit that holds all calls back for a second is left out: it would only make the test long.
    played = [name for name, fault in FAULTS.items() if not fault.waits and name != "http_429_date"]
    before = sockets()
    patient = {"attempts": 3, "base_s": 0.01, "longest_s": 0.05, "breaker_failures": 0}
    with api_process(provider, "--words-per-s", "400") as server:
        server.play_share(0.2, 7, *played)
        _, ledger = run(fleet(provider, server.url, resilience=patient), work, Listeners(failure=failures.append))
        bill = server.bill()
    assert sum(outcomes.values()) == calls  # each ended in exactly one way
    # The server sees one call more for each kept connection that it had closed: those are asked again unseen, once.
    closed_in_view = sum("disconnected without" in one.problem for one in failures)
    assert bill["calls"] == outcomes["reply"] + len(failures) + bill["faults"]["close"] - closed_in_view
    assert sum(bill["faults"].values()) == pytest.approx(0.2 * bill["calls"], rel=0.1)
    assert len(bill["faults"]) >= len(played) - 3  # some have no effect on whole answers, or another name
    usd = 1e-6 * (3.0 * bill["prompt_tokens"] + 15.0 * bill["output_tokens"])
    assert ledger.spent.usd == pytest.approx(usd, abs=0.01)
    assert ledger.spent.usd - ledger.estimated.usd <= usd <= ledger.spent.usd + ledger.uncertain.usd
    assert (bill["open_connections"], bill["under_way"]) == (1, 0)  # the one that asked for the bill
    assert sockets() == before
    record_property(
        f"{calls} calls to {provider}, a fifth with faults",
        f"{dict(outcomes)}; the server bills {usd:.4f} USD, the ledger {ledger.spent.usd:.4f}, of it estimated "
        f"{ledger.estimated.usd:.4f}, at most {ledger.uncertain.usd:.4f} more",
    )
