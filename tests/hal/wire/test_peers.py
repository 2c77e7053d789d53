"""Adapters of other providers over a real llama.cpp server, which speaks OpenAI's and Anthropic's languages too."""

from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

from commissure.hal.call import Call
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.conformance import check_endpoint
from commissure.hal.conformance.asked import goes_on_from_history
from commissure.hal.conformance.contract import closes_streams, generates, streams
from commissure.hal.connect import connect
from commissure.hal.local_server import local_server
from commissure.hal.reply import Reply
from tests.hal.wire.test_adapters import KEY, profile, spec

pytestmark = pytest.mark.local
PEERS = ("anthropic", "openai", "compatible", "vllm", "llama_cpp")
SLOTS = 2
SCHEMA = {"type": "object", "properties": {"sunny": {"type": "boolean"}}, "required": ["sunny"]}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with local_server("smollm2-135m", SLOTS, 1024) as address:
        yield address


def over(url: str, provider: str, *calls: Call, checks: tuple[Any, ...] = ()) -> list[Reply]:
    """Each call's reply, asked for in one piece and then as a stream."""
    rt = LiveRuntime()

    async def main() -> list[Reply]:
        replies = []
        # This server takes a temperature in Anthropic's language, as Anthropic's newest models do not.
        can = {"temperature": True} if provider == "anthropic" else {}
        one = spec(provider, url, slots=SLOTS, timeout_s=60, capabilities=can)
        async with connect(one, profile(provider), rt) as endpoint:
            await check_endpoint(rt, endpoint, checks)
            for call in calls:
                replies.append(await endpoint.generate(call))
                async with aclosing(endpoint.stream(call)) as chunks:
                    replies.append([chunk async for chunk in chunks][-1].reply or replies[-1])
        return replies

    return rt.run(main)


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)


@pytest.mark.parametrize("provider", PEERS)
def test_every_language_gets_the_same_answer(url: str, provider: str) -> None:
    """The likeliest answer is one, whole or streamed, and its tokens are counted alike; a stop text ends it."""
    call = Call("Say hello.", system="Be brief.", max_tokens=6)
    checks = (generates, streams, closes_streams, goes_on_from_history)
    replies = over(url, provider, call, Call("Say hello.", max_tokens=24, stop=(" ",)), checks=checks)
    own = over(url, "llama_cpp", call)[0]
    for reply in replies[:2]:
        assert (reply.text, reply.finish, reply.usage.prompt_tokens) == (own.text, own.finish, own.usage.prompt_tokens)
        assert reply.usage.said_tokens == own.usage.said_tokens
        assert not reply.usage.estimated
    assert {reply.finish for reply in replies[2:]} == {"stop"}
    assert not any(" " in reply.text for reply in replies[2:])


def test_a_bare_prompt_keeps_to_a_schema(url: str) -> None:
    replies = over(url, "llama_cpp", Call("The sun shines:", chat=False, schema=SCHEMA, max_tokens=24, seed=1))
    assert all(reply.text.lstrip().startswith("{") for reply in replies)


def test_more_answers_come_than_there_are_slots(url: str) -> None:
    replies = over(url, "llama_cpp", Call("Say hello.", n=SLOTS + 1, max_tokens=2))
    assert [len(reply.choices) for reply in replies] == [SLOTS + 1] * 2
