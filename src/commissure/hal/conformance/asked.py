"""What a call may ask for: each is done as the capabilities say, or refused before anything is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from commissure.hal.call import Call, Image, Message, Tool
from commissure.hal.conformance.rules import require
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.reply import Chunk, Reply
from commissure.hal.runtime import Runtime

_SCHEMA = {
    "type": "object",
    "properties": {"place": {"type": "string", "maxLength": 12}, "sunny": {"type": "boolean"}},
    "required": ["place", "sunny"],
    "additionalProperties": False,
}
_TOOL = Tool("weather", "The weather at a place.", _SCHEMA)
_CALL = Call("What is the weather at home?", max_tokens=48)


async def gives_several(rt: Runtime, endpoint: Endpoint) -> None:
    """Several answers come to one prompt, streamed or not, whether the endpoint gives them itself or is asked again.

    They are one more than a request brings, where that is few.
    """
    able = endpoint.capabilities
    n = able.answers_at_once + 1 if 2 < able.answers_at_once <= 8 else 3
    call = replace(_CALL, n=n, max_tokens=4, temperature=1.0 if able.temperature else 0.0)
    reply = await endpoint.generate(call)
    require(len(reply.choices) == n, f"{n} answers come", reply.choices)
    require(reply.usage.said_tokens >= n, "the tokens of all answers count", reply.usage)
    chunks = await _streamed(endpoint, call)
    last = chunks[-1].reply
    assert last is not None
    for number, choice in enumerate(last.choices):
        text = "".join(chunk.text for chunk in chunks if chunk.choice == number and chunk.kind == "text")
        require(text == choice.text, "the chunks of each answer join to its text", (number, text, choice.text))


async def keeps_to_a_schema(rt: Runtime, endpoint: Endpoint) -> None:
    """With a schema the answer is JSON of it."""
    call = replace(_CALL, schema=_SCHEMA)
    if not endpoint.capabilities.schema:
        return await _refuses(endpoint, call)
    for reply in (await endpoint.generate(call), await _last(endpoint, call)):
        value = reply.json()
        kept = isinstance(value, dict) and isinstance(value.get("place"), str) and isinstance(value.get("sunny"), bool)
        require(kept, "the answer follows the schema", reply.text)
    return None


async def calls_tools(rt: Runtime, endpoint: Endpoint) -> None:
    """A tool that must be called is called, by its name, with arguments of its schema."""
    able = endpoint.capabilities
    for choice in ("required", _TOOL.name, "auto", "none"):
        call = replace(_CALL, tools=(_TOOL,), tool_choice=choice)
        if not able.tools or ("named" if choice == _TOOL.name else choice) not in able.tool_choices:
            await _refuses(endpoint, call)
            continue
        for reply in (await endpoint.generate(call), await _last(endpoint, call)):
            must = choice in ("required", _TOOL.name)
            require(bool(reply.tool_calls) or not must, "a tool is called that must be", reply)
            require(not reply.tool_calls or choice != "none", "no tool is called that must not be", reply)
            for used in reply.tool_calls:
                require(used.name == _TOOL.name, "the tool is called by its name", used)
                require(isinstance(used.values().get("sunny"), bool), "the arguments follow the tool's schema", used)


async def goes_on_from_history(rt: Runtime, endpoint: Endpoint) -> None:
    """Earlier turns, a tool's result among them, are part of the prompt."""
    short = Call("And now?", max_tokens=4)
    history = (Message("user", "What is the weather at home, please?"), Message("assistant", "It is sunny there."))
    alone, after = await endpoint.generate(short), await endpoint.generate(replace(short, history=history))
    require(after.usage.prompt_tokens > alone.usage.prompt_tokens, "history has tokens", (after.usage, alone.usage))


async def shows_logprobs(rt: Runtime, endpoint: Endpoint) -> None:
    """Log probabilities come with every token, and as many rivals as were asked for at most."""
    call = replace(_CALL, max_tokens=4, logprobs=2)
    if endpoint.capabilities.logprobs is None:
        return await _refuses(endpoint, call)
    for reply in (await endpoint.generate(call), await _last(endpoint, call)):
        require(len(reply.logprobs) >= 1, "log probabilities come", reply.logprobs)
        require(all(one.logprob <= 1e-6 for one in reply.logprobs), "a probability is at most 1", reply.logprobs)
        require(all(len(one.top) <= 2 for one in reply.logprobs), "no more rivals than asked for", reply.logprobs)
    return None


async def continues_a_bare_prompt(rt: Runtime, endpoint: Endpoint) -> None:
    """Without a chat frame the prompt is shorter."""
    call = Call("Once upon a time there was", max_tokens=4, chat=False)
    if not endpoint.capabilities.completion:
        return await _refuses(endpoint, call)
    bare, framed = await endpoint.generate(call), await endpoint.generate(replace(call, chat=True))
    require(bare.usage.prompt_tokens <= framed.usage.prompt_tokens, "a frame adds tokens", (bare.usage, framed.usage))
    return None


async def takes_or_refuses_the_rest(rt: Runtime, endpoint: Endpoint) -> None:
    """Seed, temperature, stop texts and cache keys are taken, or refused before anything is sent."""
    able = endpoint.capabilities
    wishes = (
        (able.seed, replace(_CALL, max_tokens=4, seed=7)),
        (able.temperature, replace(_CALL, max_tokens=4, temperature=0.7)),
        (able.stop >= 1, replace(_CALL, max_tokens=4, stop=("\n\n\n",))),
        (able.cache_key, replace(_CALL, max_tokens=4, cache_key="conformance")),
    )
    for can, call in wishes:
        if can:
            reply = await endpoint.generate(call)
            require(not any(text in reply.text for text in call.stop), "an answer ends before a stop text", reply.text)
        else:
            await _refuses(endpoint, call)
    if not able.images:
        await _refuses(endpoint, replace(_CALL, images=(Image(8, 8, "dot", b"not looked at"),)))


async def _refuses(endpoint: Endpoint, call: Call) -> None:
    for ask in (endpoint.generate, lambda call: _last(endpoint, call)):
        try:
            await ask(call)
        except UsageError:
            continue
        require(False, "what the capabilities lack is refused before sending", endpoint.capabilities.missing(call))


async def _last(endpoint: Endpoint, call: Call) -> Reply:
    reply = (await _streamed(endpoint, call))[-1].reply
    assert reply is not None
    return reply


async def _streamed(endpoint: Endpoint, call: Call) -> list[Chunk]:
    async with aclosing(endpoint.stream(call)) as stream:
        chunks = [chunk async for chunk in stream]
    require(chunks[-1].reply is not None, "the last chunk carries the reply")
    return chunks


ASKED: tuple[Callable[[Runtime, Endpoint], Awaitable[None]], ...] = (
    gives_several, keeps_to_a_schema, calls_tools, goes_on_from_history, shows_logprobs, continues_a_bare_prompt,
    takes_or_refuses_the_rest,
)  # fmt: skip
