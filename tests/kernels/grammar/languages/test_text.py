"""Sets of strings against plain predicates, and their lengths against enumeration."""

import re
from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.kernels.grammar.errors import PatternError
from commissure.kernels.grammar.languages.codepoints import SCALARS
from commissure.kernels.grammar.languages.dfa import repeated, words
from commissure.kernels.grammar.languages.minimal import minimised
from commissure.kernels.grammar.languages.patterns import pattern_dfa
from commissure.kernels.grammar.languages.text import Texts
from commissure.kernels.grammar.languages.text_lengths import count, lengths, longest, some_length
from commissure.kernels.grammar.languages.text_patterns import format_texts, pattern_texts

SYMBOLS = "aé1"
SHORT = ["".join(each) for size in range(6) for each in product(SYMBOLS, repeat=size)]
SAMPLES = [*SHORT, "a" * 40, "aé" * 30, "a" * 299, "a" * 300, "é" * 301, "a1" * 2000, "\U0001f432"]
Both = tuple[Texts, Callable[[str], bool]]


def found(pattern: str) -> Both:
    """A pattern as a set and as a predicate."""
    return pattern_texts(pattern), lambda text: bool(re.search(pattern.replace("$", r"\Z"), text))


def bounded(least: int, most: int | None) -> Both:
    """A length as a set and as a predicate."""
    return Texts.length(least, most), lambda text: least <= len(text) and (most is None or len(text) <= most)


def enumerated(members: list[str]) -> Both:
    """Some strings as a set and as a predicate."""
    return Texts.of(members), lambda text: text in members


def combined(how: str, one: Both, two: Both) -> Both:
    """What an operation makes of both sides."""
    left, right = one[1], two[1]
    if how == "union":
        return one[0] | two[0], lambda text: left(text) or right(text)
    if how == "intersection":
        return one[0] & two[0], lambda text: left(text) and right(text)
    if how == "minus":
        return one[0] - two[0], lambda text: left(text) and not right(text)
    return ~one[0], lambda text: not left(text)


LEAVES = st.one_of(
    st.sampled_from(["^a*$", "^(aé)*$", "é", "^[aé]{1,300}$", "^.{2,}$", "^(a|é1){0,3}$", "^a.{0,40}$", "1$"]).map(
        found
    ),
    st.tuples(st.integers(0, 4), st.sampled_from([0, 1, 3, 40, 300, None])).map(
        lambda it: bounded(it[0], None if it[1] is None else it[0] + it[1])
    ),
    st.lists(st.sampled_from(SAMPLES), max_size=4).map(enumerated),
    st.just((Texts.all(), lambda text: True)),
)
HOW = st.sampled_from(["union", "intersection", "minus", "complement"])
SETS = st.recursive(LEAVES, lambda inner: st.tuples(HOW, inner, inner).map(lambda it: combined(*it)), max_leaves=5)


@settings(max_examples=150, deadline=None)
@given(SETS)
def test_operations_are_those_of_sets(both: Both) -> None:
    texts, holds = both
    assert [text for text in SAMPLES if texts.accepts(text) != holds(text)] == []
    assert texts.empty == (texts.finite(0) == [])
    listed = texts.finite(50)
    if listed is not None:
        assert listed == sorted(set(listed))
        assert all(holds(text) for text in listed)
        assert all(text in listed for text in SAMPLES if holds(text))
    assert (~(texts | ~texts)).empty
    assert (texts & ~texts).empty


@settings(deadline=None)
@given(
    st.sampled_from(["^(aaa|aaaaa)*$", "^(a|1)(1a)*$", "^(aé){2}a?$", "^a*$", "^(aa)*1$"]),
    st.integers(0, 12),
    st.none() | st.integers(0, 4),
)
def test_lengths_are_counted_exactly(pattern: str, least: int, more: int | None) -> None:
    dfa = pattern_dfa(pattern)
    most = None if more is None else least + more
    top = 24 if most is None else most
    layer, sizes = {0: 1}, list[int]()
    for _ in range(top + 1):
        sizes.append(sum(ways for state, ways in layer.items() if state in dfa.accepting))
        layer = {
            to: sum(
                ways * (high - low + 1)
                for state, ways in layer.items()
                for low, high, aim in dfa.edges[state]
                if aim == to
            )
            for to in range(dfa.states)
        }
    total = sum(sizes[least:])
    last = longest(dfa)
    assert some_length(dfa, least, most) == (total > 0)
    assert last is None or (sizes[last] > 0 if last <= top else True)
    if most is not None or last is not None:
        assert count(dfa, least, most, 10**6) == total
    else:
        assert count(dfa, least, most, 10**6) > 10**6


def test_a_length_that_only_far_cycles_reach_is_found() -> None:
    dfa = pattern_dfa("^(?:a{7}|a{11})*b$")
    assert some_length(dfa, 10**12 + 1, 10**12 + 1)
    assert not some_length(pattern_dfa("^(?:aa)*$"), 10**12 + 1, 10**12 + 1)


