"""What is foretold of votes from two pilots a record, before any other candidate is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from pydantic import BaseModel, ConfigDict

from commissure.policies.ensemble.leaves import ABSENT, canonical, keys_of, length_path
from commissure.policies.ensemble.sample import Sample
from commissure.scenarios.tool_calling.ensembles.answers import Asked
from commissure.scenarios.tool_calling.ensembles.panel import score
from commissure.scenarios.tool_calling.records.record import Record
from commissure.theory.votes.condorcet import effective_votes
from commissure.theory.votes.curve import VoteCurve, foretell
from commissure.theory.votes.fields import foretell_fields
from commissure.theory.votes.two_samples import Pair

NS = tuple(range(1, 33))
LENGTH = length_path("")


class Curve(BaseModel):
    """Accuracy of a vote against its number of candidates `n`, with the 95 % band; and the oracle's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: tuple[int, ...]
    accuracy: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    oracle: tuple[float, ...]


class Foretold(BaseModel):
    """Of a member: the curve of votes on whole records, and that of votes by field, on records and on fields.

    `of` is the SHA-256 of the pilots' texts.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    member: str
    of: str
    records: int
    plurality: Curve
    per_field: Curve
    fields: Curve


class Chances(BaseModel):
    """What two answers to each record say of a record's chance to be right, p: its mean, how far the answers to one
    record go together (the correlation of two, 0 to 1), and how many independent votes eight are then worth.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    correlation: float
    effective_of_eight: float


def chances(member: str, records: Sequence[Record], pilots: Sequence[Asked]) -> Chances:
    """By moments: the mean, and the covariance of two answers over the variance of one."""
    pairs = [_pair(record, one.candidates(member)) for record, one in zip(records, pilots, strict=True)]
    mean = sum(one.first + one.second for one in pairs) / (2 * len(pairs))
    both = sum(one.first and one.second for one in pairs) / len(pairs)
    spread = mean * (1 - mean)
    correlation = min(1.0, max(0.0, (both - mean**2) / spread)) if spread else 0.0
    return Chances(mean=mean, correlation=correlation, effective_of_eight=effective_votes(8, correlation))


def foretold_from(member: str, records: Sequence[Record], pilots: Sequence[Asked], seed: int) -> Foretold:
    """From two answers to each record."""
    samples = [one.candidates(member) for one in pilots]
    texts = "\n".join(one.text for pair in samples for one in pair)
    whole = [_pair(record, pair) for record, pair in zip(records, samples, strict=True)]
    parts = [_field_pairs(record, pair) for record, pair in zip(records, samples, strict=True)]
    fields = foretell_fields(parts, NS, seed=seed)
    return Foretold(
        member=member,
        of=sha256(texts.encode()).hexdigest(),
        records=len(records),
        plurality=_curve(foretell(whole, NS, seed=seed)),
        per_field=_curve(fields.record),
        fields=_curve(fields.fields),
    )


def _curve(found: VoteCurve) -> Curve:
    return Curve(n=found.n, accuracy=found.accuracy, low=found.low, high=found.high, oracle=found.oracle)


def _pair(record: Record, samples: Sequence[Sample]) -> Pair:
    first, second = samples
    right = [score(record, one).right for one in samples]
    same = first.parsed and second.parsed and canonical(first.value) == canonical(second.value)
    # Two texts that are both right may differ, as where a parameter may be left out.
    return Pair(right[0], right[1], right[0] == right[1] and (same or right[0]))


def _field_pairs(record: Record, samples: Sequence[Sample]) -> dict[str, Pair]:
    """One for each field that the truth has, by its family and path."""
    scores = [score(record, one).fields for one in samples]
    found = {}
    for path in scores[0]:
        first, second = (bool(fields.get(path)) for fields in scores)
        said = [_said(one, path) for one in samples]
        found[f"{record.family} {path}"] = Pair(first, second, first == second and (first or said[0] == said[1]))
    return found


def _said(sample: Sample, path: str) -> str:
    """What a candidate says at a path of leaves, to compare by; at an array's length, that."""
    value: Any = sample.value if sample.parsed else ABSENT
    for key in keys_of(path.removesuffix(LENGTH)):
        if isinstance(value, dict):
            value = value.get(key, ABSENT)
        else:
            there = isinstance(value, list) and key.isdecimal() and int(key) < len(value)
            value = value[int(key)] if there else ABSENT
    return canonical(len(value) if path.endswith(LENGTH) and isinstance(value, list) else value)
