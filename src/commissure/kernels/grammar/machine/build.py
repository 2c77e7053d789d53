"""All rules that a schema needs, without what can never end."""

from __future__ import annotations

from dataclasses import dataclass, replace

from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.arrays import ArrayRules, checked
from commissure.kernels.grammar.machine.finite import few_values
from commissure.kernels.grammar.machine.objects import Layout, ObjectRules
from commissure.kernels.grammar.machine.rules import Rules
from commissure.kernels.grammar.machine.scalars import scalars
from commissure.kernels.grammar.machine.trim import recursive, trim
from commissure.kernels.grammar.schema.read import Reader
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.terms import ANYTHING, Array, Formula, Object, Value

MOST_STATES = 2_000_000
"""States of all rules together, beyond which memory would not do."""


@dataclass(frozen=True, slots=True)
class Built:
    """The rules; which rule is the whole; which rules of arrays and objects can come to call themselves."""

    rules: Rules
    whole: int
    recursive: frozenset[int]


class Builder:
    """One rule for each set of values that an item or a member may have."""

    def __init__(self, reader: Reader, settings: Settings, meter: Meter, bare: bool = False) -> None:
        self._bare = bare
        self._reader = reader
        self._settings = settings
        self._meter = meter
        self._rules = Rules()
        self._layout = Layout(self._rules, settings.whitespace)
        self._numbers: dict[Formula, int] = {}
        self._same: dict[Value, int] = {}
        self._waiting: list[tuple[int, Value]] = []
        self._containers: set[int] = set()

    def build(self, wanted: Formula) -> Built:
        """The rules of a formula and of all that it calls. Raises Unsatisfiable where nothing can satisfy it."""
        whole = self._rule_of(wanted)
        while self._waiting:
            self._check()
            self._fill(*self._waiting.pop())
        if not trim(self._rules)[self._rules.begins[whole]]:
            raise Unsatisfiable(
                "", "", "no JSON value is valid under it", "look for parts of allOf that exclude each other"
            )
        return Built(self._rules, whole, recursive(self._rules) & self._containers)

    def _check(self) -> None:
        self._meter.check(0)
        if len(self._rules.edges) > MOST_STATES:
            raise OverBudget("", "", f"more than {MOST_STATES:,} states of rules", "give the schema less freedom")

    def _rule_of(self, wanted: Formula) -> int:
        """Equal sets have one rule, from however many places of the schema they come."""
        known = self._numbers.get(wanted)
        if known is None:
            value = self._reader.value(wanted)
            known = self._same.get(value)
            if known is None:
                known = self._same[value] = self._rules.rule()
                self._waiting.append((known, value))
            self._numbers[wanted] = known
        return known

    def _fill(self, rule: int, value: Value) -> None:
        at, to = self._rules.begins[rule], self._rules.ends[rule]
        scalars(self._rules, at, value, to, self._bare)
        if not value.arrays and not value.objects:
            return
        # A rule of their own, so that nesting is counted by arrays and objects, not by the scalars in them.
        inner = self._rules.rule()
        self._containers.add(inner)
        self._rules.call(at, inner, to)
        at, to = self._rules.begins[inner], self._rules.ends[inner]
        for array in value.arrays:
            self._array(at, array, to)
        for found in value.objects:
            ObjectRules(self._rules, self._layout, self._rule_of, self._check, self._narrowed(found)).build(at, to)

    def _array(self, at: int, array: Array, to: int) -> None:
        values = None if array.unique is None else few_values(self._reader, array)
        checked(array, values)
        ArrayRules(self._rules, self._layout, self._rule_of, self._check, array, values).build(at, to)

    def _narrowed(self, found: Object) -> Object:
        """Under `closed`, an object with members has no others that no schema speaks of."""
        if not self._settings.closed or not found.members:
            return found
        return replace(found, rest=tuple(rest for rest in found.rest if rest.value != ANYTHING))
