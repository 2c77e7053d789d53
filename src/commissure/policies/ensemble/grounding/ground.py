"""All that can be checked of an answer against its source and its schema, leaf by leaf and as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from commissure.policies.ensemble.grounding.dates import dates_in_order
from commissure.policies.ensemble.grounding.finding import UNCHECKED, Finding, Grounding, joined, neutral, refuted
from commissure.policies.ensemble.grounding.occurs import member_occurs, occurs, read_source
from commissure.policies.ensemble.grounding.sums import sums
from commissure.policies.ensemble.grounding.types import array_misfit, beneath, keyword, misfit
from commissure.policies.ensemble.leaves import DEEPEST, canonical, length_path, path_of
from commissure.policies.ensemble.sample import Question

_SCALARS = frozenset((str, int, float, bool, type(None)))


@dataclass(frozen=True, slots=True)
class Rule:
    """What is asked of the leaves at a path: their schema, whether it lists what they may be, and its defaults."""

    schema: Any
    is_listed: bool
    defaults: tuple[str, ...]

    @classmethod
    def of(cls, schema: Any, root: Any) -> Rule:
        """By a schema of the document `root`."""
        listed = bool(keyword(schema, "enum", root) or keyword(schema, "const", root))
        return cls(schema, listed, tuple(map(canonical, keyword(schema, "default", root))))


class Grounds:
    """What answers to one question are checked by; equal leaves of several answers are checked once."""

    def __init__(self, question: Question) -> None:
        self._source = read_source(question.source)
        self._root = question.schema
        self._rules = {"": Rule.of(question.schema, question.schema)}
        self._found: dict[tuple[str, type, Any], Finding] = {}

    def of(self, record: Any) -> Grounding:
        """How an answer stands."""
        fields: dict[str, Finding] = {}
        whole: list[Finding] = []
        self._walk(record, "", 0, fields, whole)
        return Grounding(fields, joined(whole))

    def leaf(self, path: str, value: Any) -> Finding:
        """How a leaf stands, at a path that some answer of those that `of` was asked about has."""
        if value.__class__ not in _SCALARS:
            return self._checked(value, self._rules[path])
        key = path, value.__class__, value
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = self._checked(value, self._rules[path])
        return found

    def _walk(self, node: Any, path: str, depth: int, fields: dict[str, Finding], whole: list[Finding]) -> None:
        """As `flatten` walks, so that the paths are the same."""
        if node.__class__ in _SCALARS:
            fields[path] = self.leaf(path, node)
        elif depth < DEEPEST and node and isinstance(node, dict):
            whole += sums(node)
            whole += dates_in_order(node)
            for key, value in node.items():
                self._walk(value, self._below(path, path_of(path, key), key), depth + 1, fields, whole)
        elif depth < DEEPEST and isinstance(node, (list, tuple)):
            wrong = array_misfit(len(node), self._rules[path].schema, self._root)
            fields[length_path(path)] = UNCHECKED if wrong is None else refuted(wrong)
            for place, value in enumerate(node):
                self._walk(value, self._below(path, f"{path}/{place}", place), depth + 1, fields, whole)
        else:
            fields[path] = self.leaf(path, node)

    def _below(self, above: str, path: str, key: str | int) -> str:
        if path not in self._rules:
            self._rules[path] = Rule.of(beneath(self._rules[above].schema, key, self._root), self._root)
        return path

    def _checked(self, value: Any, rule: Rule) -> Finding:
        wrong = misfit(value, rule.schema, self._root)
        if wrong is not None:
            return refuted(wrong)
        if rule.is_listed:
            return member_occurs(value, self._source)
        found = occurs(value, self._source)
        if found.standing < 0 and rule.defaults and canonical(value) in rule.defaults:
            return neutral("the default")
        return found


def ground(record: Any, question: Question) -> Grounding:
    """How an answer stands against the source and the schema: REFUTED, NEUTRAL or SUPPORTED, each with its reason.

    A leaf is refuted where the schema forbids it (`misfit`) or where it ought to be copied out of the source and is not
    there (`occurs`); the members of an enum and defaults need not be. The whole is refuted or supported by its sums
    (`sums`) and by the order of its dates (`dates_in_order`). With an empty source nothing is said of occurrence.
    """
    return Grounds(question).of(record)
