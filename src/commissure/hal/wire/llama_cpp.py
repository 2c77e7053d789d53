"""How llama.cpp's server speaks: OpenAI's words, with times and fields of its own (tools/server/README.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from commissure.hal.call import Call
from commissure.hal.errors import UsageError
from commissure.hal.fanout import together
from commissure.hal.provider import Answer, Piece, ServerTimes
from commissure.hal.reply import Choice, Usage
from commissure.hal.wire.openai import OpenAiCodec
from commissure.hal.wire.openai_stream import OpenAiReader
from commissure.hal.wire.timing import seconds_of


class LlamaCppCodec(OpenAiCodec):
    """Times come with every answer. An answer is kept from ending early altogether, or not at all."""

    def sampling(self, call: Call) -> dict[str, Any]:
        """How tokens are drawn."""
        if 0 < call.min_tokens < call.max_tokens:
            raise UsageError(f"endpoint {self._name!r}: min_tokens must be 0 or equal to max_tokens")
        body = super().sampling(call) | {"ignore_eos": call.min_tokens > 0}
        body.pop("min_tokens", None)
        return body

    def form(self, call: Call) -> dict[str, Any]:
        """A bare completion's schema has a field of its own; response_format is passed over there (measured)."""
        if call.chat or call.schema is None:
            return super().form(call)
        return {"json_schema": dict(call.schema)}

    def answer(self, body: Any) -> Answer:
        """A whole answer; of several the tokens of all are counted."""
        answer = super().answer(body)
        usage = answer.usage
        if usage is None or len(answer.choices) == 1:
            return answer
        said, estimated = _said_of_all(usage.output_tokens, answer.choices)
        return replace(answer, usage=replace(usage, output_tokens=said, estimated=estimated))

    def reader(self) -> OpenAiReader:
        """For one stream."""
        return LlamaCppReader(self.usage, self.times)

    def times(self, body: Mapping[str, Any]) -> ServerTimes | None:
        """`timings`, in milliseconds; prompt_n excludes the reused cache_n."""
        return seconds_of(body.get("timings"), "prompt_ms", "predicted_ms", unit_s=1e-3)

    def usage(self, body: Mapping[str, Any]) -> Usage | None:
        """`usage`; what older servers leave out of it stands in `timings`."""
        usage, timings = super().usage(body), body.get("timings")
        if not isinstance(timings, dict):
            return usage
        try:
            cached, computed, said = (int(timings[name]) for name in ("cache_n", "prompt_n", "predicted_n"))
            told = Usage(cached + computed, cached, said)
        except (KeyError, TypeError, ValueError, OverflowError):
            return usage
        if usage is None:
            return told
        return usage if usage.cached_tokens else replace(usage, cached_tokens=min(cached, usage.prompt_tokens))

    def caching(self, call: Call) -> dict[str, Any]:
        """Slots keep their prompts."""
        return {"cache_prompt": True}


class LlamaCppReader(OpenAiReader):
    """Each of several answers tells its own tokens when it ends (measured: xllamacpp 2026.10)."""

    def __init__(self, usage: Callable[[Any], Usage | None], times: Callable[[Any], ServerTimes | None]) -> None:
        super().__init__(usage, times)
        self._told: list[Usage] = []

    def feed(self, event: Any) -> list[Piece]:
        """Take an event."""
        pieces = super().feed(event)
        if isinstance(event.get("usage"), dict) and (usage := self._read_usage(event)):
            self._told.append(usage)
        return pieces

    def answer(self) -> Answer | None:
        """The whole, with the tokens of all answers."""
        answer = super().answer()
        return answer and replace(answer, usage=self.usage())

    def usage(self) -> Usage | None:
        """The tokens of all answers that have told theirs; the prompt is theirs together."""
        return together(self._told, shared=True) if len(self._growing) > 1 and self._told else super().usage()


def _said_of_all(first: int, choices: Sequence[Choice]) -> tuple[int, bool]:
    """The tokens of several answers, and whether that is an estimate.

    A body tells those of the first answer alone (measured: xllamacpp 2026.10). Log probabilities, where they were
    asked for, come with every token; else the others have as many tokens for their characters as the first.
    """
    if all(one.logprobs for one in choices):
        return sum(len(one.logprobs) for one in choices), False
    texts = [one.text + one.reasoning + "".join(tool.arguments for tool in one.tool_calls) for one in choices]
    each = first / len(texts[0]) if texts[0] else 0.0
    return first + sum(max(1, round(each * len(text))) for text in texts[1:]), True
