"""Strings of a form and a bounded length: what fits so far can always be ended, and nothing else is let through."""

import json
import random
import re

import pytest

from commissure.kernels.grammar.automaton import START
from commissure.kernels.grammar.compile import Grammar, compile_schema
from commissure.kernels.grammar.runtime.tabled import TableMatcher
from commissure.kernels.grammar.vocabulary import Vocabulary

BYTES = Vocabulary("bytes", (*(bytes([byte]) for byte in range(256)), b""), frozenset({256}), (256,))
PAIRS = tuple(one + two for one in (b"a", b"f", b"o", b".", b"1", b"-") for two in (b"a", b"o", b".", b"2", b'"'))
TOKENS = Vocabulary("pairs", (*BYTES.tokens[:256], *PAIRS, b""), frozenset({256 + len(PAIRS)}), (256 + len(PAIRS),))
SCHEMAS = [
    {"pattern": "foo", "maxLength": 40},
    {"pattern": "^https?://.*\\.com$", "maxLength": 200},
    {"pattern": "\\bfoo\\b", "maxLength": 36},
    {"allOf": [{"pattern": "[A-Z]"}, {"pattern": "[0-9]"}], "maxLength": 120},
    {"not": {"pattern": "^[a-z]*$"}, "maxLength": 300},
    {"pattern": "^(aa)*$", "minLength": 301, "maxLength": 400},
    {"pattern": "^(a{3}|b+)$", "minLength": 200},
    {"pattern": "z$", "minLength": 150, "maxLength": 300},
    {"format": "hostname"},
    {"format": "email", "maxLength": 60},
    {"format": "uri", "maxLength": 120},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_whatever_fits_can_be_ended_within_its_bounds(schema: dict[str, object]) -> None:
    grammar = compile_schema({"type": "string", **schema})
    dice = random.Random(3)
    for _ in range(30):
        text, place = b"", (START, 0)
        while not (grammar.machine.accepting(place[0]) or len(text) > 2000):
            place, byte = dice.choice(moves(grammar, place))
            text += bytes([byte])
        assert grammar.machine.accepting(place[0]), text
        held(schema, json.loads(text))


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_tables_know_it_too(schema: dict[str, object]) -> None:
    grammar = compile_schema({"type": "string", **schema})
    tables = grammar.tables(TOKENS)
    dice = random.Random(4)
    for _ in range(10):
        matcher, exact = TableMatcher(tables), grammar.matcher(TOKENS)
        for step in range(1000):
            allowed = matcher.allowed()
            if step < 30:
                assert exact.allowed().tolist() == allowed.tolist()
                exact.advance(token := int(dice.choice(allowed)))
            else:
                token = int(allowed[0])
            matcher.advance(token)
            if matcher.finished:
                break
        assert matcher.finished


def moves(grammar: Grammar, place: tuple[int, int]) -> list[tuple[tuple[int, int], int]]:
    """Where each byte leads that is let through; ASCII where there is some, so that Python's own patterns agree."""
    found = [(to, byte) for byte in range(0x20, 0x7F) if (to := grammar.machine.step(*place, byte))[0]]
    closing = [one for one in found if one[1] == ord('"')]
    return found + closing * len(found)


def held(schema: dict[str, object], text: str) -> None:
    """Lengths and patterns by Python."""
    assert len(text) <= int(str(schema.get("maxLength", 10**6)))
    assert len(text) >= int(str(schema.get("minLength", 0)))
    if "pattern" in schema:
        assert re.search(str(schema["pattern"]), text)


def test_a_character_that_asks_for_many_more_is_held_to_the_room_that_is_left() -> None:
    grammar = compile_schema({"type": "string", "pattern": "^x*(a|b{300})$", "maxLength": 1000})
    tables = grammar.tables(BYTES)
    for fill, may in ((0, True), (500, True), (700, True), (701, False), (800, False), (300, True)):
        exact, table = grammar.matcher(BYTES), TableMatcher(tables)
        for token in b'"' + b"x" * fill:
            exact.advance(token)
            table.advance(token)
        assert table.allowed().tolist() == exact.allowed().tolist()
        assert (ord("b") in exact.allowed().tolist()) == may
