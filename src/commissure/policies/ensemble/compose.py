"""A record put together from the votes on its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import fsum
from typing import Any

from commissure.policies.ensemble.leaves import ABSENT, DEEPEST, canonical, length_path, path_of
from commissure.policies.ensemble.sample import Decision
from commissure.policies.ensemble.separable import COUPLING, Coupled, Plain, Rules, kind_of, of_key, of_place, required
from commissure.policies.ensemble.similarity import likeness
from commissure.policies.ensemble.tally import Voter, Won, count

Refuted = Callable[[str, Any], bool]
Ballot = tuple[list[int], list[Any]]  # the voters' places, and what each says of one node


@dataclass(frozen=True, slots=True)
class Composed:
    """A record, and what share of all weight says each of its leaves, by its path; a key that is left out is a leaf."""

    value: Any = field(hash=False)
    shares: Mapping[str, float] = field(hash=False)

    @property
    def confidence(self) -> float:
        """The lowest share of a leaf: the whole is right only if its least certain field is."""
        return min(self.shares.values())

    def decision(self, parsed: Sequence[Voter]) -> Decision:
        """With the first voter that says it whole, if any does."""
        text = canonical(self.value)
        index = next((one.index for one in parsed if one.text == text), None)
        return Decision(self.value, index, self.confidence)


def compose(
    parsed: Sequence[Voter], schema: Any, weights: Sequence[float] | None = None, refuted: Refuted | None = None
) -> Composed:
    """The winner of every leaf, by the votes or weights of at least one voter, ties broken as `count` breaks them.

    At each node the voters first decide whether it is an object, an array or a scalar (a key's absence is a scalar
    like any other, but has no vote on a required key that some voter has). Only those that say so go on: over an
    object key by key; over an array, on its length, and those of that length place by place; over `anyOf` and `oneOf`,
    on the branch, told by its kind or by a required key with constants of its own.

    Promised: where every voter's value satisfies the schema, so does the result. Rules that couple fields (COUPLING,
    branches not told apart, `patternProperties`, references but by JSON Pointer into this document without inner `$id`)
    are not checked but kept by taking a whole value that a voter has there: the nearest by `similarity` to what the
    leaves' votes alone would make. Values beneath DEEPEST levels are voted on whole. Where a voter's value is not valid
    the result may not be either.

    A scalar that is `refuted` at its path has no vote there unless all are; its voter counts in the shares as before.
    """
    composer = _Composer(parsed, Rules(schema), weights, refuted)
    value = composer.node("", 0, (list(range(len(parsed))), [one.value for one in parsed]), [schema])
    return Composed(value, composer.shares)


class _Composer:
    def __init__(
        self, parsed: Sequence[Voter], rules: Rules, weights: Sequence[float] | None, refuted: Refuted | None
    ) -> None:
        self.shares: dict[str, float] = {}
        self._parsed = parsed
        self._weights = weights
        self._total = float(len(parsed)) if weights is None else fsum(weights)
        self._rules = rules
        self._refuted = refuted

    def node(self, path: str, depth: int, ballot: Ballot, schemas: list[Any] | None) -> Any:
        """What the voters say at a path; None as schemas for rules that are coupled."""
        if self._refuted is not None:
            ballot = self._unrefuted(path, ballot, self._refuted)
        kinds: list[str] = list(map(kind_of, ballot[1]))
        if kinds.count(kinds[0]) < len(kinds):
            ballot, _ = self._decided(kinds, ballot)
        kind = kind_of(ballot[1][0])
        if kind == "scalar" or depth >= DEEPEST:
            return self._whole(path, list(map(canonical, ballot[1])), ballot)
        try:
            plain, ballot = self._settled(schemas, ballot)
        except Coupled:
            return self._nearest(path, depth, ballot)
        if kind == "object":
            return self._object(path, depth, ballot, plain)
        return self._array(path, depth, ballot, plain)

    def _unrefuted(self, path: str, ballot: Ballot, refuted: Refuted) -> Ballot:
        kept = [
            pair
            for pair in zip(*ballot, strict=True)
            if pair[1] is ABSENT or kind_of(pair[1]) != "scalar" or not refuted(path, pair[1])
        ]
        return ([place for place, _ in kept], [value for _, value in kept]) if kept else ballot

    def _decided(self, texts: list[str], ballot: Ballot) -> tuple[Ballot, Won]:
        """The ballot of those whose texts won."""
        places, values = ballot
        weights = None if self._weights is None else [self._weights[place] for place in places]
        won = count(texts, [self._parsed[place].logprob for place in places], weights)
        return ([places[one] for one in won.places], [values[one] for one in won.places]), won

    def _share(self, path: str, places: Sequence[int]) -> None:
        votes = len(places) if self._weights is None else fsum(self._weights[place] for place in places)
        self.shares[path] = min(1.0, votes / self._total) if self._total else 0.0

    def _whole(self, path: str, texts: list[str], ballot: Ballot) -> Any:
        (places, values), _ = self._decided(texts, ballot)
        self._share(path, places)
        return values[0]

    def _settled(self, schemas: list[Any] | None, ballot: Ballot) -> tuple[list[Plain], Ballot]:
        """All that holds for the node once its branches are chosen, and those that chose them."""
        if schemas is None:
            raise Coupled
        kind = kind_of(ballot[1][0])
        settled: list[Plain] = []
        ahead = self._rules.opened(schemas)
        while ahead:
            schema = ahead.pop()
            if any(schema is one for one in settled):  # it holds itself at the same place, which says nothing new
                continue
            if any(schema.get(keyword, False) is not False for keyword in COUPLING[kind] & schema.keys()):
                raise Coupled
            settled.append(schema)
            for choice in (schema[keyword] for keyword in ("anyOf", "oneOf") if keyword in schema):
                branch, ballot = self._chosen(self._rules.branches(choice, kind), ballot)
                ahead += self._rules.opened([branch])
        return settled, ballot

    def _chosen(self, branches: list[Any], ballot: Ballot) -> tuple[Any, Ballot]:
        if len(branches) == 1:
            return branches[0], ballot
        if not branches or kind_of(ballot[1][0]) != "object":
            raise Coupled
        name, by_text = self._rules.discriminator(branches)
        said = [canonical(value.get(name, ABSENT)) for value in ballot[1]]
        known = [at for at, text in enumerate(said) if text in by_text]
        if not known:
            raise Coupled
        ballot = [ballot[0][at] for at in known], [ballot[1][at] for at in known]
        ballot, won = self._decided([str(by_text[said[at]]) for at in known], ballot)
        return branches[int(won.text)], ballot

    def _object(self, path: str, depth: int, ballot: Ballot, plain: list[Plain]) -> dict[str, Any]:
        places, values = ballot
        must = required(plain)
        made = {}
        for key in dict.fromkeys(key for value in values for key in value):
            said = [value.get(key, ABSENT) for value in values]
            voting = places
            if key in must:
                voting = [place for place, one in zip(places, said, strict=True) if one is not ABSENT]
                said = [one for one in said if one is not ABSENT]
            value = self.node(path_of(path, key), depth + 1, (voting, said), of_key(plain, key))
            if value is not ABSENT:
                made[key] = value
        if not any(values):
            self._share(path, places)
        return made

    def _array(self, path: str, depth: int, ballot: Ballot, plain: list[Plain]) -> list[Any]:
        (places, values), won = self._decided([str(len(value)) for value in ballot[1]], ballot)
        self._share(length_path(path), places)
        return [
            self.node(f"{path}/{at}", depth + 1, (places, [value[at] for value in values]), of_place(plain, at))
            for at in range(int(won.text))
        ]

    def _nearest(self, path: str, depth: int, ballot: Ballot) -> Any:
        """Of the values that voters have here, the likest to what they make without any rules."""
        made = _Composer(self._parsed, Rules(True), self._weights, self._refuted).node(path, depth, ballot, [])
        texts = list(map(canonical, ballot[1]))
        distinct = dict(zip(texts, ballot[1], strict=True))
        near = dict(zip(distinct, likeness(made, distinct.values()), strict=True))
        nearest = max(near.values())
        kept = [at for at, text in enumerate(texts) if near[text] == nearest]
        ballot = [ballot[0][at] for at in kept], [ballot[1][at] for at in kept]
        return self._whole(path, [texts[at] for at in kept], ballot)
