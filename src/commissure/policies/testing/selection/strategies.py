"""Hypothesis strategies: JSON values, records that disagree, their spellings, and whole polls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from commissure.hal.clock.dice import Dice, dice
from commissure.policies.ensemble.sample import Sample
from commissure.policies.testing.selection.poll import Poll

DEEPEST, MOST = 500, 9
KEYS = ("a", "b", "total", "größe/~", "")
# What is easily taken for something else: 1 for True, null for unparsed, "1" for 1, a lone surrogate for a text.
ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 61, 1.5, 0.1, -0.0, 10**30, 1e300, float("inf"), float("nan"),
    "", "1", "null", "a", "A", " a", "naïve", "日本", "e\u0301", "🙂", "\ud800", "\u0000", [], {}, [None], {"a": None},
)  # fmt: skip
UNPARSED = ("", "{", '{"a": 1', "no JSON", "null null", "[" * 30, "\ufeff", "```json\n{}\n```")


# What Python, or str, takes for the same.
ALIKE: tuple[list[Any], ...] = (
    [1, True, "1"], [0, False, ""], [None, "null", "None"], [{"a": 1}, {"a": True}], [[], {}, ""], [[0], [False]],
)  # fmt: skip
LOGPROBS, VERDICTS = (-0.1, -1.0, -1.0, -2.5, -30.0, -2000.0), (0.0, 0.2, 0.5, 0.5, 0.9, 1.0)
SOME = ("all", "all", "some", "none")


def _deep(levels: int, by_key: bool, inner: Any) -> Any:
    for _ in range(levels):
        inner = {"a": inner} if by_key else [inner]
    return inner


# Made once: hypothesis takes as long to make a strategy as to draw from it.
_ODDLY = st.sampled_from(ODD)
_SCALARS = st.one_of(_ODDLY, _ODDLY, st.integers(-3, 99), st.text(max_size=4), st.floats())
_NESTED = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=8,
)
_DEEP = st.builds(_deep, st.sampled_from((30, DEEPEST)), st.booleans(), _ODDLY)
_VALUES = st.lists(_NESTED, min_size=2, max_size=4)
_RECORDS = st.dictionaries(st.sampled_from(KEYS), _NESTED, min_size=1, max_size=4)
_CHANGES = st.lists(_SCALARS, min_size=1, max_size=4)
_TEXT = st.one_of(st.sampled_from(("", "a 61 and 1.50, 日本", "\u2028")), st.text(max_size=12))
_SEED = st.integers(0, 2**32 - 1)


def json_values() -> st.SearchStrategy[Any]:
    """Values of JSON of any kind, as deep as a text that goes wrong."""
    return st.one_of(_NESTED, _DEEP)


@st.composite
def polls(draw: st.DrawFn, most: int = MOST) -> Poll:
    """Whole polls: none, one or several candidates that agree, differ by a field or wholly, or do not parse."""
    # Who says what is left to dice: hypothesis would repeat itself, and most candidates would agree.
    record, changes = draw(_RECORDS), draw(_CHANGES)
    chance = dice(f"poll/{draw(_SEED)}/{json.dumps([record, changes])}")
    kind = chance.choice(("record", "record", "record", "any", "deep", "alike"))
    values = _variants(record, changes, chance) if kind == "record" else draw(_VALUES)
    if kind == "alike":
        values = chance.choice(ALIKE)
    if kind == "deep":
        values = [*values[:2], draw(_DEEP)]
    count = chance.choice((0, 1, *range(2, most + 1), *range(3, most + 1)))
    parses, named, scored, judged = chance.choice((1, 1, 1, 0.8, 0.8, 0.5, 0)), *(chance.choice(SOME) for _ in range(3))
    candidates = []
    for _ in range(count):
        parsed, owns = chance.random() < parses, chance.choice((("all",), ("all", "some")))
        text = spelled(chance.choice(values), chance.randrange(4)) if parsed else chance.choice(UNPARSED)
        one = Sample(text, parsed=parsed, tokens=chance.randrange(20))
        if named in owns:
            one = replace(one, member=chance.choice("ab"), variant=chance.randrange(3))
        if scored in owns:
            one = replace(one, logprob=chance.choice(LOGPROBS))
        if judged in owns:
            one = replace(one, verdict=chance.choice(VERDICTS))
        candidates.append(one)
    said = " ".join(text for text in map(json.dumps, values) if len(text) < DEEPEST)
    source = draw(_TEXT) if chance.random() < 0.5 else said
    return Poll(source, json.dumps(_schema(values) if chance.random() < 0.5 else {}), tuple(candidates))


def _variants(record: dict[str, Any], changes: Sequence[Any], chance: Dice) -> list[Any]:
    """A record and others that say something else in one field, or leave it out."""
    variants: list[Any] = [record]
    for value in changes:
        name = chance.choice(list(record))
        without = {key: kept for key, kept in record.items() if key != name}
        variants.append({**record, name: value} if chance.random() < 0.8 else without)
    return variants


def spelled(value: Any, spelling: int) -> str:
    """A value as one of four texts that say it: as Python does; keys turned; no spaces, no escapes; 61 as 61.0."""
    if spelling == 1 and isinstance(value, dict):
        value = dict(reversed(value.items()))
    if spelling == 3 and isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        value = float(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if spelling > 1 and _encodes(text) else json.dumps(value)


def _schema(values: Sequence[Any]) -> dict[str, Any]:
    known: dict[str, Any] = {name: {} for value in values if isinstance(value, dict) for name in value}
    return {"type": "object", "properties": known, "required": sorted(known)} if known else {}


def _encodes(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
        return False
