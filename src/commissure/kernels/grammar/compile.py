"""A JSON Schema compiled: the exact machine of its texts, and that machine flat where it is small enough."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from commissure.kernels.grammar.automaton import START
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import InvalidSchema, OverBudget, Unsatisfiable
from commissure.kernels.grammar.machine.build import Builder, Built
from commissure.kernels.grammar.machine.flat import Flat, flattened
from commissure.kernels.grammar.machine.lazy import LazyMachine
from commissure.kernels.grammar.runtime.lazy import LazyMasks, LazyMatcher
from commissure.kernels.grammar.runtime.matcher import Matcher
from commissure.kernels.grammar.schema.blame import blamed
from commissure.kernels.grammar.schema.formula import formula
from commissure.kernels.grammar.schema.read import Reader
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.schema.source import Source
from commissure.kernels.grammar.schema.terms import Formula
from commissure.kernels.grammar.tables.store import cached
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from commissure.kernels.grammar.written import members_once

DEPTHS = (2, 1)
"""How deep recursive values are unrolled into a flat automaton: the first that stays within the budget."""


class Grammar:
    """The texts of the JSON values that are valid under a schema, members in the schema's order.

    `machine` is exact, whatever the schema's recursion: its states come to be as they are met. `flat()` has all states
    at once, for tables: there recursive values are unrolled to a depth.

    A text may name a member that the schema does not name twice, which JSON leaves without a meaning (RFC 8259,
    section 4): each is valid, and minProperties counts both.
    """

    def __init__(self, built: Built, settings: Settings, budget: Budget, digest: str) -> None:
        self.built = built
        self.settings = settings
        self.budget = budget
        self.digest = digest
        self.machine = LazyMachine(built)
        self._masks: LazyMasks | None = None

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
        place, state, _ = self._walked(data)
        return None if place == len(data) and self.machine.accepting(state) else place

    def explained(self, text: str | bytes) -> str:
        """Why the text is refused where `refusal` says: what stands there, and what could."""
        data = text.encode() if isinstance(text, str) else text
        place, state, count = self._walked(data)
        before = data[max(0, place - 40) : place].decode(errors="replace")
        found = "the end" if place == len(data) else repr(data[place : place + 12].decode(errors="replace"))
        may = [low for low, high, _, _ in self.machine.steps(state) for low in range(low, high + 1)]
        may = [byte for byte in may if self.machine.step(state, count, byte)[0]]
        return f"after {before!r} stands {found}; there could be {_listed(may, self.machine.accepting(state))}"

    def _walked(self, data: bytes) -> tuple[int, int, int]:
        """How many bytes are let through, and the state and the register after them."""
        state, count = START, 0
        for place, byte in enumerate(data):
            after = self.machine.step(state, count, byte)
            if not after[0]:
                return place, state, count
            state, count = after
        return len(data), state, count

    def matcher(self, vocabulary: Vocabulary) -> Matcher:
        """One sequence of tokens under the exact machine; masks are made as they are first met, and kept."""
        if self._masks is None or self._masks.vocabulary is not vocabulary:
            self._masks = LazyMasks(self.machine, vocabulary)
        return LazyMatcher(self._masks)

    def tables(self, vocabulary: Vocabulary, depth: int | None = None, folder: str | Path | None = None) -> TokenTables:
        """Every mask and step of the flat automaton, for batches and chips; kept in `folder` if one is given.

        Of recursive values they allow no more than `flat` unrolls: less than the schema and `matcher` do.

        Raises OverBudget, and VocabularyError if a text that the schema allows cannot be written in these tokens.
        """

        def build() -> TokenTables:
            return TokenTables.build(self.flat(depth)[0].automaton, vocabulary, Meter(self.budget))

        # Without a depth it is the budget that decides how deep they go.
        options = {"depth": depth, "states": None if depth else self.budget.states}
        return build() if folder is None else cached(Path(folder), self.digest, options, vocabulary, build)

    def flat(self, depth: int | None = None) -> tuple[Flat, int | None]:
        """All states at once, and the depth to which recursive values were unrolled, None if the schema has none.

        `depth` counts arrays and objects of recursive subschemas inside each other. Without it the deepest of 2 and 1
        that stays within the budget is taken. Raises OverBudget.
        """
        if not self.recursive:
            return flattened(LazyMachine(self.built), Meter(self.budget)), None
        *deeper, last = DEPTHS if depth is None else (depth,)
        for deepest in deeper:
            with suppress(OverBudget, Unsatisfiable):
                return flattened(LazyMachine(self.built, deepest), Meter(self.budget)), deepest
        return flattened(LazyMachine(self.built, last), Meter(self.budget)), last


def compile_schema(schema: Any, settings: Settings | None = None, budget: Budget | None = None) -> Grammar:
    """Compile a schema: a dict, true or false, or its JSON text.

    Raises InvalidSchema, NotRegular, Unsatisfiable or OverBudget, each naming the JSON pointer and the keyword.
    """
    settings, budget = settings or Settings(), budget or Budget()
    schema = document(schema)
    meter = Meter(budget)
    try:
        source = Source(schema)
        name = digest(schema, settings)
        built = _built(source, settings, meter)
    except RecursionError as error:
        fix = "nest them less deep; a chain of references nests too"
        raise OverBudget("", "", "its subschemas or values nest too deep", fix) from error
    return Grammar(built, settings, budget, name)


def _built(source: Source, settings: Settings, meter: Meter) -> Built:
    whole, reader = formula(source.root), Reader(settings, meter)
    bare = source.draft == "draft-04"
    try:
        return Builder(reader, settings, meter, bare).build(whole)
    except Unsatisfiable as error:

        def possible(part: Formula) -> bool:
            try:
                Builder(reader, settings, meter).build(part)
            except Unsatisfiable:
                return False
            return True

        raise blamed(source.root, possible) from error


def digest(schema: Any, settings: Settings) -> str:
    """A name for the language: equal schemas under equal settings have one. The order of members counts."""
    try:
        text = json.dumps([schema, asdict(settings)], ensure_ascii=True, separators=(",", ":"))
    except ValueError as error:
        raise InvalidSchema("", "", "one of its arrays or objects holds itself", "use '$ref'") from error
    return hashlib.sha256(text.encode()).hexdigest()


def _listed(may: list[int], ends: bool) -> str:
    """Bytes as characters, runs of them by their ends."""
    runs: list[list[int]] = []
    for byte in may:
        if runs and runs[-1][1] + 1 == byte:
            runs[-1][1] = byte
        else:
            runs.append([byte, byte])
    names = [_named(low) if low == high else f"{_named(low)} to {_named(high)}" for low, high in runs]
    return ", ".join([*names, "the end"] if ends else names) or "nothing"


def _named(byte: int) -> str:
    return repr(chr(byte)) if byte < 0x80 else f"byte 0x{byte:02x}"


def document(schema: Any) -> Any:
    """The schema itself, of its JSON text where that is given. Raises InvalidSchema if the text is no JSON."""
    if not isinstance(schema, str | bytes):
        return schema
    try:
        return json.loads(schema, object_pairs_hook=members_once)
    except (ValueError, RecursionError) as error:
        raise InvalidSchema("", "", f"it is no JSON: {error or 'nested too deep'}") from error
