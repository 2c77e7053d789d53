"""A step of constrained decoding on the CPU: the tables beside llguidance and a plain numpy gather, in one run."""

from __future__ import annotations

import json
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import MissingExtra
from commissure.kernels.grammar.automaton import Automaton
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.runtime.apply import apply_rows, best_tokens
from commissure.kernels.grammar.runtime.grammars import Grammars
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary.sources import load
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary
from commissure.scenarios.tool_calling.decoding.schemas import SCHEMAS
from tests.bench.grammars import INVOICE_TEXT, counted_string, flat, spelt

pytestmark = pytest.mark.bench

BATCHES = (1, 8, 64)
LLAMA3_SPLIT = "|".join(
    (
        r"(?i:'s|'t|'re|'ve|'m|'ll|'d)",
        *(
            r"[^\r\n\p{L}\p{N}]?\p{L}+",
            r"\p{N}{1,3}",
            r" ?[^\s\p{L}\p{N}]+[\r\n]*",
            r"\s*[\r\n]+",
            r"\s+(?!\S)",
            r"\s+",
        ),
    )
)
"""How Llama 3 splits a text before its byte pairs are merged (llama_models/llama3/tokenizer.py)."""
Work = dict[str, Callable[[], object]]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    try:
        return load("llama3")
    except MissingExtra as error:
        pytest.skip(str(error))


def medians(work: Work, rounds: int) -> dict[str, float]:
    """Microseconds of each, in turn, so that a drift of the machine's speed falls on all."""
    times: dict[str, list[float]] = {name: [] for name in work}
    for number in range(rounds + 3):
        for name, call in work.items():
            began = perf_counter()
            call()
            if number >= 3:
                times[name].append(perf_counter() - began)
    return {name: median(found) * 1e6 for name, found in times.items()}


def table(title: str, found: dict[int, dict[str, float]]) -> None:
    print(f"\n{title}, us" + "".join(f"{f'B={batch}':>12}" for batch in found) + f"{'64/1':>9}")
    for name in found[1]:
        row = [found[batch][name] for batch in found]
        print(f"{name:<52}" + "".join(f"{value:12.1f}" for value in row) + f"{row[-1] / row[0]:8.1f}x")


class Walk:
    """Every place of one text under some tables: states, counts and the token that comes next."""

    def __init__(self, automaton: Automaton, vocabulary: Vocabulary, text: bytes) -> None:
        tables = TokenTables.build(automaton, vocabulary, Meter(Budget()))
        self.grammars = Grammars.of([tables])
        self.tokens = np.array(spelt(vocabulary, text))
        state, count = np.array(self.grammars.starts, np.int32), np.zeros(1, np.int32)
        places = []
        for token in self.tokens:
            places.append((int(state[0]), int(count[0])))
            state, count = self.grammars.advance(state, count, np.array([token]))
        assert tables.automaton.accepting[state[0] - self.grammars.starts[0] + 1]
        self.states, self.counts = (np.array(part, np.int32) for part in zip(*places, strict=True))


def selection(walk: Walk, batch: int, seed: int = 0) -> Work:
    """Advance, row numbers and packed rows of a batch at places drawn from a text."""
    at = np.random.default_rng(seed).integers(len(walk.tokens), size=batch)
    grammars, states, counts, tokens = walk.grammars, walk.states[at], walk.counts[at], walk.tokens[at]
    rows = grammars.rows(states, counts)
    out = np.empty((batch, grammars.masks.packed.shape[1]), np.uint32)
    return {
        "tables: advance": lambda: grammars.advance(states, counts, tokens),
        "tables: row numbers": lambda: grammars.rows(states, counts),
        "tables: fill packed rows": lambda: grammars.fill(rows, out),
        "numpy: packed[rows]": lambda: grammars.masks.packed[rows],
    }


def peer(vocabulary: Vocabulary) -> Any:
    """A matcher of llguidance's on its own native tokenizer."""
    import llguidance

    native: Any = llguidance.LLTokenizer
    tokenizer = native.from_tiktoken(
        encoder={text: id for id, text in enumerate(vocabulary.tokens) if text},
        special_tokens={f"<|special {id}|>": id for id in vocabulary.special},
        pattern=LLAMA3_SPLIT,
        eos_token=list(vocabulary.eos),
        n_vocab=vocabulary.size,
        slices=None,
    )
    compact: Any = {"whitespace_flexible": False}
    grammar = llguidance.LLMatcher.grammar_from_json_schema(json.dumps(SCHEMAS["invoice"]), overrides=compact)
    return llguidance.LLMatcher(tokenizer, grammar)


