"""Hypothesis strategies: JSON values, records that disagree, their spellings, and whole polls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

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


def scalars() -> st.SearchStrategy[Any]:
    """Odd ones, and any."""
    return st.one_of(st.sampled_from(ODD), st.integers(-3, 99), st.text(max_size=4), st.floats())


def json_values() -> st.SearchStrategy[Any]:
    """Values of JSON of any kind, as deep as a text that goes wrong."""
    nested = st.recursive(
        scalars(),
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
        max_leaves=8,
    )
    return st.one_of(nested, nested, nested, st.builds(_deep, st.sampled_from((30, DEEPEST)), st.booleans(), scalars()))


@st.composite
def spelled(draw: st.DrawFn, value: Any) -> str:
    """A value as one of the texts that say it: with or without spaces and escapes, keys turned, 61 as 61.0."""
    if draw(st.booleans()):
        return json.dumps(value)
    if isinstance(value, dict) and draw(st.booleans()):
        value = dict(reversed(value.items()))
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        value = float(value)
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if text.isascii() or _encodes(text) else json.dumps(value)


@st.composite
def polls(draw: st.DrawFn, most: int = MOST) -> Poll:
    """Whole polls: none, one or several candidates that agree, differ by a field or wholly, or do not parse."""
    values = draw(st.one_of(*[_variants()] * 3, st.lists(json_values(), min_size=1, max_size=4)))
    count = draw(st.one_of(st.integers(0, 2), st.integers(3, most), st.integers(3, most)))
    parses = draw(st.sampled_from((10, 10, 7, 3, 0)))
    chosen = [values[draw(st.integers(0, len(values) - 1))] for _ in range(count)]
    texts = [draw(spelled(value)) if draw(st.integers(0, 9)) < parses else None for value in chosen]
    scored, judged, mixed = draw(st.integers(0, 4)), draw(st.integers(0, 4)), draw(st.booleans())
    candidates = tuple(
        Sample(
            text=draw(st.sampled_from(UNPARSED)) if text is None else text, parsed=text is not None,
            tokens=draw(st.integers(0, 20)),
            logprob=draw(st.sampled_from((-0.1, -1.0, -1.0, -2.5, -30.0, -2000.0))) if _has(scored, draw) else None,
            member=draw(st.sampled_from("ab")) if mixed else "", variant=draw(st.integers(0, 2)) if mixed else 0,
            verdict=draw(st.sampled_from((0.0, 0.2, 0.5, 0.5, 0.9, 1.0))) if _has(judged, draw) else None,
        )
        for text in texts
    )  # fmt: skip
    return Poll(draw(_sources(values)), json.dumps(draw(_schemas(values))), candidates)


@st.composite
def _variants(draw: st.DrawFn) -> list[Any]:
    """A record and others that say something else in one field, or leave it out."""
    inner = st.one_of(scalars(), scalars(), json_values())
    record = draw(st.dictionaries(st.sampled_from(KEYS), inner, min_size=1, max_size=4))
    variants = [record]
    for _ in range(draw(st.integers(0, 3))):
        name, change = draw(st.sampled_from(list(record))), draw(st.integers(0, 3))
        without = {key: value for key, value in record.items() if key != name}
        variants.append(without if not change else {**record, name: draw(inner)})
    return variants


def _sources(values: Sequence[Any]) -> st.SearchStrategy[str]:
    said = " ".join(text for text in map(json.dumps, values) if len(text) < DEEPEST)
    return st.one_of(st.just(said), st.sampled_from(("", "a 61 and 1.50, 日本", "\u2028")), st.text(max_size=12))


def _schemas(values: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    known = [name for value in values if isinstance(value, dict) for name in value]
    return st.sampled_from(
        ({}, {"type": "object", "properties": {name: {} for name in known}, "required": sorted(set(known))})
    )


def _has(chance: int, draw: st.DrawFn) -> bool:
    """None of the candidates, all of them, or some."""
    return chance > 1 and (chance > 2 or draw(st.booleans()))


def _deep(levels: int, by_key: bool, inner: Any) -> Any:
    for _ in range(levels):
        inner = {"a": inner} if by_key else [inner]
    return inner


def _encodes(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False
