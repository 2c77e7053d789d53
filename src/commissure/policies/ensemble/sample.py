"""The records of an ensemble: what is asked, the candidates, and the decision among them. Plain frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What candidates answer: the text that the answer stands in, and the JSON Schema of the answer."""

    source: str
    schema: Mapping[str, Any] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """One candidate. `value` is its text as JSON where it is `parsed`; what is not parsed has no vote.

    `logprob` is the log probability of the whole text, in nats, None where the endpoint tells none. `member` is the
    endpoint that it came from, `variant` the form of the prompt. `verdict` is a model's probability that it is right.
    """

    text: str
    value: Any = field(default=None, hash=False)
    parsed: bool = False
    tokens: int = 0
    logprob: float | None = None
    member: str = ""
    variant: int = 0
    verdict: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an ensemble says: a value, the first candidate that says just that, and how sure it is, from 0 to 1.

    `index` is None where no candidate says it whole, as of a record put together by fields. `answered` is false where
    there was nothing to choose from, as where nothing parses: then `value` is None, and is no answer.
    """

    value: Any = field(hash=False)
    index: int | None
    confidence: float
    answered: bool = True


NO_DECISION = Decision(None, None, 0.0, answered=False)
