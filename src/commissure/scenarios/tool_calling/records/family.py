"""A family of documents: what its texts are, what is asked of them, and how long an answer may get."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from commissure.hal.clock.dice import Dice

# llguidance, which llama.cpp may be built with (xllamacpp's is), else allows whitespace without end. It reads this
# from the schema's root (guidance-ai/llguidance, docs/json_schema.md); others pass over keywords that they do not know.
SEPARATORS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
# An amount of money. Without `multipleOf` a model could add decimals without end.
MONEY = {"type": "number", "minimum": 0, "maximum": 99999.99, "multipleOf": 0.01}
# Days that there are, leap years among them: an engine whose `format: date` is a simple pattern lets 29 February
# through in every year (llguidance: 3 of 4,620 answers).
_LONG, _SHORT = "(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])", "(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
_LEAP = "(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29"
DAYS = f"^(?:[0-9]{{4}}-(?:{_LONG}|{_SHORT}|02-(?:0[1-9]|1[0-9]|2[0-8]))|{_LEAP})$"
DATE = {"type": "string", "format": "date", "pattern": DAYS}
# A control character, the longest that a character of a string gets, is written as \u and four digits.
CHARACTER_BYTES = 6


@dataclass(frozen=True, slots=True)
class Family:
    """Texts with known fields. `write` draws a text and its answer; the examples are fixed, so that prompts share them.

    `properties` are the JSON Schemas of the fields, in the order in which they are answered; all are required.
    """

    name: str
    instruction: str
    properties: Mapping[str, Any] = field(hash=False)
    examples: tuple[tuple[str, Mapping[str, Any]], ...] = field(hash=False)
    write: Callable[[Dice], tuple[str, dict[str, Any]]] = field(repr=False)
    source_label: str = "Text"

    @property
    def schema(self) -> dict[str, Any]:
        """Of an answer: closed, and bounded in length."""
        return closed(self.properties) | {"x-guidance": SEPARATORS}


def text_of(most: int) -> dict[str, Any]:
    """A string of at most so many characters."""
    return {"type": "string", "maxLength": most}


def closed(properties: Mapping[str, Any]) -> dict[str, Any]:
    """An object with just these members, all required."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(properties),
        "additionalProperties": False,
    }


def room_tokens(schema: Mapping[str, Any]) -> int:
    """The most bytes of a text under a bounded schema with SEPARATORS, and an end: no tokens are more than bytes.

    It knows what families are made of: closed objects, arrays, strings, dates, enums, null, booleans, and numbers from
    0 on, of at most two decimals. Raises KeyError where a bound is absent.
    """
    return _most_bytes(schema) + 1


def _most_bytes(schema: Mapping[str, Any]) -> int:
    if "enum" in schema:
        return max(len(f'"{member}"'.encode()) for member in schema["enum"])
    if "anyOf" in schema:
        return max(map(_most_bytes, schema["anyOf"]))
    kind = schema["type"]
    if kind == "object":
        members = schema["properties"].items()
        return 2 + sum(len(f'"{name}": , '.encode()) + _most_bytes(each) for name, each in members)
    if kind == "array":
        return 2 + int(schema["maxItems"]) * (2 + _most_bytes(schema["items"]))
    if kind == "string":
        return len('"2026-03-14"') if schema.get("format") == "date" else 2 + CHARACTER_BYTES * int(schema["maxLength"])
    if kind in ("number", "integer"):
        return len(f"{int(schema['maximum'])}") + (len(".00") if kind == "number" else 0)
    return len("false")
