"""Grammars to measure with: by our compiler, as regular expressions for outlines-core, and a text of theirs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from commissure.kernels.grammar.automaton import Automaton
from commissure.kernels.grammar.compile import compile_schema
from commissure.kernels.grammar.languages.dfa import Dfa
from commissure.kernels.grammar.languages.minimal import minimised
from commissure.kernels.grammar.schema.settings import Settings
from commissure.kernels.grammar.vocabulary.vocabulary import Vocabulary
from tests.kernels.grammar.small import automaton_of

STRING = r'"([^"\\\x00-\x1f]|\\["\\/bfnrt])*"'
INTEGER = r"-?(0|[1-9][0-9]*)"
NUMBER = INTEGER + r"(\.[0-9]+)?([eE][+-]?[0-9]+)?"
DATE = r'"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"'
BOOLEAN = "(true|false)"


def words(*texts: str) -> str:
    return '"(' + "|".join(texts) + ')"'


def record(**members: str) -> str:
    return r"\{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + r"\}"


def tool(name: str, **arguments: str) -> str:
    return record(name=f'"{name}"', arguments=record(**arguments))


ITEM = record(description=STRING, quantity=INTEGER, unit_price=NUMBER)
INVOICE = record(
    invoice_number='"[A-Z]{2,4}-[0-9]{3,8}"',
    issue_date=DATE,
    due_date=DATE,
    currency=words("USD", "EUR", "GBP", "JPY", "CNY", "CHF"),
    vendor=record(name=STRING, country='"[A-Z]{2}"'),
    line_items=rf"\[{ITEM}(,{ITEM})*\]",
    total=NUMBER,
    paid=BOOLEAN,
)
TOOLS = "|".join(
    (
        tool("get_weather", city=STRING, unit=words("celsius", "fahrenheit")),
        tool("search_web", query=STRING, top_k=INTEGER),
        tool("send_email", to=STRING, subject=STRING, body=STRING),
        tool("create_event", title=STRING, date=DATE, minutes=INTEGER),
        tool("convert_currency", amount=NUMBER, src='"[A-Z]{3}"', dst='"[A-Z]{3}"'),
        tool("run_sql", sql=STRING, read_only=BOOLEAN),
        tool("set_light", room=words("kitchen", "bedroom", "hall"), level=INTEGER),
        tool("finish", answer=STRING),
    )
)
NOTE255 = record(note=STRING.replace('*"', '{0,255}"'))
INVOICE_TEXT = json.dumps(
    {
        "invoice_number": "INV-20417",
        "issue_date": "2026-03-14",
        "due_date": "2026-04-13",
        "currency": "EUR",
        "vendor": {"name": "Nordlicht Werkzeugbau GmbH", "country": "DE"},
        "line_items": [
            {"description": "Hex bolts M8, 100 pieces", "quantity": 4, "unit_price": 12.5},
            {"description": "Délivery and packing", "quantity": 1, "unit_price": 18},
        ],
        "total": 68.0,
        "paid": False,
    },
    separators=(",", ":"),
    ensure_ascii=False,
).encode()


def flat(schema: Mapping[str, Any]) -> Automaton:
    """The automaton of a JSON Schema without whitespace."""
    return compile_schema(dict(schema), Settings(whitespace="none")).flat()[0].automaton


def compiled(pattern: str) -> Automaton:
    """The least byte automaton of a regular expression, by outlines-core over the 256 single bytes."""
    core: Any = import_module("outlines_core")

    index = core.Index(pattern, core.Vocabulary(256, {bytes([byte]): [byte] for byte in range(256)}))
    names = {index.get_initial_state(): 0}
    transitions = index.get_transitions()
    for state, row in transitions.items():
        for one in (state, *row.values()):
            names.setdefault(one, len(names))
    edges: list[tuple[tuple[int, int, int], ...]] = [()] * len(names)
    for state, row in transitions.items():
        edges[names[state]] = tuple((byte, byte, names[to]) for byte, to in sorted(row.items()) if byte < 256)
    accepting = frozenset(names[state] for state in index.get_final_states() if state in names)
    return automaton_of(minimised(Dfa(tuple(edges), accepting)))


def counted_string(least: int, most: int) -> Automaton:
    """A JSON string whose length is counted by the register, and not by states."""
    return flat({"type": "string", "minLength": least, "maxLength": most})


def spelt(vocabulary: Vocabulary, text: bytes) -> list[int]:
    """The text in tokens, the longest that fits again and again."""
    known = {token: id for id, token in reversed(list(enumerate(vocabulary.tokens))) if token}
    longest, ids = max(map(len, known)), []
    while text:
        size = next(size for size in range(longest, 0, -1) if text[:size] in known)
        ids.append(known[text[:size]])
        text = text[size:]
    return ids
