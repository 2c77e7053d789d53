"""Whether the arguments of a call are right by the rules of the Berkeley leaderboard's AST match, for one function.

Source of the rules: BFCL, eval_checker/ast_eval/ast_checker.py of bfcl-eval 2026.3.23 (Apache-2.0), language Python.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from commissure.policies.ensemble.leaves import path_of
from commissure.scenarios.tool_calling.records.record import Score

KINDS: Mapping[str, type] = {
    "string": str,
    "any": str,
    "integer": int,
    "float": float,
    "boolean": bool,
    "array": list,
    "tuple": list,
    "dict": dict,
}
"""How a JSON value of each type is read. A type is kept to strictly: neither true nor 1.0 is an integer."""
PASSED_OVER = re.compile(r"[ ,./\-_*^]")
"""In texts these characters do not count."""


def match_arguments(parameters: Mapping[str, Any], possible: Mapping[str, list[Any]], answer: Any) -> Score:
    """Which parameters are right, by their paths: those that have possible values, and those that should not be there.

    `parameters` are the function's as the leaderboard declares them; `possible` are the values that are right for each,
    with "" among them where it may be left out.
    """
    if not isinstance(answer, dict):
        return Score({path_of("", name): False for name in possible}, right=False)
    required = parameters.get("required", ())
    fields = {name: "" in possible.get(name, ()) and name not in required for name in (*possible, *required)}
    for name, value in answer.items():
        declared = parameters["properties"].get(name)
        fields[name] = declared is not None and name in possible and _right(declared, possible[name], value)
    return Score({path_of("", name): right for name, right in fields.items()}, right=all(fields.values()))


def _right(declared: Mapping[str, Any], possible: list[Any], value: Any) -> bool:
    kind = KINDS[declared["type"]]
    if declared["type"] == "float" and type(value) is int:
        try:
            value = float(value)
        except OverflowError:
            return False
    listed = _kind_listed(possible)
    if type(value) is kind:
        of_items = KINDS[declared["items"]["type"]] if kind is list else None
        if of_items and not any(_items_of_kind(one, of_items, value) for one in possible):
            return False
        if listed in (None, kind):
            return _right_of_kind(kind, of_items, possible, value)
    # The possible values are of another type than the declared one, as the name of a variable is: as they stand.
    return type(value) in (kind, listed) and value in possible


def _right_of_kind(kind: type, of_items: type | None, possible: list[Any], value: Any) -> bool:
    if kind is dict:
        return any(_right_members(one, value) for one in possible)
    if of_items is dict:
        return any(
            len(one) == len(value) and all(_right_members(*pair) for pair in zip(one, value, strict=True))
            for one in possible
        )
    if kind is list:
        return any([_plain(item) for item in value] == [_plain(item) for item in one] for one in possible)
    if kind is str:
        return _plain(value) in [_plain(one) for one in possible if isinstance(one, str)]
    return value in possible


def _right_members(possible: Any, value: Any) -> bool:
    """Of an object, whose members have lists of possible values in turn. Deeper values have to be as they stand."""
    if not isinstance(possible, dict) or not isinstance(value, dict) or not value.keys() <= possible.keys():
        return False
    return all(
        _plain(value[name]) in [_plain(one) for one in allowed] if name in value else "" in allowed
        for name, allowed in possible.items()
    )


def _items_of_kind(possible: Any, kind: type, value: Any) -> bool:
    """Whether all items are of the declared kind, or of that of the possible ones; where "" is possible any will do."""
    return not isinstance(possible, list) or all(type(item) in (kind, _kind_listed(possible)) for item in value)


def _kind_listed(possible: list[Any]) -> type | None:
    return next((type(one) for one in possible if one != ""), None)


def _plain(value: Any) -> Any:
    """A text without case, spaces and some punctuation, with one kind of quotes; what is no text as it stands."""
    return PASSED_OVER.sub("", value).lower().replace("'", '"') if isinstance(value, str) else value
