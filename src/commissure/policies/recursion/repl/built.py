"""The answer as the code built it, or why there is none."""

from __future__ import annotations

import json
from typing import Any

from commissure.policies.recursion.sandbox.interpreter import Session

NAME = "answer"


def built(session: Session) -> tuple[bool, str, Any]:
    """Whether the answer is ready, its text, and its value. What is not ready is what there is until now."""
    there, answer = session.variable(NAME)
    if not there or not isinstance(answer, dict):
        return False, "", None
    content = answer.get("content")
    if content is None or isinstance(content, bool) or not isinstance(content, (str, int, float, list, tuple, dict)):
        return False, "", None
    return bool(answer.get("ready")), text_of(content), content


def claims(session: Session) -> bool:
    """Whether the code says that it is ready, whatever it has built."""
    there, answer = session.variable(NAME)
    return there and (not isinstance(answer, dict) or bool(answer.get("ready")))


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
    return json.dumps(value, default=str) if isinstance(value, dict) else str(value)
