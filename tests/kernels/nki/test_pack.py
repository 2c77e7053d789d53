"""Packing: what the tables say is what the grammar says, whatever their form; what does not fit is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.pack import PENALTY, pack
from commissure.kernels.nki.pack_arrays import check
from commissure.kernels.nki.pack_budget import plan
from commissure.kernels.nki.pack_joined import BASE, LOCAL, TOKENS, joined
from commissure.kernels.nki.pack_tables import one_hot_bytes
from commissure.kernels.nki.traces import blank_pack
from tests.kernels.nki.machines import random_grammar


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(1, 3))
def test_gathered_tables_are_the_grammar(seed: int, count: int) -> None:
    dice = np.random.default_rng(seed)
    grammars = [random_grammar(dice, 60, counted=bool(dice.integers(2))) for _ in range(count)]
    packed = pack(grammars, gather=True)
    tables = packed.tables
    for number, grammar in enumerate(grammars):
        state, token = int(dice.integers(1, grammar.states)), int(dice.integers(60))
        record = tables.of_state[packed.state(number, state)]
        row = tables.of_token[int(record[TOKENS]) + token, 0] + record[LOCAL]
        kind = grammar.class_of[token]
        assert tables.of_class[row, 0] == packed.state(number, int(grammar.next[kind, state]))
        if grammar.base[state] >= 0:
            base = int(record[BASE])
            mask = tables.of_row[base, 0] if packed.counted else base
            live = grammar.allowed[grammar.mask_of[grammar.base[state]]]
            if live.any():
                assert np.array_equal(packed.penalty[mask].astype(np.float32) == 0, live)


@pytest.mark.parametrize("vocabulary", [7, 2**23 + 1])
def test_vocabularies_beyond_the_chips_search(vocabulary: int) -> None:
    grammar = random_grammar(np.random.default_rng(0), 80)
    with pytest.raises(UsageError, match=f"{vocabulary:,} tokens"):
        check(0, grammar, vocabulary)


def test_equal_masks_of_all_grammars_are_one() -> None:
    dice = np.random.default_rng(0)
    one = random_grammar(dice, 80)
    single, many = pack([one], gather=False), pack([one] * 9, gather=False)
    assert many.masks == single.masks
    assert set(np.unique(many.penalty.astype(np.float32))) == {0.0, PENALTY}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"class_of": np.zeros(79, int)}, "class_of needs 80"),
        ({"clips": np.full((4, 6), -1), "keeps": np.zeros((4, 6), int), "adds": np.zeros((4, 6), int)}, "negative"),
        ({"class_of": np.full(80, 4)}, "above 3"),
        ({"base": np.zeros(5, int)}, "base needs 6"),
        ({"next": np.full((4, 6), 6)}, "above 5"),
        ({"keeps": np.zeros((4, 6), int)}, "go together"),
        ({"mask_of": np.full(6, 99)}, "masks that allowed lacks"),
        ({"allowed": np.zeros((8, 80), np.bool_)}, "allows no token"),
    ],
)
def test_arrays_that_do_not_fit_together(change: dict[str, np.ndarray], told: str) -> None:
    grammar = random_grammar(np.random.default_rng(0), 80)
    with pytest.raises(UsageError, match=f"grammar 0.*{told}"):
        pack([replace(grammar, **change)], gather=False)


def test_states_have_a_grammar_and_a_number_there() -> None:
    dice = np.random.default_rng(0)
    packed = pack([random_grammar(dice, 80, states=size) for size in (5, 9, 3)], gather=True)
    everything = [(grammar, local) for grammar, size in enumerate((6, 10, 4)) for local in range(size)]
    assert [packed.local(packed.state(*each)) for each in everything] == everything
    assert packed.local(packed.free) == (0, 5)
    assert packed.local(packed.ended(1)) == (1, 8)


def test_no_grammar_at_all() -> None:
    with pytest.raises(UsageError, match="at least one"):
        pack([], gather=False)


def test_a_plan_names_what_is_too_large() -> None:
    huge = blank_pack(128_256, masks=128, states=30_000, classes=500)
    with pytest.raises(DoesNotFit, match=r"moves of classes.*more shards"):
        plan(huge, 4096, 64, "inf2")


def test_a_plan_keeps_what_it_can() -> None:
    small = blank_pack(128_256, masks=128, states=400, classes=400)
    whole = plan(small, 4096, 64, "inf2")
    assert whole.resident == whole.columns == 128_256
    part = plan(blank_pack(128_256, masks=300, states=400, classes=400), 4096, 64, "inf2")
    assert 0 < part.resident < part.columns
    assert part.bytes <= part.limit
    assert plan(small, 4096, 64, "inf2", shards=8).bytes < whole.bytes


@pytest.mark.parametrize(
    ("target", "states", "gathered"),
    [("inf2", 6, False), ("trn2", 6, False), ("inf2", 3000, False), ("trn2", 3000, True)],
)
def test_large_tables_are_gathered_where_that_is_documented(target: str, states: int, gathered: bool) -> None:
    grammar = random_grammar(np.random.default_rng(0), 300, states=states, classes=300)
    assert pack([grammar], target=target).gather == gathered


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), states=st.integers(3, 300), counted=st.booleans())
def test_the_room_for_products_is_foreseen(seed: int, states: int, counted: bool) -> None:
    grammar = random_grammar(np.random.default_rng(seed), 700, states=states, counted=counted)
    tables = pack([grammar], gather=False).tables
    parts = (tables.of_token, tables.of_class, tables.of_state, tables.of_row)
    assert one_hot_bytes(joined([grammar])) == sum(part.nbytes for part in parts) // 128
