"""Bodies that real providers sent, as others recorded them, cut to what is read; and what their own SDKs read of them.

Sources: openai/openai-python .inline-snapshot/external/2018feb6 (Apache-2.0); anthropics/anthropic-sdk-python
tests/lib/streaming/fixtures/tool_use_response.txt (MIT); pydantic/pydantic-ai tests/models/cassettes (MIT).
"""

import json
from typing import Any

import pytest

from commissure.hal.call import Call, Message, ToolCall
from commissure.hal.connect import provider_of
from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.provider import Answer, Codec
from commissure.hal.reply import Choice, Usage

SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}}


def codec(name: str, **can: Any) -> Codec:
    provider = provider_of(name)
    assert provider is not None
    fields = {"name": name, "provider": name, "model": "m", "chip": "undisclosed", "base_url": "http://127.0.0.1:9"}
    spec = EndpointSpec.model_validate(fields | {"capabilities": can})
    return provider.codec(spec, "m", provider.able(spec))


def streamed(name: str, events: list[Any]) -> Answer | None:
    reader = codec(name).reader()
    for event in events:
        reader.feed(event)
    return reader.answer()


def grown(tool: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    delta = {"tool_calls": [{"index": 0, **tool}]} if tool else {}
    return {"choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}


OPENAI_TOOL = [
    grown({"id": "call_4XzlGBLtUe9dy3GVNV4jhq7h", "function": {"name": "get_weather", "arguments": ""}}),
    *(grown({"function": {"arguments": piece}}) for piece in ('{"', "city", '":"', "New", " York", " City", '"}')),
    grown({}, "tool_calls"),
    {"choices": [], "usage": {"prompt_tokens": 44, "completion_tokens": 16, "total_tokens": 60,
                              "completion_tokens_details": {"reasoning_tokens": 0}}},
]  # fmt: skip

ANTHROPIC_USAGE = {"input_tokens": 377, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
ANTHROPIC_TOOL = [
    {"type": "message_start", "message": {"content": [], "stop_reason": None,
                                          "usage": ANTHROPIC_USAGE | {"output_tokens": 1}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "ping"},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "I"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "'ll check."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {
        "type": "tool_use", "id": "toolu_01NRLabsLyVHZPKxbKvkfSMn", "name": "get_weather",
        "caller": {"type": "direct"}, "input": {},
    }},
    *({"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": piece}}
      for piece in ("", '{"locati', 'on": "P', "ar", 'is"}')),
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use", "stop_sequence": None},
     "usage": {"output_tokens": 65}},
    {"type": "message_stop"},
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "events", "choice", "usage"),
    [
        (
            "openai", OPENAI_TOOL,
            Choice("", "tool_calls", (ToolCall("get_weather", '{"city":"New York City"}', OPENAI_TOOL[0]["choices"][0][
                "delta"]["tool_calls"][0]["id"]),)),
            Usage(44, 0, 16),
        ),
        (
            "anthropic", ANTHROPIC_TOOL,
            Choice("I'll check.", "tool_calls", (
                ToolCall("get_weather", '{"location": "Paris"}', "toolu_01NRLabsLyVHZPKxbKvkfSMn"),)),
            Usage(377, 0, 65),
        ),
    ],
)  # fmt: skip
def test_streams(name: str, events: list[Any], choice: Choice, usage: Usage) -> None:
    assert streamed(name, events) == Answer((choice,), usage)


# test_anthropic_opus_5_features.yaml
THOUGHT = {"input_tokens": 13, "output_tokens": 44, "output_tokens_details": {"thinking_tokens": 33}}
# test_cerebras_thinking_part_survives_multiturn.yaml
CEREBRAS_USAGE = {
    "completion_tokens": 37, "completion_tokens_details": {"accepted_prediction_tokens": 0, "reasoning_tokens": 25},
    "prompt_tokens": 79, "prompt_tokens_details": {"cached_tokens": 0}, "total_tokens": 116,
}  # fmt: skip
# sgl-project/sglang entrypoints/openai/protocol.py, UsageInfo
SGLANG_USAGE = {"prompt_tokens": 79, "completion_tokens": 37, "total_tokens": 116, "reasoning_tokens": 25}


