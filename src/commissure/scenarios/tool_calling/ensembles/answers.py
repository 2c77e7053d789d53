"""What one endpoint said to one question, as it is kept: the same file serves a run that goes on, and a replay."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel, ConfigDict

from commissure.hal.reply import Choice
from commissure.policies.ensemble.sample import Sample

PILOTS = "pilots"
"""The phase of a question before any of its candidates."""


class KeptSample(BaseModel):
    """One answer as it was said."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    tokens: int
    logprob: float | None = None
    variant: int = 0
    verdict: float | None = None

    def sample(self, member: str) -> Sample:
        """As a selector sees it."""
        parsed, value = parse(self.text)
        return Sample(self.text, value, parsed, self.tokens, self.logprob, member, self.variant, self.verdict)


class Asked(BaseModel):
    """Answers that were asked for together: what they took in seconds, tokens and money.

    `latency_s` is from the first request to the last answer; `computed_tokens` of the prompts were not in a cache.
    `verify_s` and `verify_tokens` are what asking of them took beside.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    samples: tuple[KeptSample, ...]
    latency_s: float
    prompt_tokens: int
    computed_tokens: int
    output_tokens: int
    cost_usd: float
    verify_s: float = 0.0
    verify_tokens: int = 0

    def candidates(self, member: str) -> tuple[Sample, ...]:
        """As a selector sees them."""
        return tuple(one.sample(member) for one in self.samples)


class Answers(BaseModel):
    """All that a member said to a question."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    greedy: Asked
    candidates: Asked


def kept_sample(choice: Choice, variant: int, even_tokens: int) -> KeptSample:
    """A choice as it is kept. Where its tokens are not shown, it is given `even_tokens`, an even part of all."""
    shown = choice.logprobs
    logprob = sum(one.logprob for one in shown) if shown else None
    return KeptSample(text=choice.text, tokens=len(shown) or even_tokens, logprob=logprob, variant=variant)


def parse(text: str) -> tuple[bool, Any]:
    """Whether a text is JSON, and its value. What JSON has no word for (NaN) is none."""
    try:
        return True, json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return False, None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")
