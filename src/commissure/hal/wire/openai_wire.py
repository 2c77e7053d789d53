"""The bodies of OpenAI's chat completions, as far as they are read, in the spellings of those who follow it.

Sources: openai/openai-openapi openapi.yaml; the types of cerebras-cloud-sdk and sambanova (`reasoning`), Moonshot and
llama.cpp (`reasoning_content`), the legacy completions of vLLM (`text`, and log probabilities by columns), and
sgl-project/sglang entrypoints/openai/protocol.py (UsageInfo).
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Count = Annotated[int, Field(ge=0, le=10**12)]


def _joined(content: Any) -> Any:
    """Content in parts, as Mistral's reasoning models give it, as the text of its text parts."""
    if not isinstance(content, list):
        return content
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _as_json(arguments: Any) -> Any:
    """Arguments that some servers give as the object itself."""
    return json.dumps(arguments) if isinstance(arguments, dict) else arguments


def _or_empty(function: Any) -> Any:
    return {} if function is None else function


class Wire(BaseModel):
    """What is not named is not read."""

    model_config = ConfigDict(frozen=True)


class PromptDetails(Wire):
    """Parts of the prompt's tokens."""

    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class CompletionDetails(Wire):
    """Parts of the answer's tokens."""

    reasoning_tokens: Count | None = None


class UsageBody(Wire):
    """Tokens of a call; Moonshot's cached ones may stand at the top, SGLang's reasoning ones do."""

    prompt_tokens: Count
    completion_tokens: Count = 0
    cached_tokens: Count | None = None
    reasoning_tokens: Count | None = None
    prompt_tokens_details: PromptDetails | None = None
    completion_tokens_details: CompletionDetails | None = None


class FunctionBody(Wire):
    """A tool's name and arguments, or a piece of them."""

    name: str | None = None
    arguments: Annotated[str | None, BeforeValidator(_as_json)] = None


class ToolBody(Wire):
    """A tool call, or a piece of one: `index` says of which."""

    index: int | None = None
    id: str | None = None
    function: Annotated[FunctionBody, BeforeValidator(_or_empty)] = FunctionBody()


class MessageBody(Wire):
    """A message, or a piece of one."""

    content: Annotated[str | None, BeforeValidator(_joined)] = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolBody] | None = None


class TopLogprob(Wire):
    """One of the likeliest tokens of a place."""

    token: str
    logprob: float


class TokenLogprob(TopLogprob):
    """A token with its rivals."""

    top_logprobs: list[TopLogprob] = []


class LogprobsBody(Wire):
    """Of a chat by token; of a bare completion by column."""

    content: list[TokenLogprob] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class ChoiceBody(Wire):
    """An answer, or a piece of one."""

    index: int = 0
    message: MessageBody | None = None
    delta: MessageBody | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: LogprobsBody | None = None


class AnswerBody(Wire):
    """A whole answer."""

    choices: Annotated[list[ChoiceBody], Field(min_length=1)]


class EventBody(Wire):
    """One event of a streamed answer."""

    choices: list[ChoiceBody] | None = None
