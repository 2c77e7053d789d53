"""Whether answers are what their schemas ask for: parsed, and accepted as they were written by the grammar."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from commissure.hal.reply import Reply
from commissure.scenarios.tool_calling.decoding.forced import grammar_of
from commissure.scenarios.tool_calling.decoding.tasks import Task

MOST_SHOWN = 3


def score(answers: Iterable[tuple[Task, Reply]]) -> dict[str, Any]:
    """Counts: `parsed` as JSON; `accepted` by the grammar, whatever its whitespace; `cut` short by the length, but
    acceptable so far; `refused` are the others, a few of them shown. What is right is not asked.
    """
    counts = dict.fromkeys(("answers", "parsed", "accepted", "cut", "refused"), 0)
    shown: list[str] = []
    for task, reply in answers:
        verdict = judged(task.schema, reply.text)
        verdict = "refused" if verdict == "cut" and reply.finish != "length" else verdict
        counts["answers"] += 1
        counts["parsed"] += _parses(reply.text)
        counts[verdict] += 1
        if verdict == "refused" and len(shown) < MOST_SHOWN:
            shown.append(reply.text)
    return {**counts, **({"shown": shown} if shown else {})}


def judged(schema: str, text: str) -> str:
    """accepted; cut, where it could go on to be so; or refused."""
    place = grammar_of(schema, "any").refusal(text)
    return "accepted" if place is None else "cut" if place == len(text.encode()) else "refused"


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
