"""Reading OpenAI-style requests (openai-python 3.54 types/chat/completion_create_params.py)."""

from __future__ import annotations

from typing import Any

from tests.support.api.ask import Ask, Body, Refusal, stops, tools_to_call, wanted
from tests.support.api.prompt import Prompt, prompt_of


def read_chat(body: Body, known: frozenset[str] | None) -> Ask:
    """A chat completion. Raises Refusal."""
    _known(body, known)
    messages = wanted(body, "messages", list)
    if not messages or not all(isinstance(one, dict) and "role" in one for one in messages):
        raise Refusal(400, "param", "Missing required parameter: 'messages'.", "messages")
    prompt = prompt_of([(one["role"], one.get("content")) for one in messages])
    logprobs = wanted(body, "top_logprobs", int, 0) or 0
    shared = _shared(body, (prompt,))
    return Ask(
        "chat",
        **shared,
        reasons=_reasons(body),
        calls=_calls(body, prompt, messages[-1]["role"] == "tool"),
        schema=_schema(body),
        literal=_literal(body),
        top_logprobs=logprobs if wanted(body, "logprobs", bool) else None,
    )


def read_text(body: Body, known: frozenset[str] | None) -> Ask:
    """A completion of one prompt or several; a prompt may be a list of token numbers. Raises Refusal."""
    _known(body, known)
    given = body.get("prompt")
    if not given:
        raise Refusal(400, "param", "Missing required parameter: 'prompt'.", "prompt")
    several = isinstance(given, list) and isinstance(given[0], str | list)
    words = [one.split() if isinstance(one, str) else [*map(str, one)] for one in (given if several else [given])]
    prompts = tuple(Prompt(tuple(one), len(one)) for one in words)
    return Ask("text", **_shared(body, prompts), top_logprobs=wanted(body, "logprobs", int, 0))


def _shared(body: Body, prompts: tuple[Prompt, ...]) -> Body:
    if not isinstance(body.get("model"), str):
        raise Refusal(400, "param", "you must provide a model parameter", "model")
    most = wanted(body, "max_completion_tokens", int, 0)
    most = wanted(body, "max_tokens", int, 0) if most is None else most
    return {
        "body": body,
        "prompts": prompts,
        "most_tokens": most,
        "stop": stops(body.get("stop")),
        "n": wanted(body, "n", int, 1) or 1,
        "seed": wanted(body, "seed", int) or 0,
        "stream": bool(wanted(body, "stream", bool)),
        "include_usage": bool((wanted(body, "stream_options", dict) or {}).get("include_usage")),
    }


def _known(body: Body, known: frozenset[str] | None) -> None:
    unknown = [] if known is None else [name for name in body if name not in known]
    if unknown:
        raise Refusal(400, "unknown", f"Unrecognized request argument supplied: {unknown[0]}", unknown[0])


def _reasons(body: Body) -> bool:
    """Whether the answer begins with reasoning: asked by an effort, or as Moonshot's thinking is."""
    thinking = body.get("thinking") or {}
    return body.get("reasoning_effort") not in (None, "none") or thinking.get("type") == "enabled"


def _calls(body: Body, prompt: Prompt, answered: bool) -> tuple[tuple[str, Body], ...]:
    functions = [tool["function"] for tool in wanted(body, "tools", list) or ()]
    tools = {one["name"]: one.get("parameters") or {} for one in functions}
    choice: Any = body.get("tool_choice", "auto")
    named = choice["function"]["name"] if isinstance(choice, dict) else ""
    names = tools_to_call(prompt, tools, "named" if named else choice, named, answered)
    return tuple((name, tools[name]) for name in names)


def _schema(body: Body) -> Body | None:
    """From response_format; or vLLM's structured_outputs.json; or llama.cpp's json_schema and json_object with one."""
    wish = wanted(body, "response_format", dict) or {}
    if wish.get("type") == "json_schema":
        found: Body | None = (wish.get("json_schema") or {}).get("schema") or wish.get("schema")
        if found is None:
            raise Refusal(400, "param", "Missing required parameter: 'response_format.json_schema'.", "response_format")
        return found
    if wish.get("type") == "json_object":
        return wish.get("schema") or {"properties": {"answer": {"type": "string"}}}
    direct = (body.get("structured_outputs") or {}).get("json") or body.get("json_schema")
    return direct if isinstance(direct, dict) else None


def _literal(body: Body) -> str | None:
    """vLLM's structured_outputs.choice: the first of the allowed texts."""
    choices = (body.get("structured_outputs") or {}).get("choice")
    return choices[0] if choices else None
