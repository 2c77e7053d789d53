"""The answer as the code built it, or why there is none."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from commissure.policies.recursion.sandbox.interpreter import Session

NAME = "answer"
# It stands in the sandbox from the beginning, so that code may set its parts one by one.
AT_FIRST = f'{NAME} = {{"content": None, "ready": False}}'
_CONTENT = (str, int, float, list, tuple, dict)


@dataclass(frozen=True, slots=True)
class Built:
    """What there is of an answer: its value, and that as text. `claimed`: the code says that it is ready.

    `ready`: it is, and there is something that the code built.
    """

    text: str = ""
    value: Any = None
    claimed: bool = False
    ready: bool = False


NOTHING = Built()


def built(session: Session) -> Built:
    """What the variable holds now. What is not ready is what there is until now."""
    there, answer = session.variable(NAME)
    if not there or not isinstance(answer, dict):
        return Built(claimed=there)
    content, ready = answer.get("content"), answer.get("ready")
    if isinstance(content, bool) or not isinstance(content, _CONTENT) or content == "":
        return Built(claimed=bool(ready))
    return Built(text_of(content), content, bool(ready), ready is True)


def text_of(content: Any) -> str:
    """A built value as an answer's text: items of a list a line each."""
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)):
        return "\n".join(one if isinstance(one, str) else _line(one) for one in content)
    return _line(content)


def _line(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return json.dumps(value, default=str, skipkeys=True) if isinstance(value, dict) else str(value)
