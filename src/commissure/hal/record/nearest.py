"""What a replay was asked and its recording does not hold: which recorded request is nearest, and what differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any

from commissure.hal.record.exchange import Exchange

SHOWN_FIELDS, SHOWN_CHARACTERS = 3, 40
_ABSENT = object()


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
    near = min(same, key=lambda one: sum(1 for _ in differences(_parsed(one.body), wanted)))
    found = list(islice(differences(_parsed(near.body), wanted), SHOWN_FIELDS + 1))
    shown = "; ".join(found[:SHOWN_FIELDS]) + ("; and more" if len(found) > SHOWN_FIELDS else "")
    return f"{asked} with this body. The nearest recorded one, sent at {near.start_s:.3f} s, differs in {shown}"


def differences(recorded: Any, asked: Any, where: str = "") -> Iterator[str]:
    """Each field in which two JSON values differ, with both its values."""
    if isinstance(recorded, dict) and isinstance(asked, dict):
        for name in {**recorded, **asked}:
            yield from differences(recorded.get(name, _ABSENT), asked.get(name, _ABSENT), f"{where}.{name}")
    elif isinstance(recorded, list) and isinstance(asked, list):
        for place, (one, other) in enumerate(zip_longest(recorded, asked, fillvalue=_ABSENT)):
            yield from differences(one, other, f"{where}.{place}")
    elif recorded is not asked and (type(recorded), recorded) != (type(asked), asked):
        first = _first_difference(recorded, asked)
        name = where.lstrip(".") or "the body"
        yield f"{name}: {_shown(recorded, first)} was recorded, {_shown(asked, first)} is asked"


def _first_difference(one: Any, other: Any) -> int:
    if not (isinstance(one, str) and isinstance(other, str)):
        return 0
    alike = next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return min(len(one), len(other)) if alike is None else alike


def _shown(value: Any, first: int) -> str:
    """A value, or a long text from shortly before the first character that differs."""
    if value is _ABSENT:
        return "nothing"
    if not isinstance(value, str):
        return json.dumps(value)[:SHOWN_CHARACTERS]
    start = max(0, first - SHOWN_CHARACTERS // 2)
    part = value[start : start + SHOWN_CHARACTERS]
    before, after = "..." if start else "", "..." if start + SHOWN_CHARACTERS < len(value) else ""
    return repr(f"{before}{part}{after}")


def _parsed(body: str | None) -> Any:
    try:
        return body if body is None else json.loads(body)
    except (ValueError, RecursionError):
        return body
