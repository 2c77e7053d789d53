"""Each answer is computed twice: by its family from rows, and by the question's own code, written apart from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from commissure.scenarios.deep_context.questions.record import Question, Row, Window


def check(question: Question, window: Window) -> None:
    """Raises ArithmeticError, a fault of ours, where the two answers of a question differ."""
    second = _looked_up(question.key, window.lines) if question.key else recomputed(question.code, window.rows)
    if second != question.gold:
        raise ArithmeticError(
            f"{question.kind}: two computations of the answer differ: {question.gold!r:.200} and {second!r:.200} "
            f"({window.id}: {question.text})"
        )


def recomputed(code: str, rows: Sequence[Row]) -> str:
    """What a question's code gives for rows. The code is ours; whatever a file said stands in it as quoted text."""
    names: dict[str, Any] = {"rows": [[row.day.isoformat(), row.user, row.label] for row in rows]}
    exec(compile(code, "<question>", "exec"), names)
    return str(names["result"])


def _looked_up(key: str, lines: Sequence[str]) -> str:
    """The last word of the one line that holds the key, without its period."""
    (line,) = (line for line in lines if f" {key} " in line)
    return line.split()[-1].removesuffix(".")
