"""Wrong values: what a model that errs writes in the place of a right one. A model of errors, and not more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")
PHRASE = re.compile(r"[A-Z][\w-]+(?: [A-Z][\w-]+)*")


def wrong(value: Any, number: int, source: str, schema: Mapping[str, Any]) -> Any:
    """The `number`-th wrong value in place of `value`, as far as the schema has one: a value that differs from it.

    An enum's other members; the other boolean; another number or name of the source, then numbers and texts near the
    right one; an array without its last element; an object with its first member wrong.
    """
    if "enum" in schema:
        others = [one for one in schema["enum"] if one != value]
        return others[number % len(others)] if others else value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _number(value, number, source)
    if isinstance(value, str):
        return _text(value, number, source)
    if isinstance(value, list) and value:
        return value[:-1] if number % 2 == 0 else [wrong(value[0], number // 2, source, {}), *value[1:]]
    if isinstance(value, dict) and value:
        first = next(iter(value))
        return {**value, first: wrong(value[first], number, source, schema.get("properties", {}).get(first, {}))}
    return value


def _number(value: float, number: int, source: str) -> float:
    found = [float(text.replace(",", "")) for text in NUMBER.findall(source)]
    others = [one for one in dict.fromkeys(found) if one != value]
    if number < len(others):
        chosen = others[number]
        return int(chosen) if isinstance(value, int) else chosen
    return value + 1 + number - len(others)


def _text(value: str, number: int, source: str) -> str:
    others = [one for one in dict.fromkeys(PHRASE.findall(source)) if one != value]
    shorter = value.rpartition(" ")[0]
    options = ([shorter] if shorter else []) + others
    return options[number] if number < len(options) else f"{value[: 8 + number]}{number - len(options)}"
