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
    """The same value, members in the same order. Raises UsageError if the text is no JSON."""
    try:
        value = json.loads(text, parse_float=_Number, parse_int=_Number, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"the instance is no JSON: {error or 'nested too deep'}") from error
    return _written(value)


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _written(value: Any) -> str:
    if isinstance(value, _Number):
        return _plain(value)
    if isinstance(value, dict):
        return (
            "{"
            + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_written(one)}" for name, one in value.items())
            + "}"
        )
    if isinstance(value, list):
        return "[" + ",".join(_written(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _plain(number: str) -> str:
    """Without an exponent: under bounds an exponent is allowed only where its sign alone decides."""
    if "e" not in number.lower():
        return str(number)
    exact = Decimal(number)
    if abs(int(exact.adjusted())) > MOST_DIGITS:
        return str(number)
    return f"{exact:f}"