def test_large_bounds_cost_no_states() -> None:
    text = (Texts.length(0, 4096) & pattern_texts("^[a-z][a-z0-9_]{0,2000}$")) | Texts.length(5000)
    sizes = sorted((each.dfa.states, each.least, each.most) for each in text.alternatives)
    assert sizes == [(1, 5000, None), (2, 0, 2001)]
    assert (~text).accepts("_")


@pytest.mark.parametrize(
    ("texts", "alternatives"),
    [
        (Texts.length(1), [(2, 0, None)]),
        (Texts.length(0, 10) | Texts.length(11, 500), [(1, 0, 500)]),
        (Texts.length(0, 500) | Texts.length(400), [(1, 0, None)]),
        (pattern_texts("^[0-9]{3,9}$"), [(10, 0, None)]),
        (Texts.of(["abc", "abd"]) & Texts.length(0, 4096), [(4, 0, None)]),
        (pattern_texts("^(aa)*$") & Texts.length(501, 501), []),
        (Texts.length(0, 300) | Texts.of(["a", "b"]), [(1, 0, 300)]),
        (Texts.length(5, 2), []),
        (Texts.of(["\ud800"]), []),
        (Texts.form(repeated(SCALARS), 0, 7000), [(1, 0, 7000)]),
        (pattern_texts("^a{1,400}$") | pattern_texts("^b{1,400}$"), [(3, 1, 400)]),
    ],
)
def test_alternatives_are_few(texts: Texts, alternatives: list[tuple[int, int, int | None]]) -> None:
    assert [(each.dfa.states, each.least, each.most) for each in texts.alternatives] == alternatives
    assert texts.empty == (not alternatives)


@pytest.mark.parametrize(
    ("pattern", "bounds"),
    [
        ("^(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(\\.[a-z0-9-]{1,63})*$", [(0, 253)]),
        ("^(?=.*\\d)(?=.*[a-z])(?!.*é).{12,64}$", [(12, 64)]),
        ("^(?:a{1,300}|[ab]{2,500}c)$", [(1, 300), (3, 501)]),
        ("^$|^a+b{0,300}$", [(0, None)]),
        ("^(?!a{300,400}$)a*$", [(0, 299), (401, None)]),
        ("a{1,3}|b", [(0, None)]),
    ],
)
def test_patterns_keep_their_bounds_apart(pattern: str, bounds: list[tuple[int, int | None]]) -> None:
    texts, dfa = pattern_texts(pattern), pattern_dfa(pattern)
    assert sorted(((each.least, each.most) for each in texts.alternatives), key=str) == sorted(bounds, key=str)
    more = ["a" * 300 + end for end in ("", "a", "1", "b", "c", "a" * 100, "a" * 101)]
    for text in (*SAMPLES, *more, "a1" * 6, "a1" * 32, "a1" * 33, "-a", "a.a"):
        assert texts.accepts(text) == dfa.accepts(map(ord, text)), text


@given(st.lists(st.text("abé", max_size=5), max_size=12))
def test_listed_strings_make_a_least_automaton(members: list[str]) -> None:
    for each in Texts.of(members).alternatives:
        assert minimised(each.dfa) == each.dfa
        assert words(each.dfa, 12) == sorted({tuple(map(ord, member)) for member in members})


def test_finite_sets_are_listed() -> None:
    assert Texts.of(["b", "", "a"]).finite(3) == ["", "a", "b"]
    assert Texts.of(["b", "", "a"]).finite(2) is None
    assert pattern_texts("^a+$").finite(1000) is None
    assert (pattern_texts("^a+$") & Texts.length(300, 301)).finite(2) == ["a" * 300, "a" * 301]
    assert (pattern_texts("^[ab]*c$") & Texts.length(0, 3)).finite(9) is not None
    assert Texts.none().finite(0) == []


def test_one_form_for_all_if_it_is_small_enough() -> None:
    texts = Texts.length(0, 300) | pattern_texts("^a*$")
    assert len(texts.alternatives) == 2
    assert texts.single(300) is None
    one = texts.single(1000)
    assert one is not None
    assert (one.least, one.most) == (0, None)
    assert [one.accepts(text) for text in SAMPLES] == [texts.accepts(text) for text in SAMPLES]
    assert Texts.length(0, 300).single(0) == Texts.length(0, 300).alternatives[0]


def test_formats_come_with_their_length() -> None:
    names = format_texts("hostname")
    assert names is not None
    assert names.accepts(".".join(["a" * 63] * 3 + ["a" * 61]))
    assert not names.accepts(".".join(["a" * 63] * 3 + ["a" * 62]))
    assert format_texts("color") is None
    with pytest.raises(PatternError, match="regex"):
        format_texts("regex")


def test_lengths_as_an_automaton() -> None:
    assert [lengths(2, 3).accepts([97] * size) for size in range(5)] == [False, False, True, True, False]
    assert [lengths(1, None).accepts([97] * size) for size in range(3)] == [False, True, True]