def of_llguidance(first: Any, walk: Walk, batch: int, seed: int = 0) -> Work:
    """The same places in llguidance: a matcher each, filled and advanced one after the other, and taken back."""
    at = np.random.default_rng(seed).integers(len(walk.tokens), size=batch).tolist()
    inner = [first.deep_copy() for _ in at]
    for matcher, place in zip(inner, at, strict=True):
        assert all(map(matcher.consume_token, walk.tokens[:place].tolist()))
    tokens = walk.tokens[at].tolist()
    out = np.empty((batch, walk.grammars.masks.packed.shape[1]), np.uint32)
    pointers = [row.ctypes.data for row in out]

    def fill() -> None:
        for matcher, pointer in zip(inner, pointers, strict=True):
            matcher.unsafe_compute_mask_ptr(pointer, out.shape[1] * 4)

    def consume() -> None:
        for matcher, token in zip(inner, tokens, strict=True):
            matcher.consume_token(token)
            matcher.rollback(1)

    return {"llguidance: fill": fill, "llguidance: consume, rollback": consume}


def test_selection_against_llguidance(vocabulary: Vocabulary) -> None:
    """A table's look-up does not grow with the batch as matchers do, one after the other."""
    pytest.importorskip("llguidance", reason="llguidance is not installed")
    walk = Walk(flat(SCHEMAS["invoice"]), vocabulary, INVOICE_TEXT)
    first = peer(vocabulary)
    found = {batch: medians(selection(walk, batch) | of_llguidance(first, walk, batch), 300) for batch in BATCHES}
    table(f"invoice, {len(walk.tokens)} places", found)
    at64 = found[64]
    theirs = at64["llguidance: fill"] + at64["llguidance: consume, rollback"]
    ours = at64["tables: advance"] + at64["tables: row numbers"] + at64["tables: fill packed rows"]
    print(f"advance + row numbers at 64: {at64['tables: advance'] + at64['tables: row numbers']:.1f} us")
    assert theirs > 5 * ours
    assert at64["tables: fill packed rows"] < 2 * at64["numpy: packed[rows]"]


def test_selection_with_a_counted_length(vocabulary: Vocabulary) -> None:
    """The register costs a few calls more, the same for any batch."""
    plain = Walk(flat(SCHEMAS["invoice"]), vocabulary, INVOICE_TEXT)
    counted = Walk(counted_string(0, 255), vocabulary, json.dumps("Hex bolts M8, 100 pieces. " * 9).encode())
    found = {
        batch: {
            f"{name}, {kind}": value
            for kind, walk in (("plain", plain), ("counted", counted))
            for name, value in medians(selection(walk, batch), 400).items()
        }
        for batch in BATCHES
    }
    table("with a register of the length", found)
    ours = sum(found[64][f"tables: {part}, counted"] for part in ("advance", "row numbers"))
    print(f"advance + row numbers at 64, counted: {ours:.1f} us")
    assert ours < 3 * sum(found[1][f"tables: {part}, counted"] for part in ("advance", "row numbers"))


def application(walk: Walk, batch: int, boolean: np.ndarray, seed: int = 0) -> Work:
    """Ways to write -inf over what is refused, on logits that are made anew by none of them."""
    generator = np.random.default_rng(seed)
    at = generator.integers(len(walk.tokens), size=batch)
    grammars, states, counts, tokens = walk.grammars, walk.states[at], walk.counts[at], walk.tokens[at]
    rows, masks = grammars.rows(states, counts), grammars.masks
    logits = generator.normal(size=(batch, masks.size)).astype(np.float32)
    before = logits.copy()
    out = masks.packed[rows]

    def unpack() -> None:
        np.copyto(logits, -np.inf, where=unpacked(~out, masks.size))

    def whole() -> None:
        after = grammars.advance(states, counts, tokens)
        found = grammars.rows(*after)
        grammars.fill(found, out)
        np.copyto(logits, -np.inf, where=unpacked(~out, masks.size))

    return {
        "unpackbits + copyto, in place": unpack,
        "boolean rows + copyto, in place": lambda: np.copyto(logits, -np.inf, where=~boolean[rows]),
        "unpackbits + np.where, a new array": lambda: np.where(unpacked(out, masks.size), logits, -np.inf),
        "tables: rows in their least forms, in place": lambda: apply_rows(masks, rows, logits),
        "tables: best allowed token, nothing written": lambda: best_tokens(masks, rows, before),
        "numpy: arg-max, no mask": lambda: before.argmax(axis=1),
        "whole step: advance, rows, fill, unpack, copyto": whole,
        "whole step: advance, rows, best allowed token": lambda: best_tokens(
            masks, grammars.rows(*grammars.advance(states, counts, tokens)), before
        ),
    }


def test_application(vocabulary: Vocabulary) -> None:
    """Writing over whole rows grows with the batch; the least forms touch less."""
    walk = Walk(flat(SCHEMAS["invoice"]), vocabulary, INVOICE_TEXT)
    boolean = unpacked(walk.grammars.masks.packed, walk.grammars.masks.size)
    found = {batch: medians(application(walk, batch, boolean), 25) for batch in BATCHES}
    table("application", found)
    at64 = found[64]
    assert at64["tables: rows in their least forms, in place"] < at64["unpackbits + np.where, a new array"]
    whole, best = (
        next(value for name, value in at64.items() if name.startswith(f"whole step: advance, rows, {part}"))
        for part in ("fill", "best")
    )
    assert best < whole
