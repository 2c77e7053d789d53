"""The fused kernel on compiled grammars, held to the automaton itself, which steps byte by byte."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.automaton import START, Automaton
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import VocabularyError
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from commissure.kernels.nki.decode import decode
from commissure.kernels.nki.pack import pack
from commissure.kernels.nki.pack_arrays import GrammarArrays
from tests.kernels.grammar.small import after, allowed, automata, tokens, vocabularies

STEPS, BATCH = 6, 5


def built(automaton: Automaton, vocabulary: Vocabulary) -> TokenTables:
    try:
        return TokenTables.build(automaton, vocabulary, Meter(Budget()))
    except VocabularyError:
        # The kernel is not asked for grammars that cannot be compiled.
        assume(False)
        raise


def at_least_eight(vocabulary: Vocabulary) -> Vocabulary:
    """The fewest that VectorE searches, by special tokens more."""
    more = max(8 - vocabulary.size, 0)
    special = vocabulary.special | frozenset(range(vocabulary.size, vocabulary.size + more))
    return tokens((*vocabulary.tokens, *[b""] * more), special, vocabulary.eos)


def expected(
    automata: list[Automaton], vocabulary: Vocabulary, which: list[int], logits: np.ndarray
) -> tuple[np.ndarray, list[tuple[int, int] | None]]:
    """[T, b] tokens, and each sequence's place, None after its end."""
    places: list[tuple[int, int] | None] = [(START, 0)] * len(which)
    tokens = np.zeros(logits.shape[:2], int)
    for step in range(len(logits)):
        for row, number in enumerate(which):
            place = places[row]
            may = list(vocabulary.eos) if place is None else allowed(automata[number], vocabulary, place)
            tokens[step, row] = token = may[int(logits[step, row, may].argmax())]
            if place is not None:
                text = vocabulary.tokens[token]
                places[row] = None if token in vocabulary.eos else after(automata[number], place, text)
    return tokens, places


@settings(max_examples=60, deadline=None)
@given(st.lists(automata(), min_size=1, max_size=2), vocabularies(), st.booleans(), st.integers(0, 2**32))
def test_every_token_is_the_best_that_the_automaton_allows(
    machines: list[Automaton], tokens: Vocabulary, gather: bool, seed: int
) -> None:
    dice, vocabulary = np.random.default_rng(seed), at_least_eight(tokens)
    tables = [built(machine, vocabulary) for machine in machines]
    packed = pack([GrammarArrays.of(each) for each in tables], gather=gather)
    which = [row % len(machines) for row in range(BATCH)]
    hidden = dice.integers(-2, 3, (STEPS, 128, BATCH)).astype(np.float32)
    weights = dice.integers(-2, 3, (128, vocabulary.size)).astype(np.float32)
    starts = np.array([packed.state(number) for number in which])
    got = decode(packed, hidden, weights, starts, target="trn2" if gather else "inf2")
    want, places = expected(machines, vocabulary, which, np.einsum("thb,hv->tbv", hidden, weights))
    assert np.array_equal(got.tokens, want)
    for row, place in enumerate(places):
        number = which[row]
        if place is None:
            assert got.states[row] == packed.ended(number) == packed.state(number, tables[number].ended)
        else:
            assert got.states[row] == packed.state(number, place[0])
            if tables[number].counting is not None:
                assert got.counts[row] == place[1]
