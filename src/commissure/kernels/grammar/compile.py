"""A JSON Schema compiled: the exact machine of its texts, and that machine flat where it is small enough."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import InvalidSchema, OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.build import Builder, Built
from commissure.kernels.grammar.machine.flat import Flat, flattened
from commissure.kernels.grammar.machine.lazy import LazyMachine
from commissure.kernels.grammar.schema.arrays import formula
from commissure.kernels.grammar.schema.read import Reader
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.source import Source, shown

DEPTHS = (2, 1)
"""How deep recursive values are unrolled into a flat automaton: the first that stays within the budget."""


class Grammar:
    """The texts of the JSON values that are valid under a schema, members in the schema's order.

    `machine` is exact, whatever the schema's recursion: its states come to be as they are met. `automaton()` has all
    states at once, for tables: there recursive values are unrolled to a depth.
    """

    def __init__(self, built: Built, settings: Settings, budget: Budget, digest: str) -> None:
        self.built = built
        self.settings = settings
        self.budget = budget
        self.digest = digest
        self.machine = LazyMachine(built)

    @property
    def recursive(self) -> bool:
        """Whether values nest in each other without end, so that a flat automaton has to cut them off."""
        return bool(self.built.recursive)

    def accepts(self, text: str | bytes) -> bool:
        """Whether the text is one that the grammar lets a model write, whitespace and order of members included."""
        return self.machine.accepts(text.encode() if isinstance(text, str) else text)

    def refusal(self, text: str | bytes) -> int | None:
        """The first byte after which no valid text can follow; the length, if it only ends too early; else None."""
        data = text.encode() if isinstance(text, str) else text
        state, count = 1, 0
        for place, byte in enumerate(data):
            state, count = self.machine.step(state, count, byte)
            if not state:
                return place
        return None if self.machine.accepting(state) else len(data)

    def flat(self, depth: int | None = None) -> tuple[Flat, int | None]:
        """All states at once, and the depth to which recursive values were unrolled, None if the schema has none.

        `depth` counts arrays and objects of recursive subschemas inside each other. Without it the deepest of 2 and 1
        that stays within the budget is taken. Raises OverBudget.
        """
        if not self.recursive:
            return flattened(LazyMachine(self.built), Meter(self.budget)), None
        tried = DEPTHS if depth is None else (depth,)
        for last, deepest in enumerate(tried, start=1):
            try:
                return flattened(LazyMachine(self.built, deepest), Meter(self.budget)), deepest
            except (OverBudget, Unsatisfiable):
                if last == len(tried):
                    raise
        raise AssertionError


def compile_schema(schema: Any, settings: Settings | None = None, budget: Budget | None = None) -> Grammar:
    """Compile a schema: a dict, true or false, or its JSON text.

    Raises InvalidSchema, NotRegular, Unsatisfiable or OverBudget, each naming the JSON pointer and the keyword.
    """
    settings, budget = settings or Settings(), budget or Budget()
    if isinstance(schema, str | bytes):
        schema = _read(schema)
    meter = Meter(budget)
    source = Source(schema)
    built = Builder(Reader(settings, meter), settings, meter).build(formula(source.root))
    return Grammar(built, settings, budget, digest(schema, settings))


def digest(schema: Any, settings: Settings) -> str:
    """A name for the language: equal schemas under equal settings have one. The order of members counts."""
    text = json.dumps([schema, asdict(settings)], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _read(text: str | bytes) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema("", "", f"it is no JSON: {error or 'nested too deep'}") from error


def _once(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {shown(twice)} stands twice in one object")
    return found
