"""What models are asked: to report on a whole log, to extract from a piece, to write lines, to check. With schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from commissure.policies.recursion.ask import Ask, tokens_of
from commissure.scenarios.deep_context.activity.areas import SOURCES
from commissure.scenarios.deep_context.reporting.rows import Row

LOG = "\n\nLOG\n"
ROWS = "\n\nROWS\n"
# An answer's length (assumed): a row of JSON with its hash, number, person, area and subject; a line of prose.
ROW_TOKENS, LINE_TOKENS, FRAME_TOKENS = 96, 40, 64
# Of characters, and of areas.
MOST_NAME, MOST_AREA, MOST_SUBJECT, MOST_LINE, MOST_AREAS = 40, 60, 160, 200, 8

EXTRACT = """\
Each commit of the log below has a line with its hash, day and person, then its subject, then what else is known of it.
For each commit give a row of JSON: sha, pr (the number in (#N) at the end of the subject, null if there is none),
person (the id as it stands), areas (as told below, the one with the most of its files first), reverts (what it takes
back: # and the number of a PR, or a hash, or ? if it does not say; null if it reverts nothing), subject (as it stands).
Copy, do not invent. A co-author is not the author.
Answer with {"rows": [...]}, a row for each commit, in their order."""

WRITE = """\
For each of the numbered commits below write one line that says what it does, in its own words, without names and
numbers. Answer with {"lines": [...]}, a line for each, in their order."""

CHECK = """\
Below are a log of commits, and rows that were extracted from it. Compare each row with its commit: sha, pr, person,
areas, reverts, subject. Answer with {"rows": [...]}: each row that is wrong, as it should be, and each that is missing;
an empty list if all are right."""

WHOLE = """\
Report on the log of commits below, as one JSON object in the form of the schema and nothing else. period: the first
and the last day. totals: how many commits, PRs and contributors. contributors: each person's id and number of commits,
the one with the most first, of equals by id, with an item for each commit: its key (# and the number in (#N) at the
end of its subject; without one, the first ten characters of its hash), the area of most of its files, and one line that
says what it does. areas: each area with the number of commits that touch it, the most first. reverts: the key of each
commit that takes another back, and the key of that, null if it does not say. top: the ids of the first five
contributors. Authors only: who signed off or co-authored is not the author. Copy what stands there; never invent."""

RULE = "An area is the first folder of a file's path, (root) for a file in none; two folders under "


def extract(text: str, count: int, package: str, schema: bool) -> Ask:
    """To extract `count` commits from a piece."""
    prompt = f"{EXTRACT}\n{area_rule(package)}{LOG}{text}"
    return Ask(prompt, "retrieve", max_tokens=FRAME_TOKENS + _row_tokens(text, count),
               schema=rows_schema(count) if schema else None)  # fmt: skip


def check(text: str, rows: Sequence[Row], count: int, package: str, schema: bool) -> Ask:
    """To check what was extracted from a piece."""
    said = "\n".join(json.dumps(row.model_dump(), ensure_ascii=False) for row in rows)
    prompt = f"{CHECK}\n{area_rule(package)}{LOG}{text}{ROWS}{said}"
    return Ask(prompt, "verify", max_tokens=FRAME_TOKENS + _row_tokens(text, count),
               schema=rows_schema(count) if schema else None)  # fmt: skip


def write(subjects: Sequence[str], schema: bool) -> Ask:
    """To write a line for each of some commits."""
    numbered = "\n".join(f"{number}. {one}" for number, one in enumerate(subjects, start=1))
    return Ask(f"{WRITE}{LOG}{numbered}", "aggregate", max_tokens=FRAME_TOKENS + LINE_TOKENS * len(subjects),
               schema=lines_schema(len(subjects)) if schema else None)  # fmt: skip


def whole(text: str, package: str, schema: Mapping[str, Any] | None, max_tokens: int) -> Ask:
    """To report on all of it at once."""
    return Ask(f"{WHOLE}\n{area_rule(package)}{LOG}{text}", "aggregate", 0, max_tokens=max_tokens, schema=schema)


def area_rule(package: str) -> str:
    """What an area is, in a repository whose package is in this folder."""
    return RULE + ", ".join(f"{one}/" for one in dict.fromkeys((package, *SOURCES)) if one)


def lines_schema(count: int) -> dict[str, Any]:
    """A line for each of `count` commits."""
    return _object(lines={"type": "array", "items": _text(MOST_LINE), "minItems": count, "maxItems": count})


def rows_schema(count: int) -> dict[str, Any]:
    """At most `count` rows. Texts are bounded: a small model goes on with one until its answer is cut off."""
    number = {"anyOf": [{"type": "integer"}, {"type": "null"}]}
    row = _object(
        sha=_text(MOST_NAME), pr=number, person=_text(MOST_NAME),
        areas={"type": "array", "items": _text(MOST_AREA), "maxItems": MOST_AREAS},
        reverts={"anyOf": [_text(MOST_NAME), {"type": "null"}]}, subject=_text(MOST_SUBJECT),
    )  # fmt: skip
    return _object(rows={"type": "array", "items": row, "maxItems": count})


def _text(most: int) -> dict[str, Any]:
    return {"type": "string", "maxLength": most}


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members), "additionalProperties": False}


def _row_tokens(text: str, count: int) -> int:
    """Never more than the piece itself and a frame for each row: most of a row is copied."""
    return min(ROW_TOKENS * count, tokens_of(text) + ROW_TOKENS // 2 * count)
