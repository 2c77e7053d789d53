"""Arrays as rules."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commissure.kernels.grammar.errors import NotRegular
from commissure.kernels.grammar.machine.objects import Check, Layout, RuleOf
from commissure.kernels.grammar.machine.rules import Rules
from commissure.kernels.grammar.schema.formula import both, negated
from commissure.kernels.grammar.schema.terms import NOTHING, Array, Counted, Formula


@dataclass(frozen=True, slots=True)
class Seen:
    """What has been seen of an array: how many items, as far as it matters, and how many of each counted kind."""

    place: int
    counts: tuple[int, ...]
    used: frozenset[int] = frozenset()
    """Which of the few values that items can have came already, where all have to differ."""


class ArrayRules:
    """One array between two states."""

    def __init__(
        self,
        rules: Rules,
        layout: Layout,
        rule_of: RuleOf,
        check: Check,
        array: Array,
        values: list[Formula] | None = None,
    ) -> None:
        self._rules = rules
        self._layout = layout
        self._rule_of = rule_of
        self._check = check
        self._array = array
        self._values = values
        self._states: dict[Seen, int] = {}
        self._waiting: list[Seen] = []
        starts = [part.start for part in array.counted]
        self._enough = array.most if array.most is not None else max(len(array.prefix), array.least, 1, *starts)

    def build(self, at: int, to: int) -> None:
        """Put the array there."""
        self._layout.mark(at, "[", self._state(Seen(0, (0,) * len(self._array.counted))))
        while self._waiting:
            self._check()
            seen = self._waiting.pop()
            here = self._states[seen]
            if seen.place >= self._array.least and self._counted(seen):
                self._layout.mark(here, "]", to)
            if self._array.most is not None and seen.place >= self._array.most:
                continue
            before = here
            if seen.place:
                before = self._rules.state()
                self._layout.mark(here, ",", before)
            for value, after in self._items(seen):
                self._rules.call(before, self._rule_of(value), self._state(after))

    def _state(self, seen: Seen) -> int:
        if seen not in self._states:
            self._states[seen] = self._rules.state()
            self._waiting.append(seen)
        return self._states[seen]

    def _counted(self, seen: Seen) -> bool:
        return all(count >= part.least for count, part in zip(seen.counts, self._array.counted, strict=True))

    def _items(self, seen: Seen) -> Iterator[tuple[Formula, Seen]]:
        """What the next item may be, each with what has been seen after it."""
        place = min(seen.place + 1, self._enough)
        wanted = self._array.item(seen.place)
        for value, counts in self._kinds(wanted, seen, 0):
            if value == NOTHING:
                continue
            if self._values is None:
                yield value, Seen(place, counts)
                continue
            for number, one in enumerate(self._values):
                if number not in seen.used:
                    yield both((value, one)), Seen(place, counts, seen.used | {number})

    def _kinds(self, value: Formula, seen: Seen, at: int) -> Iterator[tuple[Formula, tuple[int, ...]]]:
        """An item of a counted kind or not: an upper bound wants it told, a lower one may leave it open."""
        if at == len(self._array.counted):
            yield value, ()
            return
        part, count = self._array.counted[at], seen.counts[at]
        for narrowed, more in self._choices(part, count, seen.place):
            for whole, counts in self._kinds(both((value, narrowed)) if narrowed is not None else value, seen, at + 1):
                yield whole, (more, *counts)

    def _choices(self, part: Counted, count: int, place: int) -> Iterator[tuple[Formula | None, int]]:
        if place < part.start:
            yield None, count
        elif part.most is None:
            yield None, count
            if count < part.least:
                yield part.value, count + 1
        else:
            yield negated(part.value), count
            if count < part.most:
                yield part.value, count + 1


def checked(array: Array, values: list[Formula] | None) -> None:
    """Raise NotRegular if the items have to differ and can have too many values to remember which came."""
    if array.unique is not None and (array.most is None or array.most > 1) and values is None:
        raise NotRegular(
            array.unique,
            "uniqueItems",
            "an automaton cannot remember all items",
            "an enum of at most 8 values as items",
        )
