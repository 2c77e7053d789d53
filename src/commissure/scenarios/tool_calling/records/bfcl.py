"""Function calls of the Berkeley function calling leaderboard as records, which its own match scores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError, unknown
from commissure.policies.ensemble.prompt import Asked
from commissure.scenarios.tool_calling.records.bfcl_data import FILES, Entry, entries
from commissure.scenarios.tool_calling.records.bfcl_match import match_arguments
from commissure.scenarios.tool_calling.records.bfcl_prompt import prompt_of
from commissure.scenarios.tool_calling.records.bfcl_schema import Unbounded, bounded, fits, longest
from commissure.scenarios.tool_calling.records.family import SEPARATORS
from commissure.scenarios.tool_calling.records.record import Record

BFCL_FAMILIES = tuple(FILES)
LONGEST_PROMPT = 1_600
"""Characters; 320 to 470 tokens (SmolLM2, Gemma 3), most of them the same in all. More is beyond small models."""
LONGEST_ANSWER = 480
"""Bytes that the schema allows."""
WHITESPACE = 32
"""Tokens beside, for engines that let more whitespace stand between the parts of an answer than SEPARATORS ask for."""


def bfcl(families: Sequence[str] = BFCL_FAMILIES, count: int = 100, seed: int = 0) -> tuple[Record, ...]:
    """A sample of the families' questions, without replacement, of those whose answers can be bounded (see `left_out`).

    Raises UsageError for an unknown family or a count out of range, MissingExtra where the data is not installed.
    """
    pool = [record for family in dict.fromkeys(families) for record in _family(family)[0]]
    if not 1 <= count <= len(pool):
        named = ", ".join(families) or "no family"
        raise UsageError(f"count={count}: {named} has {len(pool)} records: ask for 1 or more, up to that")
    return tuple(dice(f"bfcl/{seed}").sample(pool, count))


def left_out(families: Sequence[str] = BFCL_FAMILIES) -> Counter[str]:
    """How many questions of the families are no records, by the reason. Raises UsageError, MissingExtra."""
    return sum((_family(family)[1] for family in families), Counter[str]())


@cache
def _family(family: str) -> tuple[tuple[Record, ...], Counter[str]]:
    if family not in FILES:
        raise unknown("family of function calls", family, FILES)
    made = [_record(family, entry) for entry in entries(family)]
    return (
        tuple(one for one in made if isinstance(one, Record)),
        Counter(one for one in made if isinstance(one, str)),
    )


def _record(family: str, entry: Entry) -> Record | str:
    """A record, or why it is none."""
    parameters = entry.function["parameters"]
    try:
        schema = bounded(parameters)
    except Unbounded:
        return "a parameter of any value"
    truth, scorer = _answer(schema, entry.possible), partial(match_arguments, parameters, entry.possible)
    if not (fits(truth, schema) and scorer(truth).right):
        return "no right answer within the bounds"
    prompt = prompt_of(entry.function, entry.question)
    if len(prompt.text) > LONGEST_PROMPT:
        return "a long prompt"
    if longest(schema) > LONGEST_ANSWER:
        return "a long answer"
    asked = Asked(prompt, schema | {"x-guidance": SEPARATORS})
    return Record(entry.id, family, asked, truth, scorer, longest(schema) + WHITESPACE)


def _answer(schema: Mapping[str, Any], possible: Mapping[str, list[Any]]) -> dict[str, Any]:
    """For each parameter the first possible value that fits; without those that fit none or may be left out."""
    found: dict[str, Any] = {}
    for name, declared in schema["properties"].items():
        allowed = possible.get(name, [""])
        if "" not in allowed or name in schema["required"]:
            values = (_value(declared, one) for one in allowed if one != "")
            fitting = [value for value in values if fits(value, declared)]
            if fitting:
                found[name] = fitting[0]
    return found


def _value(schema: Mapping[str, Any], possible: Any) -> Any:
    """A possible value as an answer has it: an object's members have lists of possible values in turn."""
    if isinstance(possible, dict) and schema.get("type") == "object":
        return _answer(schema, possible)
    if isinstance(possible, list) and schema.get("type") == "array":
        return [_value(schema["items"], one) for one in possible]
    return possible
