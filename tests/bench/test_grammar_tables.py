"""Building token tables at 128,256 tokens, beside outlines-core's index of the same language, in one run."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any

import pytest

from commissure.kernels.grammar.automaton import Automaton
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary.trie import trie_of
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary
from tests.bench.grammars import INVOICE, NOTE255, TOOLS, compiled, counted_string, record
from tests.bench.test_grammar_step import vocabulary as vocabulary  # the same fixture

pytestmark = pytest.mark.bench

FLAT5000 = record(first=NOTE255, second=NOTE255)


def seconds(call: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        began = perf_counter()
        call()
        times.append(perf_counter() - began)
    return median(times)


def test_building(vocabulary: Vocabulary) -> None:
    core: Any = import_module("outlines_core")

    ids: dict[bytes, list[int]] = {}
    for id, text in enumerate(vocabulary.tokens):
        if text:
            ids.setdefault(text, []).append(id)
    tokens = core.Vocabulary(vocabulary.eos[0], ids)
    trie_s = seconds(lambda: trie_of(vocabulary.tokens, vocabulary.special), 3)
    print(f"\ntrie of {vocabulary.size:,} tokens, once: {trie_s * 1e3:.0f} ms")
    assert vocabulary.trie.nodes
    grammars: dict[str, tuple[Automaton, str | None]] = {
        "invoice": (compiled(INVOICE), INVOICE),
        "tool_union8": (compiled(TOOLS), TOOLS),
        "note255, flat": (compiled(NOTE255), None),
        "two of them": (compiled(FLAT5000), None),
        "string of 3 to 4,096, counted": (counted_string(3, 4096), None),
    }
    for name, (automaton, pattern) in grammars.items():

        def build(automaton: Automaton = automaton) -> TokenTables:
            return TokenTables.build(automaton, vocabulary, Meter(Budget()))

        ours = seconds(build, 7)
        tracemalloc.start()
        tables = build()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        told = ", ".join(f"{part} {size / 1024:,.0f} KiB" for part, size in tables.bytes.items())
        print(
            f"{name}: {automaton.states:,} states, {tables.rows.rows} rows, {len(tables.next)} classes: "
            f"{ours * 1e3:.1f} ms, peak {peak / 2**20:.0f} MiB; {told}"
        )
        assert peak < 500 * 2**20
        if pattern is not None:
            began = perf_counter()
            core.Index(pattern, tokens)
            theirs = perf_counter() - began
            print(f"  outlines-core: {theirs * 1e3:.0f} ms, byte automaton included: {theirs / ours:.0f} times")
            assert theirs > 5 * ours
