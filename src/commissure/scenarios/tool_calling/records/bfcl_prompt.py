"""What a model is told of a function that it shall call, with examples of other functions, made up for this."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from commissure.policies.ensemble.prompt import Prompt

INSTRUCTION = "Write the arguments of the function for each request, as JSON."
REQUEST = "\nRequest: "

_EXAMPLES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "book_table(restaurant: string, guests: integer, outside: boolean = false): Book a table.\n"
        "- restaurant: Name of the restaurant.\n- guests: How many will come.",
        "We are five tonight, please get us a table at the Blue Anchor.",
        {"restaurant": "Blue Anchor", "guests": 5},
    ),
    (
        'tank.fill_time(volume: float, rate: float, unit: "minutes"|"hours" = "minutes"): The time to fill a tank.\n'
        "- volume: In litres.\n- rate: In litres per minute.",
        "How many hours does it take to fill a tank of 900 litres at 12.5 litres per minute?",
        {"volume": 900, "rate": 12.5, "unit": "hours"},
    ),
    (
        "send_parcel(city: string, items: array of string, insured?: boolean): Send things by post.\n"
        "- city: The city and its country, such as Lyon, France.",
        "Post my umbrella and two books to Porto in Portugal.",
        {"city": "Porto, Portugal", "items": ["umbrella", "two books"]},
    ),
)
EXAMPLES = tuple((f"{declared}{REQUEST}{asked}", answer) for declared, asked, answer in _EXAMPLES)


def prompt_of(function: Mapping[str, Any], question: str) -> Prompt:
    """The function's declaration as context, the question as the source. The parts before it are the same for all."""
    return Prompt(
        INSTRUCTION,
        EXAMPLES,
        question,
        source_label="Function",
        answer_label="Arguments",
        context=declaration(function) + REQUEST,
    )


def declaration(function: Mapping[str, Any]) -> str:
    """A function's name, parameters and what they mean; `?` marks what may be left out, `=` its default."""
    parameters = function["parameters"]
    required = parameters.get("required", ())
    names = ", ".join(_typed(name, one, name in required) for name, one in parameters["properties"].items())
    lines = [f"- {name}: {_line(one)}" for name, one in parameters["properties"].items() if one.get("description")]
    return "\n".join([f"{function['name']}({names}): {_line(function)}", *lines])


def _typed(name: str, parameter: Mapping[str, Any], required: bool) -> str:
    default = json.dumps(parameter["default"], ensure_ascii=False) if "default" in parameter else ""
    mark = "" if required or default else "?"
    return f"{name}{mark}: {_type(parameter)}" + (f" = {default}" if default and not required else "")


def _type(parameter: Mapping[str, Any]) -> str:
    kind = str(parameter["type"])
    if kind == "dict" and parameter.get("properties"):
        required = parameter.get("required", ())
        members = (_typed(name, one, name in required) for name, one in parameter["properties"].items())
        return "{" + ", ".join(members) + "}"
    if kind in ("array", "tuple") and "items" in parameter:
        enumeration = {"enum": parameter["enum"]} if "enum" in parameter else {}
        return f"array of {_type({**parameter['items'], **enumeration})}"
    if "enum" in parameter:
        return "|".join(json.dumps(one, ensure_ascii=False) for one in parameter["enum"])
    return kind


def _line(described: Mapping[str, Any]) -> str:
    return " ".join(str(described.get("description", "")).split())
