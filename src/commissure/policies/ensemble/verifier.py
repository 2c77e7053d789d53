"""A model as verifier: how probable it holds each candidate's answer to be right."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Final

from commissure.hal.call import MOST_LOGPROBS, Call
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.prompt import Asked, Prompt
from commissure.policies.ensemble.sample import Sample

KIND: Final = "verify"
ASKED: Final = "Below are texts, each with an answer. Say of each answer whether it is right: yes or no."
LABEL: Final = "Right"
_VERDICT = re.compile(r"\W*(yes|no)(?![^\W_])", re.IGNORECASE)


async def verify(
    rt: Runtime, fleet: OpenFleet, asked: Asked, candidates: Sequence[Sample], *, node: str
) -> list[Sample]:
    """The candidates with their verdicts, one call for each distinct answer that is parsed, all side by side.

    A verdict is P(yes) / (P(yes) + P(no)) of the first token (as P(True) of Kadavath et al., arXiv 2207.05221); where
    the endpoint tells no log probabilities, 1 or 0 by the word that it says; None where it says neither yes nor no.
    `node` is the calls' node, by which a router may choose; where an endpoint of the fleet has that name, the calls are
    made for what it can do, else for what all can. Raises as `OpenFleet.generate` does.
    """
    answers = {canonical(one.value): one.value for one in candidates if one.parsed}
    form = _Form.of(fleet, node)
    calls = [form.call(question_of(asked.prompt, value), node) for value in answers.values()]
    replies = await rt.gather(*(fleet.generate(call) for call in calls))
    verdicts = dict(zip(answers, map(verdict_of, replies), strict=True))
    return [replace(one, verdict=verdicts[canonical(one.value)]) if one.parsed else one for one in candidates]


@dataclass(frozen=True, slots=True)
class _Form:
    """How an endpoint can be asked."""

    chat: bool
    logprobs: int | None

    @classmethod
    def of(cls, fleet: OpenFleet, node: str) -> _Form:
        named = [fleet.endpoints[node]] if node in fleet.endpoints else list(fleet.endpoints.values())
        able = [endpoint.capabilities for endpoint in named]
        shown = [MOST_LOGPROBS if one.logprobs is None else one.logprobs for one in able]
        tells = all(one.logprobs is not None for one in able)
        return cls(not all(one.completion for one in able), min(shown, default=0) if tells else None)

    def call(self, prompt: str, node: str) -> Call:
        most = None if self.logprobs is None else min(self.logprobs, MOST_LOGPROBS)
        return Call(prompt, kind=KIND, node=node, max_tokens=1, chat=self.chat, logprobs=most)


def question_of(prompt: Prompt, answer: Any) -> str:
    """What a verifier is asked of an answer: the instruction, judged examples, then the text, the answer and LABEL.

    All before the text is the same for every answer to prompts of the same instruction and examples.
    """
    judged = [_said(prompt, *shown) for shown in _judged(prompt.examples)]
    before = [prompt.instruction] if prompt.instruction else []
    return "\n\n".join([*before, ASKED, *judged, _said(prompt, prompt.source, answer, "")])


def _judged(examples: Sequence[tuple[str, Any]]) -> Iterator[tuple[str, Any, str]]:
    """Every text once: in turns with its own answer, which is right, and with that of the next example that has
    another, which is not. Where all examples have the same answer every one is right."""
    for place, (text, answer) in enumerate(examples):
        after = (*examples[place + 1 :], *examples[:place])
        wrong = next((one for _, one in after if canonical(one) != canonical(answer)), None) if place % 2 else None
        yield (text, answer, " yes") if wrong is None else (text, wrong, " no")


def _said(prompt: Prompt, text: str, answer: Any, verdict: str) -> str:
    said = json.dumps(answer, ensure_ascii=False)
    return f"{prompt.source_label}: {text}\n{prompt.answer_label}: {said}\n{LABEL}:{verdict}"


def verdict_of(reply: Reply) -> float | None:
    """The verdict of a reply to `question_of`. None where neither yes nor no is among what it says."""
    if not reply.logprobs:
        said = _word(reply.text)
        return None if said is None else float(said)
    first = reply.logprobs[0]
    return _probability({**dict(first.top), first.token: first.logprob})


def _probability(logprobs: Mapping[str, float]) -> float | None:
    told = [(word, logprob) for token, logprob in logprobs.items() if (word := _word(token)) is not None]
    if not told:
        return None
    highest = max(logprob for _, logprob in told)
    if highest == float("-inf"):
        return None
    return _share((word, exp(logprob - highest)) for word, logprob in told)


def _share(weighed: Iterable[tuple[bool, float]]) -> float:
    weights = list(weighed)
    return sum(weight for word, weight in weights if word) / sum(weight for _, weight in weights)


def _word(said: str) -> bool | None:
    """Whether a text begins with yes, or with no, as a word of its own; None where with neither."""
    found = _VERDICT.match(said)
    return None if found is None else found[1].lower() == "yes"
