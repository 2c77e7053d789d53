"""Objects as rules, and the punctuation that arrays share with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.machine.rules import Rules
from commissure.kernels.grammar.machine.scalars import key, strings
from commissure.kernels.grammar.schema.formula import both
from commissure.kernels.grammar.schema.settings import Whitespace
from commissure.kernels.grammar.schema.terms import NOTHING, Formula, Object

RuleOf = Callable[[Formula], int]
Check = Callable[[], None]
"""Raises where the rules take too much."""


class Layout:
    """Punctuation with the whitespace that may stand around it."""

    def __init__(self, rules: Rules, whitespace: Whitespace) -> None:
        self._rules = rules
        self._whitespace = whitespace

    def mark(self, at: int, mark: str, to: int) -> None:
        """A bracket, a comma or a colon."""
        if self._whitespace == "any":
            at = self._spaces(at)
        tight = self._whitespace == "none" or (self._whitespace == "space" and mark in "{}[]")
        after = to if tight else self._rules.state()
        self._rules.text(at, mark.encode(), after)
        if after != to:
            self._rules.skip(self._spaces(after), to)

    def _spaces(self, at: int) -> int:
        """Where one stands after the spaces that may follow."""
        rules, after = self._rules, self._rules.state()
        rules.skip(at, after)
        if self._whitespace == "space":
            rules.edges[at].append((32, 32, after))
        else:
            rules.edges[after].extend([(9, 10, after), (13, 13, after), (32, 32, after)])
        return after


@dataclass(frozen=True, slots=True)
class Seen:
    """What has been seen of an object: the place among its members, whether any came, how many, which witnesses."""

    place: int
    begun: bool = False
    count: int = 0
    witnesses: frozenset[int] = frozenset()


class ObjectRules:
    """One object between two states: `{`, its members in order, then the rest, `}`."""

    def __init__(self, rules: Rules, layout: Layout, rule_of: RuleOf, check: Check, found: Object) -> None:
        self._rules = rules
        self._layout = layout
        self._rule_of = rule_of
        self._check = check
        self._object = found
        self._states: dict[Seen, int] = {}
        self._waiting: list[Seen] = []
        self._keys: dict[tuple[int, Seen], int] = {}
        needed = sum(member.required for member in found.members)
        self._counts = found.least > needed or found.most is not None

    def build(self, at: int, to: int) -> None:
        """Put the object there."""
        self._layout.mark(at, "{", self._state(Seen(0)))
        while self._waiting:
            self._check()
            seen = self._waiting.pop()
            if seen.place < len(self._object.members):
                self._member(seen)
            else:
                self._further(seen, to)

    def _state(self, seen: Seen) -> int:
        if seen not in self._states:
            self._states[seen] = self._rules.state()
            self._waiting.append(seen)
        return self._states[seen]

    def _member(self, seen: Seen) -> None:
        """The next member by name: there, or left out."""
        member = self._object.members[seen.place]
        if not member.required:
            self._rules.skip(
                self._states[seen], self._state(Seen(seen.place + 1, seen.begun, seen.count, seen.witnesses))
            )
        if member.value == NOTHING or not self._room(seen):
            return
        for value, witnesses in self._witnessed(Texts.of((member.name,)), member.value, seen):
            after = self._after(seen, seen.place + 1, witnesses)
            self._pair(seen, member.name, value, after)

    def _pair(self, seen: Seen, name: str, value: Formula, after: Seen) -> None:
        """A name and its value. The paths to it, with a comma and without, meet before the name."""
        rule = self._rule_of(value)
        before = self._keys.get((rule, after))
        if before is None:
            before = self._keys[rule, after] = self._rules.state()
            colon, told = self._rules.state(), self._rules.state()
            key(self._rules, before, name, colon)
            self._layout.mark(colon, ":", told)
            self._rules.call(told, rule, self._state(after))
        self._enter(seen, before)

    def _enter(self, seen: Seen, before: int) -> None:
        if seen.begun:
            self._layout.mark(self._states[seen], ",", before)
        else:
            self._rules.skip(self._states[seen], before)

    def _further(self, seen: Seen, to: int) -> None:
        """The rest, one after the other, and the end."""
        here = self._states[seen]
        if seen.count >= self._least and len(seen.witnesses) == len(self._object.witnesses):
            self._layout.mark(here, "}", to)
        if not self._room(seen):
            return
        for rest in self._object.rest:
            for value, witnesses, keys in self._shared(rest.keys, rest.value, seen):
                before, colon, told = self._rules.state(), self._rules.state(), self._rules.state()
                self._enter(seen, before)
                strings(self._rules, before, keys, colon)
                self._layout.mark(colon, ":", told)
                self._rules.call(told, self._rule_of(value), self._state(self._after(seen, seen.place, witnesses)))

    @property
    def _least(self) -> int:
        return self._object.least if self._counts else 0

    def _room(self, seen: Seen) -> bool:
        return self._object.most is None or seen.count < self._object.most

    def _after(self, seen: Seen, place: int, witnesses: frozenset[int]) -> Seen:
        enough = self._object.least if self._object.most is None else self._object.most
        count = min(seen.count + 1, enough) if self._counts else 0
        return Seen(place, True, count, seen.witnesses | witnesses)

    def _witnessed(self, name: Texts, value: Formula, seen: Seen) -> Iterator[tuple[Formula, frozenset[int]]]:
        """A member may be a witness or not; which it is is left open until the text decides."""
        for narrowed, witnesses, _ in self._shared(name, value, seen):
            yield narrowed, witnesses

    def _shared(self, keys: Texts, value: Formula, seen: Seen) -> Iterator[tuple[Formula, frozenset[int], Texts]]:
        """Each set of missing witnesses that a member could be at once, with what it then has to satisfy."""
        witnesses = self._object.witnesses
        could = [
            place
            for place, one in enumerate(witnesses)
            if place not in seen.witnesses and both((value, one.value)) != NOTHING and not (keys & one.keys).empty
        ]
        # One that its name alone makes a witness is always taken for one, so that no path is followed twice.
        sure = [place for place in could if both((value, witnesses[place].value)) == value]
        for size in range(len(could) + 1):
            for chosen in combinations(could, size):
                narrowed, common = value, keys
                for place in chosen:
                    narrowed = both((narrowed, witnesses[place].value))
                    common = common & witnesses[place].keys
                for place in sure:
                    common = common if place in chosen else common - witnesses[place].keys
                if narrowed != NOTHING and not common.empty:
                    yield narrowed, frozenset(chosen), common
