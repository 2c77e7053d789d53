"""Tables for a model's own vocabulary against outlines-core's index and the lazy walk, where these are installed."""

from __future__ import annotations

from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import MissingExtra
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.runtime.lazy import LazyMasks, LazyMatcher
from commissure.kernels.grammar.runtime.tabled import TableMatcher
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary.sources import load
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary
from tests.bench.grammars import BOOLEAN, DATE, NUMBER, STRING, compiled, record
from tests.kernels.grammar.small import Whole

GRAMMAR = record(title=STRING, date=DATE, price=NUMBER, paid=BOOLEAN)


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    pytest.importorskip("outlines_core", reason="outlines-core, which makes the automata, is not installed")
    try:
        found = load("llama3")
    except MissingExtra as error:
        pytest.skip(str(error))
    # outlines-core knows one eos only.
    return replace(found, eos=found.eos[:1])


def test_masks_are_those_of_outlines_core(vocabulary: Vocabulary) -> None:
    core: Any = import_module("outlines_core")
    ids: dict[bytes, list[int]] = {}
    for id, text in enumerate(vocabulary.tokens):
        if text:
            ids.setdefault(text, []).append(id)
    index = core.Index(GRAMMAR, core.Vocabulary(vocabulary.eos[0], ids))
    automaton = compiled(GRAMMAR)
    tables = TokenTables.build(automaton, vocabulary, Meter(Budget()))
    shared = LazyMasks(Whole(automaton), vocabulary)
    generator = np.random.default_rng(5)
    for walk in range(6):
        matcher, lazy, state = TableMatcher(tables), LazyMatcher(shared), index.get_initial_state()
        while not matcher.finished and len(matcher._past) < 40:
            allowed = matcher.allowed()
            assert sorted(index.get_allowed_tokens(state)) == allowed.tolist()
            if walk < 2:
                assert lazy.allowed().tolist() == allowed.tolist()
            token = int(generator.choice(allowed))
            matcher.advance(token)
            lazy.advance(token)
            state = index.get_next_state(state, token) if not matcher.finished else state
