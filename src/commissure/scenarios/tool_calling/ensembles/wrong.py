"""Wrong values: what a model that errs writes in the place of a right one. A model of errors, and not more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from math import inf
from typing import Any

NUMBER = re.compile(r"(?<![\w.,])\d[\d,]*(?:\.\d+)?(?![\w])")
KEPT, MOST_TEXT = 8, 80
DAY, NUMBER_FOR_NULL = "2026-01-01", 8
NEAR = 1e-6  # of steps of 0.01 as floats
PHRASE = re.compile(r"[A-Z][\w-]+(?: [A-Z][\w-]+)*")


def wrong(value: Any, number: int, source: str, schema: Mapping[str, Any]) -> Any:
    """The `number`-th wrong value in place of `value`, as far as the schema has one: a value that differs from it.

    An enum's other members; the other boolean; a later day; another number or name of the source, then numbers and
    texts near the right one; an array without its last element; an object with its first member wrong.
    """
    if "anyOf" in schema:
        kinds = [one for one in schema["anyOf"] if one.get("type") != "null"]
        if value is None:
            return DAY if kinds[0].get("format") == "date" else NUMBER_FOR_NULL
        return wrong(value, number, source, kinds[0])
    if "enum" in schema:
        others = [one for one in schema["enum"] if one != value]
        return others[number % len(others)] if others else value
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return _number(value, number, source, schema)
    if isinstance(value, str):
        return _day(value, number) if schema.get("format") == "date" else _text(value, number, source, schema)
    if isinstance(value, list) and value:
        return value[:-1] if number % 2 == 0 else [wrong(value[0], number // 2, source, {}), *value[1:]]
    if isinstance(value, dict) and value:
        first = next(iter(value))
        return {**value, first: wrong(value[first], number, source, schema.get("properties", {}).get(first, {}))}
    return value


def _number(value: float, number: int, source: str, schema: Mapping[str, Any]) -> float:
    found = [float(text.replace(",", "")) for text in NUMBER.findall(source)]
    alike = [int(one) if isinstance(value, int) else one for one in found]
    others = [one for one in dict.fromkeys(alike) if one != value and _allowed(one, schema)]
    if number < len(others):
        return others[number]
    further = 1 + number - len(others)
    return value + further if _allowed(value + further, schema) else value - further


def _allowed(value: float, schema: Mapping[str, Any]) -> bool:
    if not schema.get("minimum", -inf) <= value <= schema.get("maximum", inf):
        return False
    steps = value / schema["multipleOf"] if "multipleOf" in schema else 0.0
    return bool(abs(steps - round(steps)) < NEAR)


def _day(value: str, number: int) -> str:
    return f"{date.fromisoformat(value) + timedelta(days=number + 1)}"


def _text(value: str, number: int, source: str, schema: Mapping[str, Any]) -> str:
    most = schema.get("maxLength", MOST_TEXT)
    phrases: list[str] = PHRASE.findall(source)
    others = [one for one in dict.fromkeys(phrases) if one != value and len(one) <= most]
    shorter = value.rpartition(" ")[0]
    options = ([shorter] if shorter else []) + others
    if number < len(options):
        return options[number]
    ending = f"{number - len(options)}"
    return f"{value[: min(KEPT, most - len(ending))]}{ending}"
