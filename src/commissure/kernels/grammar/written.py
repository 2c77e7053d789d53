"""A JSON text written anew as a grammar would have it: no whitespace, no needless escapes, plain decimals."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from commissure.hal.errors import UsageError

MOST_DIGITS = 400
"""Numbers whose plain spelling would be longer keep their exponent."""


class _Number(str):
    """A number as it stands in the text."""

    __slots__ = ()


def rewritten(text: str | bytes) -> str:
    """The same value, members in the same order. Raises UsageError if the text is no JSON or names a member twice."""
    try:
        value = json.loads(
            text, parse_float=_Number, parse_int=_Number, parse_constant=_refuse, object_pairs_hook=members_once
        )
        return _written(value)
    except (ValueError, RecursionError) as error:
        reason = "nested too deep" if isinstance(error, RecursionError) else str(error)
        raise UsageError(f"the instance is no JSON: {reason}") from error


def members_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Raises ValueError if one stands twice, of which JSON does not say what it means."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the member {json.dumps(twice)[:60]} stands twice in one object")
    return found


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _written(value: Any) -> str:
    if isinstance(value, _Number):
        return _plain(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{_string(name)}:{_written(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_written(one) for one in value) + "]"
    return _string(value) if isinstance(value, str) else json.dumps(value)


def _string(text: str) -> str:
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError(f"half a character, {json.dumps(text)[:60]}, which no text in UTF-8 can hold")
    return json.dumps(text, ensure_ascii=False)


def _plain(number: str) -> str:
    """Without an exponent: under bounds an exponent is allowed only where its sign alone decides."""
    if "e" not in number.lower():
        return str(number)
    exact = Decimal(number)
    if abs(int(exact.adjusted())) > MOST_DIGITS:
        return str(number)
    return f"{exact:f}"
