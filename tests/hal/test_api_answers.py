"""The server that stands in for the providers answers in their shapes, and counts what it bills."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.api import FLAVOURS, ApiServer, api_server
from tests.support.api.hear import ANTHROPIC, PLAIN, PROMPT, Heard, body_of, cached, hear, objects, path_of
from tests.support.api.schema import instance

SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "minLength": 5},
        "days": {"type": "integer", "minimum": 2},
        "cold": {"type": "boolean"},
        "unit": {"enum": ["C", "F"]},
        "at": {"type": "array", "items": {"$ref": "#/$defs/place"}},
    },
    "$defs": {"place": {"type": "object", "properties": {"x": {"type": "number"}}}},
}


@pytest.mark.parametrize("name", FLAVOURS)
def test_a_stream_and_a_whole_answer_say_and_bill_the_same(name: str) -> None:
    tools = [{"type": "function", "function": {"name": "go", "parameters": SCHEMA}}]
    asks: list[dict[str, Any]] = [{}, {"tools": tools, "tool_choice": "required"}, {"reasoning_effort": "low"}]
    if name == "anthropic":
        tools = [{"name": "go", "input_schema": SCHEMA}]
        asks = [{}, {"tools": tools, "tool_choice": {"type": "any"}}, {"thinking": {"type": "adaptive"}}]
    with api_server(name) as server:
        for more in asks:
            whole, streamed = (hear(server, stream, **{"max_tokens": 60, **more}) for stream in (False, True))
            calls = [[[one, json.loads(text)] for one, text in heard.calls.values()] for heard in (whole, streamed)]
            assert calls[0] == calls[1] == ([["go", instance(SCHEMA, "time")]] if "tools" in more else [])
            assert (whole.text, whole.reasoning, whole.finish) == (streamed.text, streamed.reasoning, streamed.finish)
            assert whole.text or calls[0]
            first, second = server.bills[-2:]
            assert first.output_tokens == second.output_tokens > 0
            assert first.prompt_tokens == 10 + 4
            for heard, bill in ((whole, first), (streamed, second)):
                assert heard.usage is not None
                sent = heard.usage.get("completion_tokens", heard.usage.get("output_tokens"))
                assert sent == bill.output_tokens
                if name != "together":
                    assert cached(heard.usage) == bill.cached_tokens
        if name != "anthropic":
            assert server.bills[1].cached_tokens == 8


def test_the_cache_counts_whole_units_of_a_known_prefix() -> None:
    def ask(server: ApiServer, text: str, **more: Any) -> Heard:
        return hear(server, False, messages=[{"role": "user", "content": text}], **more)

    with api_server("moonshotai") as server:
        assert [cached(ask(server, text).usage or {}) for text in (PROMPT, PROMPT + " more", "other " + PROMPT)] == [
            0,
            8,
            0,
        ]
    with api_server("anthropic") as server:
        ask(server, PROMPT)
        marked: Any = {"cache_control": {"type": "ephemeral"}}
        wrote, read = (ask(server, PROMPT, **marked).usage or {} for _ in range(2))
        assert (wrote["cache_creation_input_tokens"], wrote["cache_read_input_tokens"], wrote["input_tokens"]) == (
            8,
            0,
            6,
        )
        assert (read["cache_creation_input_tokens"], read["cache_read_input_tokens"], read["input_tokens"]) == (0, 8, 6)


@pytest.mark.parametrize(
    ("name", "where", "field"),
    [
        ("cerebras", "time_info", "prompt_time"),
        ("vllm", "metrics", "time_to_first_token_ms"),
        ("neuron", "metrics", "queue_time_ms"),
        ("llama_cpp", "timings", "prompt_n"),
        ("sambanova", "usage", "time_to_first_token"),
        ("groq", "usage", "queue_time"),
        ("moonshotai", "usage", "cached_tokens"),
        ("sglang", "usage", "reasoning_tokens"),
    ],
)
def test_timing_is_where_the_provider_puts_it(name: str, where: str, field: str) -> None:
    with api_server(name, words_per_s=1000, first_s=0.01) as server:
        events, whole = objects(hear(server, True)), objects(hear(server, False))
    assert field in events[-1][where]
    assert field in whole[-1][where]
    assert not any(where in event for event in events[:-1])
    if name == "cerebras":
        parts = {"queue_time", "prompt_time", "completion_time", "total_time", "created"}
        assert events[-1][where].keys() == whole[-1][where].keys() == parts
    if "time" in field:
        assert events[-1][where][field] >= 0.01 * (1000 if field.endswith("_ms") and field != "queue_time_ms" else 0)


def test_answers_of_a_stream_come_by_turns() -> None:
    with api_server("openai") as server:
        events = objects(hear(server, True, n=2, max_tokens=3))
    assert [choice["index"] for event in events for choice in event["choices"]] == [0, 1] * 5


def test_tools_are_called_by_word_until_they_have_answered() -> None:
    tools = [{"type": "function", "function": {"name": name, "parameters": SCHEMA}} for name in ("go", "stay")]
    with api_server("openai") as server:

        def called(text: str, *more: dict[str, Any], **choice: Any) -> list[str]:
            messages = [{"role": "user", "content": text}, *more]
            heard = hear(server, True, max_tokens=90, tools=tools, messages=messages, **choice)
            made = sum(len(call[1]) > 0 for call in heard.calls.values())
            ids = [call for event in objects(heard) for call in calls_in(event) if "id" in call]
            assert len(ids) == made == sum("name" in call["function"] for call in ids)
            assert heard.finish == ("tool_calls" if made else "length")
            return [name for name, _ in heard.calls.values()]

        assert called("which tool?") == ["go"]
        assert called("all tools") == ["go", "stay"]
        assert called("no word") == []
        assert called("a tool", {"role": "tool", "tool_call_id": "x", "content": "done"}) == []
        assert called("a tool", tool_choice="none") == []
        assert called("no word", tool_choice={"type": "function", "function": {"name": "stay"}}) == ["stay"]


def calls_in(event: dict[str, Any]) -> list[dict[str, Any]]:
    return [call for choice in event["choices"] for call in choice["delta"].get("tool_calls", ())]


def test_llama_cpp_keeps_prompts_in_slots() -> None:
    with api_server("llama_cpp") as server, httpx.Client(base_url=server.url, **PLAIN) as client:

        def reused(**more: Any) -> int:
            body = body_of(server, False, **more)
            found: int = client.post("/v1/chat/completions", json=body).json()["timings"]["cache_n"]
            return found

        assert [reused(id_slot=2), reused(id_slot=1), reused(), reused(cache_prompt=False)] == [0, 0, 8, 0]
        saved = client.post("/slots/2?action=save", json={"filename": "a"}).json()
        assert saved["n_saved"] == 14
        for slot in range(4):
            client.post(f"/slots/{slot}?action=erase", json={})
        assert [slot["n_prompt_tokens"] for slot in client.get("/slots").json()] == [0] * 4
        assert client.post("/slots/3?action=restore", json={"filename": "a"}).json()["n_restored"] == 14
        assert [reused(id_slot=3), reused(id_slot=0)] == [8, 0]
        assert client.post("/slots/0?action=restore", json={"filename": "none"}).status_code == 400


def test_parameters_shape_the_answer() -> None:
    with api_server("vllm") as server, httpx.Client(base_url=server.url, **PLAIN) as client:

        def ask(**more: Any) -> dict[str, Any]:
            found: dict[str, Any] = client.post("/v1/chat/completions", json=body_of(server, False, **more)).json()
            return found

        texts = [choice["message"]["content"] for choice in ask(n=3)["choices"]]
        assert len({*texts}) == 3
        assert ask(seed=5) | {"id": ""} != ask(seed=6) | {"id": ""}
        first = texts[0].split()
        stopped = ask(stop=[f" {first[3]}"])
        assert stopped["choices"][0]["message"]["content"].split() == first[:3]
        assert (stopped["choices"][0]["finish_reason"], stopped["usage"]["completion_tokens"]) == ("stop", 3)
        rows = ask(logprobs=True, top_logprobs=2)["choices"][0]["logprobs"]["content"]
        assert "".join(row["token"] for row in rows) == texts[0]
        assert all(len(row["top_logprobs"]) == 2 and row["logprob"] < 0 for row in rows)
        wish = {"type": "json_schema", "json_schema": {"name": "s", "schema": SCHEMA}}
        made = json.loads(ask(response_format=wish, max_tokens=99)["choices"][0]["message"]["content"])
        assert made == {"city": "timetime"[:8], "days": 2, "cold": False, "unit": "C", "at": [{"x": 0.0}]}
        assert ask(max_tokens=0)["usage"]["completion_tokens"] == 0
        picture = [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]
        assert ask(messages=[{"role": "user", "content": picture}])["usage"]["prompt_tokens"] == 104
        texts = client.post(
            "/v1/completions", json={"model": "m", "prompt": ["a b", "c"], "max_tokens": 2, "n": 2}
        ).json()
        assert [len(choice["text"].split()) for choice in texts["choices"]] == [2] * 4
        assert texts["usage"] == texts["usage"] | {"prompt_tokens": 3, "completion_tokens": 8}


@pytest.mark.parametrize(
    ("name", "more", "text"),
    [
        ("anthropic", {"temperature": 0.5}, "temperature: Extra inputs are not permitted"),
        ("anthropic", {"seed": 1}, "seed: Extra inputs"),
        ("anthropic", {"max_tokens": None}, "max_tokens: Field required"),
        ("openai", {"surprise": 1}, "surprise"),
        ("cerebras", {"surprise": 1}, "wrong_api_format"),
        ("vllm", {"n": 0}, '"param":"n"'),
        ("vllm", {"max_tokens": "many"}, '"param":"max_tokens"'),
        ("openai", {"messages": []}, "messages"),
        ("openai", {"messages": "text"}, "messages"),
        ("openai", {"tools": [{}]}, "Malformed"),
    ],
)
def test_what_a_provider_does_not_take_is_a_400(name: str, more: dict[str, Any], text: str) -> None:
    with api_server(name) as server:
        body = body_of(server, False, **more)
        got = httpx.post(server.url + path_of(server), json=body, headers=ANTHROPIC, **PLAIN)
    assert got.status_code == 400
    assert text in got.text
    assert server.bills[0].prompt_tokens == 0


@pytest.mark.parametrize(("name", "prefix"), [("vllm", "vllm:"), ("neuron", "vllm_neuron:"), ("sglang", "sglang:")])
def test_metrics_follow_the_calls(name: str, prefix: str) -> None:
    with api_server(name) as server, httpx.Client(base_url=server.url, **PLAIN) as client:
        hear(server, False)
        hear(server, True)
        lines = client.get("/metrics").text.splitlines()
    samples = {line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in lines if line[0] != "#"}
    assert any(line.startswith(prefix) for line in lines)
    family = "sglang:" if name == "sglang" else "vllm:"
    assert samples[f"{family}generation_tokens_total"] == 16
    assert samples[f"{family}time_to_first_token_seconds_count"] == 2


LEAVES = st.one_of(
    st.builds(lambda least: {"type": "integer", "minimum": least}, st.integers(-5, 5)),
    st.builds(lambda least: {"type": "string", "minLength": least}, st.integers(0, 20)),
    st.sampled_from([{"type": "boolean"}, {"type": "number"}, {"enum": [3, "x"]}, {"type": "null"}]),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda of, least: {"type": "array", "items": of, "minItems": least}, inner, st.integers(0, 3)),
        st.builds(lambda of: {"type": "object", "properties": of}, st.dictionaries(st.text(max_size=3), inner)),
    ),
    max_leaves=8,
)
TYPES: dict[Any, Any] = {
    "integer": int,
    "string": str,
    "boolean": bool,
    "number": float,
    "null": type(None),
    "array": list,
    "object": dict,
}


def satisfies(value: Any, schema: dict[str, Any]) -> bool:
    if "enum" in schema:
        return value in schema["enum"]
    if type(value) is not TYPES[schema["type"]]:
        return False
    if schema["type"] == "array":
        return len(value) >= schema["minItems"] and all(satisfies(one, schema["items"]) for one in value)
    if schema["type"] == "object":
        properties = schema["properties"]
        return value.keys() == properties.keys() and all(satisfies(value[name], properties[name]) for name in value)
    if "minimum" in schema:
        return bool(value >= schema["minimum"])
    return len(value) >= schema["minLength"] if "minLength" in schema else True


@settings(max_examples=60, deadline=None)
@given(SCHEMAS)
def test_an_instance_satisfies_its_schema(schema: dict[str, Any]) -> None:
    assert satisfies(instance(schema, "time"), schema)