@pytest.mark.parametrize(
    ("name", "body", "usage"),
    [
        ("anthropic", {"content": [{"type": "text", "text": "4"}], "usage": THOUGHT}, Usage(13, 0, 11, 33)),
        ("cerebras", {"choices": [{"message": {"content": "4."}}], "usage": CEREBRAS_USAGE}, Usage(79, 0, 12, 25)),
        ("sglang", {"choices": [{"message": {"content": "4."}}], "usage": SGLANG_USAGE}, Usage(79, 0, 12, 25)),
    ],
)
def test_hidden_tokens_are_told_apart(name: str, body: dict[str, Any], usage: Usage) -> None:
    assert codec(name).answer(body).usage == usage


def test_hidden_tokens_are_told_apart_in_a_stream() -> None:
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": THOUGHT}
    answer = streamed("anthropic", [*ANTHROPIC_TOOL[:-2], end, {"type": "message_stop"}])
    assert answer is not None
    assert answer.usage == Usage(13, 0, 11, 33)


def test_a_tool_call_that_comes_whole_is_kept() -> None:
    """As anthropic's own accumulate_event keeps the input of a block that no delta follows."""
    block = {"type": "tool_use", "id": "t", "name": "weather", "input": {"place": "Bern"}}
    whole = {"type": "content_block_start", "index": 1, "content_block": block}
    answer = streamed("anthropic", [*ANTHROPIC_TOOL[:6], whole, *ANTHROPIC_TOOL[-3:]])
    assert answer is not None
    assert answer.choices[0].tool_calls[0].values() == {"place": "Bern"}


def test_what_anthropic_does_not_take_from_history_is_left_out_or_refused() -> None:
    """A turn without content, and arguments that broke off at max_tokens (incomplete_partial_json_response.txt)."""
    empty = (Message("user", ""), Message("user", "Hi"), Message("assistant", ""))
    _, body = codec("anthropic").request(Call("Go on", history=empty, cache_key="k"), stream=False)
    assert [(one["role"], [block["text"] for block in one["content"]]) for one in body["messages"]] == [
        ("user", ["Hi", "Go on"])
    ]
    broken = Message("assistant", "", (ToolCall("make_file", '{"filename": "taxes.txt", "lines": ["one', "t"),))
    with pytest.raises(UsageError, match=r"'make_file' in history are no JSON object.*leave the turn out"):
        codec("anthropic").request(Call("Go on", history=(Message("user", "Hi"), broken)), stream=False)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_anthropics_temperature_is_said_to_the_models_that_take_one(value: float) -> None:
    call = Call("x", temperature=value)
    assert codec("anthropic", temperature=True).request(call, stream=False)[1]["temperature"] == value
    assert "temperature" not in codec("anthropic").request(call, stream=False)[1]


@pytest.mark.parametrize("name", ["vllm", "neuron", "sglang", "llama_cpp", "cerebras", "compatible", "together"])
def test_a_bare_prompts_schema_is_said_as_the_server_reads_it(name: str) -> None:
    """vLLM and SGLang read response_format in CompletionRequest, llama.cpp json_schema; the others' have neither."""
    call = Call("Once", chat=False, schema=SCHEMA)
    if name in ("cerebras", "compatible", "together"):
        with pytest.raises(UsageError, match="leave out chat=False"):
            codec(name).request(call, stream=False)
        return
    path, body = codec(name).request(call, stream=False)
    assert path == "/completions"
    assert ("json_schema" in body, "response_format" in body) == (name == "llama_cpp", name != "llama_cpp")
    assert json.dumps(SCHEMA) in json.dumps(body)
