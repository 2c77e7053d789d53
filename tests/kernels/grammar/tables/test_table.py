"""Token tables against stepping the automaton byte by byte."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.automaton import START, UNBOUNDED, Automaton, sets
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import DoesNotFit, OverBudget, VocabularyError
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from tests.kernels.grammar.small import after, allowed, automata, counted, places, tokens, vocabularies


def build(automaton: Automaton, vocabulary: Vocabulary) -> TokenTables:
    return TokenTables.build(automaton, vocabulary, Meter(Budget()))


def row_of(tables: TokenTables, place: tuple[int, int]) -> int:
    state, count = np.array([place[0]], np.int32), np.array([place[1]], np.int32)
    return int(tables.rows_of(state, count)[0])


@settings(max_examples=400, deadline=None)
@given(automata(), vocabularies(whole=False) | vocabularies())
def test_masks_and_steps_are_those_of_bytes(automaton: Automaton, vocabulary: Vocabulary) -> None:
    """Or a place is reached where nothing is allowed, and just then the build says so."""
    met = list(places(automaton, vocabulary, 400))
    stuck = [place for place, _ in met if not allowed(automaton, vocabulary, place)]
    try:
        tables = build(automaton, vocabulary)
    except VocabularyError as error:
        assert stuck
        text = eval(str(error).split("from the text ")[1].split(": the vocabulary")[0])
        assert after(automaton, (START, 0), text) in stuck
        return
    assert not stuck
    for place, found in met:
        row = row_of(tables, place)
        assert tables.rows.ids(row).tolist() == allowed(automaton, vocabulary, place)
        assert (
            np.flatnonzero(unpacked(tables.rows.packed[row], vocabulary.size)).tolist() == tables.rows.ids(row).tolist()
        )
        ends = dict.fromkeys(vocabulary.eos, (tables.ended, place[1])) if automaton.accepting[place[0]] else {}
        for token in range(vocabulary.size):
            assert tables.after(*place, token) == {**found, **ends}.get(token, (0, 0))
    assert tables.rows.ids(row_of(tables, (tables.ended, 0))).tolist() == list(vocabulary.eos)


@pytest.mark.parametrize(("least", "most"), [(0, 4096), (10, 12), (4000, 4096), (7, 7), (100, UNBOUNDED), (0, 3)])
def test_long_strings_need_few_rows(least: int, most: int) -> None:
    vocabulary = tokens(
        (*(b"b" * n for n in (1, 2, 3, 5, 8)), b"a", b"ba", b"bba", b"aba", b"ab", b""), frozenset({10}), (10,)
    )
    automaton = counted(least, most)
    tables = build(automaton, vocabulary)
    assert tables.rows.rows < 16
    assert len(tables.row_of_slot) < 20
    for count in range(min(most, 4200) + 1):
        assert tables.rows.ids(row_of(tables, (2, count))).tolist() == allowed(automaton, vocabulary, (2, count))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"least": np.zeros(4, np.int32)}, None),
        ({"effect": np.array([[0] * 3, [0, 0, 0], [0, -1, 1], [0] * 3], np.int32)}, "across bounds"),
        ({"effect": np.array([[0] * 3, [0, -9, 0], [0, -1, 1], [0] * 3], np.int32)}, "beyond the most"),
        ({"most": np.full(4, UNBOUNDED, np.int32), "least": np.zeros(4, np.int32)}, "nothing is counted"),
    ],
)
def test_registers_that_tables_cannot_hold_are_refused(change: dict[str, np.ndarray], told: str | None) -> None:
    vocabulary = tokens((b"a", b"b", b""), frozenset({2}), (2,))
    automaton = replace(counted(1, 5), **change)
    if told is None:
        build(automaton, vocabulary)
        return
    with pytest.raises(ValueError, match=told):
        build(automaton, vocabulary)


def test_a_register_too_large_for_the_tables_is_told() -> None:
    automaton = counted(1, 40_000)
    assert automaton.effect is not None
    automaton.effect[1, 1] = sets(32_767)
    with pytest.raises(DoesNotFit, match="32,769"):
        build(automaton, tokens((b"a", b"b", b"abb", b""), frozenset({3}), (3,)))
    build(automaton, tokens((b"a", b"b", b""), frozenset({2}), (2,)))


def test_time_is_kept() -> None:
    vocabulary = tokens((b"a", b"b", b""), frozenset({2}), (2,))
    with pytest.raises(OverBudget):
        TokenTables.build(counted(1, 5), vocabulary, Meter(Budget(seconds=1e-9)))


@given(st.data())
def test_every_part_is_told_in_bytes(data: st.DataObject) -> None:
    vocabulary = tokens((b"a", b"b", b"bb", b""), frozenset({3}), (3,))
    tables = build(counted(0, data.draw(st.integers(1, 9))), vocabulary)
    assert all(size > 0 for size in tables.bytes.values())
    assert tables.bytes["rows, least forms"] == sum(
        part.nbytes for part in (tables.rows.data, tables.rows.begin, tables.rows.form)
    )
