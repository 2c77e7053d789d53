"""Simpler polls than one that breaks an invariant: how a counter-example shrinks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from typing import Any

from commissure.policies.ensemble.sample import Sample
from commissure.policies.testing.selection.poll import Poll

SIMPLEST: tuple[Any, ...] = (0, 1, 2)


def simpler(poll: Poll) -> Iterator[Poll]:
    """Polls that are each a step simpler: fewer candidates, less that is told of them, plainer values."""
    count = len(poll.candidates)
    length = count
    while length:
        for first in range(0, count, length):
            yield replace(poll, candidates=poll.candidates[:first] + poll.candidates[first + length :])
        length //= 2
    # Of each side of a tie one.
    for pair in combinations(range(count), 2):
        yield replace(poll, candidates=tuple(one for place, one in enumerate(poll.candidates) if place not in pair))
    yield from _plainer(poll)
    for text in dict.fromkeys(one.text for one in poll.candidates if one.parsed):
        for plain in _values(json.loads(text)):
            less = json.dumps(plain)
            if _cost(less) < _cost(text):
                yield _retold(poll, text, less)
                yield from _one_by_one(poll, text, less)


def _plainer(poll: Poll) -> Iterator[Poll]:
    """Without a source, a schema, and what candidates carry besides their text."""
    if poll.source:
        yield replace(poll, source="")
    if poll.schema != "{}":
        yield replace(poll, schema="{}")
    plain: tuple[dict[str, Any], ...] = (
        {"tokens": 0}, {"variant": 0}, {"member": ""}, {"logprob": None}, {"verdict": None}
    )  # fmt: skip
    for change in plain:
        every = tuple(replace(one, **change) for one in poll.candidates)
        if every != poll.candidates:
            yield replace(poll, candidates=every)
        for place, one in enumerate(every):
            if one != poll.candidates[place]:
                yield _with(poll, place, one)
    for place, one in enumerate(poll.candidates):
        if not one.parsed and one.text:
            yield _with(poll, place, replace(one, text=""))


def _retold(poll: Poll, text: str, less: str) -> Poll:
    told = (replace(one, text=less) if one.parsed and one.text == text else one for one in poll.candidates)
    return replace(poll, candidates=tuple(told))


def _one_by_one(poll: Poll, text: str, less: str) -> Iterator[Poll]:
    for place, one in enumerate(poll.candidates):
        if one.parsed and one.text == text:
            yield _with(poll, place, replace(one, text=less))


def _with(poll: Poll, place: int, one: Sample) -> Poll:
    return replace(poll, candidates=(*poll.candidates[:place], one, *poll.candidates[place + 1 :]))


def _cost(text: str) -> tuple[int, int, str]:
    """Smaller for what is plainer: shorter, with fewer signs that are not ASCII."""
    return len(text), sum(not sign.isascii() for sign in text), text


def _values(value: Any) -> Iterator[Any]:
    """Values that are plainer: a small number, a part of it, it with a plainer part, it without one."""
    yield from SIMPLEST
    yield value
    yield from _inner(value)
    if isinstance(value, dict):
        for name in value:
            yield {key: one for key, one in value.items() if key != name}
        for name, inner in value.items():
            yield from ({**value, name: less} for less in (*SIMPLEST, *_inner(inner)))
            yield {("a" if key == name else key): one for key, one in value.items()}
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield value[:place] + value[place + 1 :]
            yield from ([*value[:place], less, *value[place + 1 :]] for less in (*SIMPLEST, *_inner(inner)))


def _inner(value: Any) -> Iterator[Any]:
    """What is within, the deepest quickly: 256 levels down, 128, ..., and each part; of a text, a shorter one."""
    if isinstance(value, str):
        yield from ("", "a", "b", value[: len(value) // 2], value[1:])
    steps = 256
    while steps > 1:
        node = value
        for _ in range(steps):
            node = next(iter(_parts(node)), None)
        if node is not None:
            yield node
        steps //= 2
    yield from _parts(value)


def _parts(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
