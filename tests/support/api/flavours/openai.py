"""OpenAI's chat completions and completions, and the hooks by which others differ.

Shapes: openai-python 3.54 types/chat/chat_completion.py, chat_completion_chunk.py, completion_usage.py, completion.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from tests.support.api.answer import Answer, Choice
from tests.support.api.ask import Ask, Body
from tests.support.api.flavours.base import Event, Flavour
from tests.support.api.flavours.chunks import Chunks
from tests.support.api.flavours.reading import read_chat, read_text
from tests.support.api.flavours.shapes import logprob, text_logprobs

# openai-python 3.54 types/chat/completion_create_params.py and types/completion_create_params.py; None: any.
KNOWN = """
messages model audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens max_tokens
metadata modalities moderation n parallel_tool_calls prediction presence_penalty prompt_cache_key prompt_cache_options
prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream
stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options
prompt best_of echo suffix
"""


class OpenAI(Flavour):
    """The reference that most others follow."""

    name = "openai"
    calls: ClassVar = {"/v1/chat/completions": "chat", "/v1/completions": "text"}
    known: ClassVar[frozenset[str] | None] = frozenset(KNOWN.split())
    reasoning: ClassVar[str] = ""  # the field that shows reasoning; OpenAI's chat hides it
    fingerprint: ClassVar[str | None] = "fp_0123456789"
    null_usage_in_chunks: ClassVar = True
    needs_model: ClassVar[bool] = True
    tool_delta: ClassVar[Body] = {}  # more fields of each tool call delta after the first

    def read(self, kind: str, body: Body) -> Ask:
        named = body if self.needs_model else {"model": self.name, **body}
        return (read_chat if kind == "chat" else read_text)(named, self.known)

    def usage(self, answer: Answer) -> Body:
        """completion_usage.py; cache_write_tokens as in its PromptTokensDetails."""
        return {
            **self.counts(answer),
            "prompt_tokens_details": {"cached_tokens": answer.cached_tokens, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": answer.reasoning_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }

    def counts(self, answer: Answer) -> Body:
        """The three numbers that all have."""
        prompt, output = answer.prompt_tokens, answer.output_tokens
        return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}

    def common(self, answer: Answer, chunk: bool) -> Body:
        """The fields before the choices."""
        chat = answer.ask.kind == "chat"
        fields: Body = {
            "id": f"{'chatcmpl' if chat else 'cmpl'}-{answer.number:06d}",
            "object": ("chat.completion.chunk" if chunk else "chat.completion") if chat else "text_completion",
            "created": answer.created,
            "model": answer.ask.model,
        }
        return fields if self.fingerprint is None else {**fields, "system_fingerprint": self.fingerprint}

    def extras(self, answer: Answer) -> Body:
        """Top-level fields of the whole answer, or of the last chunk."""
        return {}

    def extras_with_usage(self, answer: Answer) -> Body:
        """The same for what goes with the usage only, in a stream."""
        return {}

    def finish(self, choice: Choice) -> str:
        """Its finish_reason."""
        return choice.finish

    def choice_extras(self, choice: Choice) -> Body:
        """More fields of a finished choice."""
        return {}

    def message(self, choice: Choice) -> Body:
        """chat_completion_message.py."""
        message: Body = {"role": "assistant", "content": None if choice.calls else choice.text}
        if choice.calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in choice.calls
            ]
        if self.reasoning and choice.reasoning:
            message[self.reasoning] = "".join(choice.reasoning)
        return message

    def body(self, answer: Answer) -> Body:
        ask, choices = answer.ask, []
        for choice in answer.choices:
            row: Body = {"index": choice.index, "logprobs": None, "finish_reason": self.finish(choice)}
            if ask.kind == "chat":
                row["message"] = self.message(choice)
                if ask.top_logprobs is not None:
                    row["logprobs"] = {"content": [logprob(one, ask.top_logprobs) for one in choice.pieces]}
            else:
                row["text"] = choice.text
                if ask.top_logprobs is not None:
                    row["logprobs"] = text_logprobs(choice.pieces, ask.top_logprobs)
            choices.append(row | self.choice_extras(choice))
        whole = {**self.common(answer, False), "choices": choices}
        if answer.usage != "none":
            whole["usage"] = None if answer.usage == "null" else self.usage(answer)
        return whole | self.extras(answer) | self.extras_with_usage(answer)

    def events(self, answer: Answer) -> Iterator[Event]:
        return Chunks(self, answer).events()

    def first_extras(self, answer: Answer) -> Body:
        """Top-level fields of the first chunk."""
        return {}

    def finish_extras(self, answer: Answer) -> Body:
        """More fields of the choice in the finish chunk only."""
        return {}

    def error(self, status: int, kind: str, message: str, param: str | None, model: str, key: str) -> Body:
        """openai-python 3.54 types/shared/error_object.py."""
        of_type, code, text = self.said(kind, message, model, key)
        return {"error": {"message": text, "type": of_type, "param": param, "code": code}}
