"""Batches against matchers, and matchers against stepping the automaton byte by byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.automaton import START, Automaton
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.runtime.apply import apply_rows, best_tokens
from commissure.kernels.grammar.runtime.grammars import FREE, REFUSED, Grammars
from commissure.kernels.grammar.runtime.tabled import TableMatcher
from commissure.kernels.grammar.tables.rows import words
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from tests.kernels.grammar.small import allowed, automata, tokens, vocabularies


def build(automaton: Automaton, vocabulary: Vocabulary) -> TokenTables:
    try:
        return TokenTables.build(automaton, vocabulary, Meter(Budget()))
    except VocabularyError:
        assume(False)
        raise


@settings(max_examples=150, deadline=None)
@given(st.data(), vocabularies(), st.booleans())
def test_a_batch_of_mixed_grammars_is_one_by_one(data: st.DataObject, vocabulary: Vocabulary, counts: bool) -> None:
    grammars = data.draw(st.lists(automata(counts=counts) | automata(counts=False), min_size=1, max_size=3))
    tables = [build(automaton, vocabulary) for automaton in grammars]
    batch = Grammars.of(tables)
    whose = data.draw(st.lists(st.integers(-1, len(tables) - 1), min_size=1, max_size=6))
    matchers = [TableMatcher(tables[which]) if which >= 0 else None for which in whose]
    states = np.array([batch.starts[which] if which >= 0 else FREE for which in whose], np.int32)
    registers = np.zeros(len(whose), np.int32)
    out = np.empty((len(whose), words(vocabulary.size)), np.uint32)
    generator = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    for _ in range(8):
        rows = batch.rows(states, registers)
        batch.fill(rows, out)
        wanted = [range(vocabulary.size) if one is None else one.allowed().tolist() for one in matchers]
        bits = np.unpackbits(out.view(np.uint8), axis=1, bitorder="little")
        assert [np.flatnonzero(row).tolist() for row in bits] == [list(ids) for ids in wanted]
        logits = generator.integers(-2, 3, (len(whose), vocabulary.size + 2)).astype(np.float32)
        before = logits.copy()
        best = best_tokens(batch.masks, rows, logits)
        assert np.array_equal(logits, before)
        apply_rows(batch.masks, rows, logits)
        masked = np.full_like(before, -np.inf)
        for place, ids in enumerate(wanted):
            masked[place, list(ids)] = before[place, list(ids)]
        assert np.array_equal(logits, masked)
        assert best.tolist() == masked.argmax(axis=1).tolist()
        tokens = np.array([generator.choice(list(ids)) for ids in wanted])
        states, registers = batch.advance(states, registers, tokens)
        for matcher, token, state in zip(matchers, tokens.tolist(), states.tolist(), strict=True):
            if matcher is not None and not matcher.finished:
                matcher.advance(token)
            assert (matcher is not None and matcher.finished) == (state in batch.ended)


@settings(max_examples=60, deadline=None)
@given(automata(), vocabularies())
def test_what_is_refused_stays_refused(automaton: Automaton, vocabulary: Vocabulary) -> None:
    tables = build(automaton, vocabulary)
    batch = Grammars.of([tables])
    every = np.arange(vocabulary.size)
    states, counts = np.full(vocabulary.size, batch.starts[0], np.int32), np.zeros(vocabulary.size, np.int32)
    states, counts = batch.advance(states, counts, every)
    assert np.flatnonzero(states).tolist() == allowed(automaton, vocabulary, (START, 0))
    dead = states == REFUSED
    assert not batch.rows(states, counts)[dead].any()
    assert not batch.advance(states, counts, every)[0][dead].any()
    best = best_tokens(batch.masks, batch.rows(states, counts), np.zeros((len(every), len(every))))
    assert (best < 0).tolist() == dead.tolist()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_minus_infinity_among_the_allowed(dtype: type) -> None:
    """Then the first allowed token is taken, not one that is refused."""
    texts = tuple(bytes([letter]) * n for n in range(1, 60) for letter in b"ab")
    vocabulary = tokens((b"b", *texts, b""), frozenset({119}), (119,))
    classes = np.zeros(256, np.uint8)
    classes[ord("a")] = 1
    tables = TokenTables.build(
        Automaton(classes, np.array([[0, 0], [0, 1]], np.int32), np.array([False, True])), vocabulary, Meter(Budget())
    )
    batch = Grammars.of([tables])
    start = np.array([batch.starts[0]], np.int32)
    rows = batch.rows(start, np.zeros(1, np.int32))
    assert best_tokens(batch.masks, rows, np.full((1, 120), -np.inf, dtype)).tolist() == [1]
    some: NDArray[np.floating] = np.full((1, 120), -np.inf, dtype)
    some[0, ::2] = 1
    assert best_tokens(batch.masks, rows, some).tolist() == [1]


def test_misuse_is_told() -> None:
    vocabulary = tokens((b"a", b""), frozenset({1}), (1,))
    classes = np.zeros(256, np.uint8)
    classes[ord("a")] = 1
    automaton = Automaton(classes, np.array([[0, 0], [0, 1]], np.int32), np.array([False, True]))
    tables = TokenTables.build(automaton, vocabulary, Meter(Budget()))
    other = TokenTables.build(automaton, tokens((b"a", b"aa", b""), frozenset({2}), (2,)), Meter(Budget()))
    with pytest.raises(UsageError, match="no grammar"):
        Grammars.of([])
    with pytest.raises(UsageError, match="share a vocabulary"):
        Grammars.of([tables, other])
    for token in (-1, 2):
        with pytest.raises(UsageError, match="give 0 to 1"):
            Grammars.of([tables]).advance(np.array([1], np.int32), np.zeros(1, np.int32), np.array([token]))
    batch, none = Grammars.of([tables]), np.zeros(1, np.int32)
    for state, told in ((-1, "states -1"), (99, "states 99"), (1.5, "whole numbers")):
        with pytest.raises(UsageError, match=told):
            batch.advance(np.array([state]), none, none)
        with pytest.raises(UsageError, match=told):
            batch.rows(np.array([state]), none)
    with pytest.raises(UsageError, match="states -1"):
        batch.rows(np.array([-1], np.int32), none)
    with pytest.raises(UsageError, match="tokens of type float64"):
        batch.advance(none, none, np.zeros(1))  # type: ignore[arg-type]
    for row in (-1, 99):
        with pytest.raises(UsageError, match="rows"):
            batch.fill(np.array([row], np.int32), np.zeros((1, 1), np.uint32))
    masks, rows = Grammars.of([tables]).masks, np.array([1], np.int32)
    for shape in ((1, 1), (2, 2), (2,)):
        with pytest.raises(UsageError, match="shape"):
            apply_rows(masks, rows, np.zeros(shape))
