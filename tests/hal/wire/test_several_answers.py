"""How several answers of a llama.cpp server are read: each tells its own tokens in a stream, the first in a body."""

from typing import Any

import pytest

from commissure.hal.capabilities import Capabilities
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.wire.endpoint import is_whole
from commissure.hal.wire.llama_cpp import LlamaCppCodec

SPEC = EndpointSpec(name="e", provider="llama_cpp", model="m", chip="cpu")
CODEC = LlamaCppCodec(SPEC, "m", Capabilities())
CACHED = {"prompt_tokens_details": {"cached_tokens": 13}}


def told(said: int) -> dict[str, Any]:
    return {"usage": {"prompt_tokens": 14, "completion_tokens": said, **CACHED}}


def row(index: int, text: str, finish: str | None = None, tokens: int = 0) -> dict[str, Any]:
    content = [{"token": "x", "logprob": -0.5} for _ in range(tokens)]
    return {"index": index, "text": text, "finish_reason": finish, "logprobs": {"content": content} if tokens else None}


@pytest.mark.parametrize("apart", [False, True])
def test_a_stream_counts_the_tokens_of_all(apart: bool) -> None:
    reader = CODEC.reader()
    reader.feed({"choices": [row(1, "b")]})
    reader.feed({"choices": [row(0, "a")]})
    for index, said in ((0, 5), (1, 7)):
        ends = {"choices": [row(index, "", "stop")]}
        for event in [ends, {"choices": [], **told(said)}] if apart else [ends | told(said)]:
            reader.feed(event)
    answer = reader.answer()
    assert answer is not None
    assert answer.usage is not None
    assert [one.text for one in answer.choices] == ["a", "b"]
    assert (answer.usage.prompt_tokens, answer.usage.cached_tokens, answer.usage.output_tokens) == (14, 13, 12)
    assert not answer.usage.estimated


def test_a_stream_is_not_whole_before_all_answers_have_begun() -> None:
    reader = CODEC.reader()
    reader.feed({"choices": [row(0, "a", "stop")], **told(1)})
    assert is_whole(reader, 1)
    assert not is_whole(reader, 2)
    reader.feed({"choices": [row(1, "b")]})
    assert not is_whole(reader, 2)
    reader.feed({"choices": [row(1, "", "stop")], **told(2)})
    assert is_whole(reader, 2)


@pytest.mark.parametrize(
    ("rows", "said", "estimated"),
    [
        ([row(0, "abcd", "stop")], 2, False),
        ([row(0, "abcd", "stop", 2), row(1, "abcdef", "stop", 5)], 7, False),
        ([row(0, "abcd", "stop"), row(1, "abcdefgh", "stop"), row(2, "", "stop")], 2 + 4 + 1, True),
        ([row(0, "", "stop"), row(1, "abcd", "stop")], 3, True),
    ],
)
def test_a_body_tells_those_of_the_first_alone(rows: list[dict[str, Any]], said: int, estimated: bool) -> None:
    usage = CODEC.answer({"choices": rows, **told(2)}).usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.output_tokens, usage.estimated) == (14, said, estimated)
