"""Matchers on tables, on machines and on llguidance: one behaviour."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commissure.hal.errors import MissingExtra, UsageError
from commissure.kernels.grammar.automaton import KEEPS, START, UNBOUNDED, Automaton, Step
from commissure.kernels.grammar.budget import Budget, Meter
from commissure.kernels.grammar.errors import GrammarError, VocabularyError
from commissure.kernels.grammar.languages.dfa import literal
from commissure.kernels.grammar.runtime.fallback import FallbackMatcher, FallbackTokens
from commissure.kernels.grammar.runtime.lazy import LazyMasks, LazyMatcher
from commissure.kernels.grammar.runtime.matcher import Matcher, TokenRefused
from commissure.kernels.grammar.runtime.processor import LogitsProcessor
from commissure.kernels.grammar.runtime.tabled import TableMatcher
from commissure.kernels.grammar.tables.rows import unpacked
from commissure.kernels.grammar.tables.table import TokenTables
from commissure.kernels.grammar.vocabulary import Vocabulary
from tests.kernels.grammar.small import (
    LETTERS,
    Whole,
    after,
    allowed,
    automata,
    automaton_of,
    counted,
    tokens,
    vocabularies,
)


def both(automaton: Automaton, vocabulary: Vocabulary) -> tuple[TableMatcher, LazyMatcher]:
    try:
        tables = TokenTables.build(automaton, vocabulary, Meter(Budget()))
    except VocabularyError:
        assume(False)
        raise
    return TableMatcher(tables), LazyMatcher(LazyMasks(Whole(automaton), vocabulary))


@settings(max_examples=150, deadline=None)
@given(st.data(), automata(), vocabularies())
def test_tables_and_machines_agree_with_bytes(
    data: st.DataObject, automaton: Automaton, vocabulary: Vocabulary
) -> None:
    matchers = both(automaton, vocabulary)
    place = START, 0
    for _ in range(10):
        wanted = allowed(automaton, vocabulary, place)
        for matcher in matchers:
            assert matcher.allowed().tolist() == wanted
            assert np.flatnonzero(unpacked(matcher.mask(), vocabulary.size)).tolist() == wanted
            assert matcher.accepting == bool(automaton.accepting[place[0]])
            assert not matcher.finished
        refused = data.draw(st.integers(-1, vocabulary.size))
        if refused not in wanted:
            for matcher in matchers:
                with pytest.raises(TokenRefused):
                    matcher.advance(refused)
        token = data.draw(st.sampled_from(wanted))
        for matcher in matchers:
            matcher.advance(token)
        if token in vocabulary.eos:
            for matcher in matchers:
                assert matcher.finished
                assert matcher.accepting
                assert matcher.allowed().tolist() == list(vocabulary.eos)
                with pytest.raises(UsageError, match="ended"):
                    matcher.advance(token)
            return
        place = after(automaton, place, vocabulary.tokens[token])


@settings(max_examples=50, deadline=None)
@given(st.data(), automata(), vocabularies())
def test_what_is_forced_is_the_only_way(data: st.DataObject, automaton: Automaton, vocabulary: Vocabulary) -> None:
    one, other = both(automaton, vocabulary)
    for _ in range(data.draw(st.integers(0, 4))):
        token = data.draw(st.sampled_from(one.allowed().tolist()))
        one.advance(token)
        other.advance(token)
        if one.finished:
            break
    forced = one.forced()
    assert forced == other.forced()
    place = one._past[-1]
    for byte in forced.text[:200] if not one.finished else b"":
        assert not automaton.accepting[place[0]]
        assert [letter for letter in LETTERS if automaton.step(*place, letter)[0]] == [byte]
        place = automaton.step(*place, byte)
    follower = one.fork()
    for token in forced.tokens[:200]:
        assert follower.allowed().tolist() == [token]
        follower.advance(token)
    if len(forced.tokens) < 200:
        assert follower.finished or len(follower.allowed()) > 1
    if len(forced.text) < 200 and not one.finished:
        ways = [letter for letter in LETTERS if automaton.step(*place, letter)[0]]
        assert automaton.accepting[place[0]] or len(ways) != 1


def walk(matcher: Matcher, steps: Sequence[int]) -> list[list[int]]:
    """Takes the nth of the allowed tokens, for each n; what was allowed before each."""
    seen = []
    for step in steps:
        if matcher.finished:
            break
        seen.append(matcher.allowed().tolist())
        matcher.advance(seen[-1][step % len(seen[-1])])
    return seen


STEPS = st.lists(st.integers(0, 99), max_size=8)


@settings(max_examples=60, deadline=None)
@given(automata(), vocabularies(), STEPS, STEPS, st.integers(0, 20))
def test_forks_part_and_rollback_returns(
    automaton: Automaton, vocabulary: Vocabulary, first: list[int], then: list[int], extra: int
) -> None:
    for matcher in both(automaton, vocabulary):
        taken = walk(matcher, first)
        here = matcher.allowed().tolist()
        fork = matcher.fork()
        more = walk(fork, then)
        assert matcher.allowed().tolist() == here
        with pytest.raises(UsageError, match="roll back"):
            fork.rollback(len(taken) + len(more) + 1 + extra)
        fork.rollback(len(more))
        assert fork.allowed().tolist() == here
        matcher.rollback(0)
        for allowed_then in reversed(taken):
            matcher.rollback(1)
            assert matcher.allowed().tolist() == allowed_then


@pytest.mark.parametrize(("least", "most"), [(0, 30), (10, 12), (7, 7), (20, UNBOUNDED), (0, 2)])
def test_lengths_are_counted_without_tables_too(least: int, most: int) -> None:
    texts = (*(b"b" * n for n in (1, 2, 3, 5, 8)), b"a", b"ba", b"bba", b"bbbbba", b"ab", b"")
    table, lazy = both(counted(least, most), tokens(texts, frozenset({10}), (10,)))
    table.advance(5)
    lazy.advance(5)
    for _ in range(min(most, 40)):
        assert lazy.allowed().tolist() == table.allowed().tolist()
        table.advance(0)
        lazy.advance(0)
    assert lazy.allowed().tolist() == table.allowed().tolist()


class Brackets:
    """Balanced a and b, as deep as one likes: no automaton; state n + 1 is at depth n."""

    def steps(self, state: int) -> list[Step]:
        deeper = [(LETTERS[0], LETTERS[0], state + 1, KEEPS)]
        return deeper if state == START else [*deeper, (LETTERS[1], LETTERS[1], state - 1, KEEPS)]

    def accepting(self, state: int) -> bool:
        return state == START

    def bounds(self, state: int) -> None:
        return None

    def most_added(self, state: int, length: int) -> int:
        return 0


def test_a_machine_may_have_any_number_of_states() -> None:
    texts = (b"a", b"b", b"aa", b"bb", b"ab", b"ba", b"bab", b"")
    matcher = LazyMatcher(LazyMasks(Brackets(), tokens(texts, frozenset({7}), (7,))))
    assert [texts[id] for id in matcher.allowed()] == [b"a", b"aa", b"ab", b""]
    for _ in range(300):
        matcher.advance(2)
    assert not matcher.accepting
    for _ in range(299):
        matcher.advance(3)
    assert [texts[id] for id in matcher.allowed()] == [b"a", b"b", b"aa", b"bb", b"ab", b"ba", b"bab"]
    matcher.advance(1)
    assert [texts[id] for id in matcher.allowed()] == [b"a", b"b", b"aa", b"ab", b"ba", b"bab"]
    matcher.advance(1)
    matcher.advance(7)
    assert matcher.finished


def test_a_machine_with_no_way_on_is_told() -> None:
    closes = automaton_of(literal(b"ab"))
    lonely = LazyMatcher(LazyMasks(Whole(closes), tokens((b"a", b""), frozenset({1}), (1,))))
    lonely.advance(0)
    with pytest.raises(VocabularyError, match="single bytes"):
        lonely.allowed()


@settings(max_examples=60, deadline=None)
@given(st.data(), automata(), vocabularies(), st.integers(1, 3), st.integers(0, 3))
def test_a_processor_follows_every_row(
    data: st.DataObject, automaton: Automaton, vocabulary: Vocabulary, rows: int, prompt: int
) -> None:
    table, _ = both(automaton, vocabulary)
    processor = LogitsProcessor(table.fork)
    generator = np.random.default_rng(data.draw(st.integers(0, 9999)))
    tokens = generator.integers(0, vocabulary.size, (1, prompt)).repeat(rows, axis=0)
    texts: list[list[int]] = [[] for _ in range(rows)]
    for _ in range(6):
        logits = generator.normal(size=(rows, vocabulary.size + 3)).astype(np.float32)
        before = logits.copy()
        assert processor(tokens, logits) is logits
        chosen = []
        for row, text in enumerate(texts):
            matcher = table.fork()
            for token in text:
                if not matcher.finished:
                    matcher.advance(token)
            ids = matcher.allowed()
            assert np.flatnonzero(np.isfinite(logits[row])).tolist() == ids.tolist()
            assert np.array_equal(logits[row, ids], before[row, ids])
            chosen.append(int(generator.choice(ids)))
            text.append(chosen[-1])
        order = generator.permutation(rows)
        # As in a beam search, rows change places and drop out for copies of others.
        order[generator.integers(rows)] = order[0]
        texts = [texts[row].copy() for row in order]
        tokens = np.concatenate([tokens, np.array(chosen)[:, None]], axis=1)[order]


def test_a_processor_takes_one_row_and_tells_misuse() -> None:
    texts = (b"a", b"b", b"ab", b"")
    vocabulary = tokens(texts, frozenset({3}), (3,))
    masks = LazyMasks(Brackets(), vocabulary)
    processor = LogitsProcessor(lambda: LazyMatcher(masks))
    prompt = np.array([1, 1])
    assert np.isfinite(processor(prompt, np.zeros(4))).tolist() == [True, False, True, True]
    assert np.isfinite(processor(np.array([1, 1, 0]), np.zeros(4, np.float16))).tolist() == [True, True, True, False]
    with pytest.raises(TokenRefused):
        processor(np.array([1, 1, 1]), np.zeros(4))
    with pytest.raises(UsageError, match="fewer"):
        processor(np.array([1]), np.zeros(4))
    with pytest.raises(UsageError, match="give"):
        processor(prompt, np.zeros((1, 4)))
    fixed = np.zeros(4)
    fixed.flags.writeable = False
    for ids, logits, told in (
        ([1, 1], np.zeros(4), "array"),
        (prompt, [0.0] * 4, "array"),
        (prompt, np.zeros(4, np.int64), "floating"),
        (prompt, fixed, "read-only"),
        (prompt, np.zeros(3), "narrower"),
        (prompt * 1.0, np.zeros(4), "whole"),
    ):
        with pytest.raises(UsageError, match=told):
            processor(ids, logits)  # type: ignore[arg-type]
    for token in (1.5, "a", None):
        with pytest.raises(UsageError, match="whole number"):
            LazyMatcher(masks).advance(token)  # type: ignore[arg-type]
    processor.reset()
    assert np.isfinite(processor(np.array([1]), np.zeros(4))).tolist() == [True, False, True, True]


BYTES = tokens(
    (*(bytes([byte]) for byte in range(256)), b'{"', b'":', b'"x', b"12", b"", b""), frozenset({260, 261}), (260,)
)
SCHEMA = {
    "type": "object",
    "properties": {"kind": {"enum": ["xa", "xb"]}, "next": {"anyOf": [{"type": "null"}, {"$ref": "#"}]}},
    "required": ["kind", "next"],
    "additionalProperties": False,
}


def spelt(text: bytes) -> list[int]:
    """The ids of a text, longest first."""
    ids, known = [], {token: id for id, token in enumerate(BYTES.tokens)}
    while text:
        size = next(size for size in (2, 1) if text[:size] in known)
        ids.append(known[text[:size]])
        text = text[size:]
    return ids


def test_llguidance_stands_in_for_recursion() -> None:
    pytest.importorskip("llguidance", reason="llguidance is not installed")
    tokens = FallbackTokens(BYTES)
    matcher = FallbackMatcher(SCHEMA, tokens)
    text = json.dumps({"kind": "xb", "next": {"kind": "xa", "next": None}}, separators=(",", ":")).encode()
    forced = matcher.forced()
    assert forced.text == b'{"kind":"x'
    assert b"".join(BYTES.tokens[id] for id in forced.tokens) == forced.text
    for id in spelt(text):
        assert id in matcher.allowed()
        assert not matcher.accepting
        fork = matcher.fork()
        with pytest.raises(TokenRefused):
            matcher.advance(260)
        with pytest.raises(TokenRefused):
            matcher.advance(7)
        matcher.advance(id)
        fork.advance(id)
        assert fork.allowed().tolist() == matcher.allowed().tolist()
    assert matcher.accepting
    assert matcher.allowed().tolist() == [260]
    matcher.advance(260)
    assert matcher.finished
    assert matcher.allowed().tolist() == [260]
    with pytest.raises(UsageError, match="ended"):
        matcher.advance(260)
    matcher.rollback(2)
    assert not matcher.finished
    matcher.advance(spelt(b"}")[0])
    assert matcher.accepting
    with pytest.raises(UsageError, match="roll back"):
        matcher.rollback(len(spelt(text)) + 1)


def test_llguidance_refuses_what_it_cannot_do() -> None:
    pytest.importorskip("llguidance", reason="llguidance is not installed")
    with pytest.raises(GrammarError, match="llguidance"):
        FallbackMatcher({"type": "array", "uniqueItems": True}, FallbackTokens(BYTES))


def test_without_llguidance_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(MissingExtra, match="pip install llguidance"):
        FallbackTokens(BYTES)
