"""What a replay was asked and its recording does not hold: which recorded request is nearest, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Any

from commissure.hal.record.exchange import Exchange

SHOWN_FIELDS, SHOWN_CHARACTERS = 3, 40
_ABSENT = object()
Difference = tuple[str, Any, Any]


def not_recorded(exchanges: Sequence[Exchange], method: str, path: str, body: str | None) -> str:
    """Says that a request is not among the exchanges of its endpoint, and which of them is nearest."""
    asked = f"{method} {path} was not recorded"
    if not exchanges:
        return f"{asked}; nothing was recorded of this endpoint"
    same = [one for one in exchanges if (one.method, one.path) == (method, path)]
    if not same:
        paths = sorted({f"{one.method} {one.path}" for one in exchanges})
        return f"{asked}; recorded were {', '.join(paths)}"
    wanted = _parsed(body)
    found = {place: list(_differences(_parsed(one.body), wanted)) for place, one in enumerate(same)}
    near = min(found, key=lambda place: _distance(found[place]))
    shown = "; ".join(
        f"{where or 'the body'}: {_shown(recorded, asked)} was recorded, {_shown(asked, recorded)} is asked"
        for where, recorded, asked in found[near][:SHOWN_FIELDS]
    )
    more = "; and more" if len(found[near]) > SHOWN_FIELDS else ""
    at_s = same[near].start_s
    return f"{asked} with this body. The nearest recorded one, sent at {at_s:.3f} s, differs in {shown}{more}"


def _differences(recorded: Any, asked: Any, where: str = "") -> Iterator[Difference]:
    """Each field in which two JSON values differ, with both its values."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        pairs: Iterable[tuple[Any, Any, Any]] = (
            (name, recorded.get(name, _ABSENT), asked.get(name, _ABSENT)) for name in {**recorded, **asked}
        )
    elif isinstance(recorded, list) and isinstance(asked, list):
        pairs = ((place, *two) for place, two in enumerate(zip_longest(recorded, asked, fillvalue=_ABSENT)))
    else:
        if (type(recorded), recorded) != (type(asked), asked):
            yield where, recorded, asked
        return
    for name, one, other in pairs:
        yield from _differences(one, other, f"{where}.{name}" if where else str(name))


def _distance(found: Sequence[Difference]) -> tuple[int, int]:
    """How many fields differ; among equals, those are nearer whose texts begin alike for longer."""
    return len(found), -sum(_first_difference(recorded, asked) for _, recorded, asked in found)


def _first_difference(one: Any, other: Any) -> int:
    if not (isinstance(one, str) and isinstance(other, str)):
        return 0
    alike = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return min(len(one), len(other)) if alike is None else alike


def _shown(value: Any, other: Any) -> str:
    """A value, or a long text from shortly before the first character that differs."""
    if value is _ABSENT:
        return "nothing"
    if not isinstance(value, str):
        return json.dumps(value)[:SHOWN_CHARACTERS]
    start = max(0, _first_difference(value, other) - SHOWN_CHARACTERS // 2)
    part = value[start : start + SHOWN_CHARACTERS]
    before, after = "..." if start else "", "..." if start + SHOWN_CHARACTERS < len(value) else ""
    return repr(f"{before}{part}{after}")


def _parsed(body: str | None) -> Any:
    try:
        return body if body is None else json.loads(body)
    except (ValueError, RecursionError):
        return body
