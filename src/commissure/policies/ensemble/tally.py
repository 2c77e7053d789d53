"""Votes counted, with or without weights, and ties broken alike in every order of the candidates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, fsum, isfinite
from typing import Any

from commissure.policies.ensemble.leaves import canonical
from commissure.policies.ensemble.sample import Sample


@dataclass(frozen=True, slots=True)
class Voter:
    """A parsed candidate: its place among all, its value, that as canonical text, and its log probability if told."""

    index: int
    value: Any = field(hash=False)
    text: str
    logprob: float | None


@dataclass(frozen=True, slots=True)
class Won:
    """What won, its share of all weight from 0 to 1, and the places of those that voted for it, in their order."""

    text: str
    share: float
    places: tuple[int, ...]


def voters(candidates: Iterable[Sample]) -> list[Voter]:
    """Those that are parsed, in their order. A log probability that is no finite number counts as not told."""
    return [
        Voter(index, one.value, canonical(one.value), _told(one.logprob))
        for index, one in enumerate(candidates)
        if one.parsed
    ]


def weighted_voters(parsed: Iterable[Voter]) -> tuple[list[Voter], list[float]]:
    """Those that tell a log probability, and what each weighs: its probability, so that all weigh 1 together."""
    able = [(one, one.logprob) for one in parsed if one.logprob is not None]
    return [one for one, _ in able], probabilities([logprob for _, logprob in able]) if able else []


def first_saying(parsed: Iterable[Voter], text: str) -> Voter:
    """The first whose value has this canonical text. Raises StopIteration if there is none."""
    return next(one for one in parsed if one.text == text)


def _told(logprob: float | None) -> float | None:
    return logprob if logprob is not None and isfinite(logprob) else None


def count(
    texts: Sequence[str],
    logprobs: Sequence[float | None] | None = None,
    weights: Sequence[float] | None = None,
) -> Won:
    """Which text has the most votes: the plurality, or the greatest sum of weights (0 or more; 1 each by default).

    A tie goes to the text with the highest log probability among its voters, where every tied text has a voter that
    tells one; then to the first in the order of the texts themselves. Sums are exactly rounded, so nothing hangs on the
    order of the votes. Where all weights are 0 the share is 0. Raises ValueError if there is no vote.
    """
    if not texts:
        raise ValueError("no votes: count() needs at least one text")
    by_text: dict[str, list[int]] = {}
    for place, text in enumerate(texts):
        by_text.setdefault(text, []).append(place)
    if len(by_text) == 1 and weights is None:
        return Won(texts[0], 1.0, tuple(range(len(texts))))
    if weights is None:
        sums: dict[str, float] = {text: len(places) for text, places in by_text.items()}
        total: float = len(texts)
    else:
        sums = {text: fsum(weights[place] for place in places) for text, places in by_text.items()}
        total = fsum(weights)
    most = max(sums.values())
    won = _untied([text for text, votes in sums.items() if votes == most], by_text, logprobs)
    return Won(won, min(1.0, most / total) if total else 0.0, tuple(by_text[won]))


def _untied(tied: list[str], by_text: dict[str, list[int]], logprobs: Sequence[float | None] | None) -> str:
    if len(tied) == 1:
        return tied[0]
    if logprobs is not None:
        best = {
            text: max((one for p in by_text[text] if (one := logprobs[p]) is not None), default=None) for text in tied
        }
        told = [one for one in best.values() if one is not None]
        if len(told) == len(tied):
            highest = max(told)
            tied = [text for text in tied if best[text] == highest]
    return min(tied)


def probabilities(logprobs: Sequence[float]) -> list[float]:
    """Weights in proportion to the probabilities, summing to 1 (softmax). Of finite ones in nats, at least one.

    Taken against the highest, so that long texts, whose own probabilities underflow, keep their weights.
    """
    highest = max(logprobs)
    parts = [exp(one - highest) for one in logprobs]
    total = fsum(parts)
    return [part / total for part in parts]
