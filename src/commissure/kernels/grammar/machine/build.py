"""All rules that a schema needs, without what can never end."""

from __future__ import annotations

from dataclasses import dataclass, replace

import networkx

from commissure.kernels.grammar.budget import Meter
from commissure.kernels.grammar.errors import OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.arrays import ArrayRules, checked
from commissure.kernels.grammar.machine.finite import few_values
from commissure.kernels.grammar.machine.objects import Layout, ObjectRules
from commissure.kernels.grammar.machine.rules import Rules
from commissure.kernels.grammar.machine.scalars import scalars
from commissure.kernels.grammar.schema.formula import ANYTHING, Formula
from commissure.kernels.grammar.schema.read import Reader
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.value import Array, Object, Value

MOST_STATES = 2_000_000
"""States of all rules together, beyond which memory would not do."""


@dataclass(frozen=True, slots=True)
class Built:
    """The rules; which rule is the whole; which rules of arrays and objects can come to call themselves."""

    rules: Rules
    whole: int
    recursive: frozenset[int]


class Builder:
    """One rule for each formula that an item or a member has to satisfy."""

    def __init__(self, reader: Reader, settings: Settings, meter: Meter) -> None:
        self._reader = reader
        self._settings = settings
        self._meter = meter
        self._rules = Rules()
        self._layout = Layout(self._rules, settings.whitespace)
        self._numbers: dict[Formula, int] = {}
        self._waiting: list[Formula] = []
        self._containers: set[int] = set()

    def build(self, wanted: Formula) -> Built:
        """The rules of a formula and of all that it calls. Raises Unsatisfiable where nothing can satisfy it."""
        whole = self._rule_of(wanted)
        while self._waiting:
            self._meter.check(0)
            if len(self._rules.edges) > MOST_STATES:
                raise OverBudget("", "", f"more than {MOST_STATES:,} states of rules", "give the schema less freedom")
            part = self._waiting.pop()
            self._fill(self._numbers[part], self._reader.value(part))
        if not trim(self._rules)[self._rules.begins[whole]]:
            raise Unsatisfiable(
                "", "", "no JSON value is valid under it", "look for parts of allOf that exclude each other"
            )
        return Built(self._rules, whole, recursive(self._rules) & self._containers)

    def _rule_of(self, wanted: Formula) -> int:
        known = self._numbers.get(wanted)
        if known is None:
            known = self._numbers[wanted] = self._rules.rule()
            self._waiting.append(wanted)
        return known

    def _fill(self, rule: int, value: Value) -> None:
        at, to = self._rules.begins[rule], self._rules.ends[rule]
        scalars(self._rules, at, value, to)
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
            ObjectRules(self._rules, self._layout, self._rule_of, self._narrowed(found)).build(at, to)

    def _array(self, at: int, array: Array, to: int) -> None:
        values = None if array.unique is None else few_values(self._reader, array)
        checked(array, values)
        ArrayRules(self._rules, self._layout, self._rule_of, array, values).build(at, to)

    def _narrowed(self, found: Object) -> Object:
        """Under `closed`, an object with members has no others that no schema speaks of."""
        if not self._settings.closed or not found.members:
            return found
        return replace(found, rest=tuple(rest for rest in found.rest if rest.value != ANYTHING))


def trim(rules: Rules) -> list[bool]:
    """Whether a text can end from each state; what leads to others is taken out of the rules."""
    before: list[list[int]] = [[] for _ in rules.edges]
    callers: list[list[int]] = [[] for _ in rules.begins]
    owner = {state: rule for rule, state in enumerate(rules.begins)}
    for state, edges in enumerate(rules.edges):
        for _, _, to in edges:
            before[to].append(state)
        for to in rules.skips[state]:
            before[to].append(state)
        for rule, to in rules.calls[state]:
            before[to].append(state)
            callers[rule].append(state)
    live = [False] * len(rules.edges)
    waiting = list(rules.ends)
    for state in waiting:
        live[state] = True
    while waiting:
        state = waiting.pop()
        above = before[state] + (callers[owner[state]] if state in owner else [])
        for one in above:
            if not live[one] and _leads_on(rules, one, live):
                live[one] = True
                waiting.append(one)
    for state in range(len(rules.edges)):
        rules.edges[state] = [edge for edge in rules.edges[state] if live[edge[2]]]
        rules.skips[state] = [to for to in rules.skips[state] if live[to]]
        rules.calls[state] = [(rule, to) for rule, to in rules.calls[state] if live[to] and live[rules.begins[rule]]]
    return live


def _leads_on(rules: Rules, state: int, live: list[bool]) -> bool:
    if any(live[to] for _, _, to in rules.edges[state]) or any(live[to] for to in rules.skips[state]):
        return True
    return any(live[to] and live[rules.begins[rule]] for rule, to in rules.calls[state])


def recursive(rules: Rules) -> frozenset[int]:
    """The rules on a circle of calls."""
    below: dict[int, set[int]] = {rule: set() for rule in range(len(rules.begins))}
    for rule, begin in enumerate(rules.begins):
        waiting, seen = [begin], {begin}
        while waiting:
            state = waiting.pop()
            below[rule].update(called for called, _ in rules.calls[state])
            for to in (*(e[2] for e in rules.edges[state]), *rules.skips[state], *(to for _, to in rules.calls[state])):
                if to not in seen:
                    seen.add(to)
                    waiting.append(to)
    graph = networkx.DiGraph((rule, called) for rule, calls in below.items() for called in calls)
    circles = (part for part in networkx.strongly_connected_components(graph))
    return frozenset(rule for part in circles for rule in part if len(part) > 1 or graph.has_edge(rule, rule))
