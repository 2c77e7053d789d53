"""Which fields of an answer are those of the truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from commissure.policies.ensemble.leaves import ABSENT, length_path, path_of
from commissure.scenarios.tool_calling.records.record import Score


def field_match(truth: Any, answer: Any) -> Score:
    """Each leaf of the truth by its path, as `flatten` names it: right where the answer has the same value there.

    Numbers are compared by value (61 is 61.0), strings case-sensitively once trimmed and their whitespace collapsed,
    true, false and null as themselves. An array's length is a field of its own. The record is right if all fields are,
    and the answer has no member that the truth has not.
    """
    fields = dict(_compared(truth, answer, ""))
    return Score(fields, all(fields.values()) and not _surplus(truth, answer))


def _compared(truth: Any, answer: Any, path: str) -> Iterator[tuple[str, bool]]:
    if isinstance(truth, Mapping):
        members = answer if isinstance(answer, Mapping) else {}
        if not truth:
            yield path, isinstance(answer, Mapping)
        for name, value in truth.items():
            yield from _compared(value, members.get(name, ABSENT), path_of(path, name))
    elif isinstance(truth, list):
        elements = answer if isinstance(answer, list) else []
        yield length_path(path), isinstance(answer, list) and len(elements) == len(truth)
        for place, value in enumerate(truth):
            yield from _compared(value, elements[place] if place < len(elements) else ABSENT, f"{path}/{place}")
    else:
        yield path, _same(truth, answer)


def _same(truth: Any, answer: Any) -> bool:
    if isinstance(truth, str) and isinstance(answer, str):
        return truth.split() == answer.split()
    if isinstance(truth, bool) or isinstance(answer, bool):
        return truth is answer
    if isinstance(truth, int | float) and isinstance(answer, int | float):
        return truth == answer
    return truth is None and answer is None


def _surplus(truth: Any, answer: Any) -> bool:
    """Whether the answer, right so far, has members besides."""
    if isinstance(truth, Mapping):
        return any(name not in truth or _surplus(truth[name], value) for name, value in answer.items())
    if isinstance(truth, list):
        return any(_surplus(*pair) for pair in zip(truth, answer, strict=True))
    return False
