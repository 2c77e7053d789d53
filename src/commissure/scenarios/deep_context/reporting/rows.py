"""What is extracted of a commit, and how models' answers are read. An answer of another form is a ValueError."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commissure.scenarios.deep_context.activity.record import SHORT

MOST_CHARACTERS = 4_000_000
_NUMBER = re.compile(r"#\d{1,15}\b")
UNNAMED = "?"


class Row(BaseModel):
    """One commit: `person` is its author's id, `areas` those of its files, the main one first.

    `reverts` names what it takes back, `#PR` or a hash, UNNAMED where the log does not say; None if it reverts nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    sha: str = Field(min_length=1)
    pr: int | None = Field(default=None, ge=0, lt=2**53)
    person: str
    areas: tuple[str, ...] = ()
    reverts: str | None = None
    subject: str = ""

    @property
    def key(self) -> str:
        """What names the change in a report."""
        return f"#{self.pr}" if self.pr is not None else self.sha[:SHORT]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of the log, and how many commits it has."""

    text: str
    count: int


def read_rows(text: str) -> list[Row]:
    """The rows of an answer. A row that is none is left out; raises ValueError if there is no list of them."""
    rows = []
    for one in _list_of(text, "rows"):
        try:
            rows.append(Row.model_validate(one))
        except ValidationError:
            continue
    return rows


def read_lines(text: str, count: int) -> list[str]:
    """Lines, one for each commit. Raises ValueError for another number of them."""
    lines = _list_of(text, "lines")
    if len(lines) != count:
        raise ValueError(f"{len(lines)} lines for {count} commits")
    return [" ".join(str(line).split()) for line in lines]


def grounded(rows: Sequence[Row], piece: Piece) -> list[Row]:
    """The rows whose hash, PR and person stand in the piece that they are of: the check that costs no call."""
    words = set(piece.text.split()) | set(_NUMBER.findall(piece.text))
    return [row for row in rows if {row.sha, row.person, *([row.key] if row.pr is not None else [])} <= words]


def corrected(rows: Sequence[Row], corrections: Sequence[Row]) -> list[Row]:
    """The rows with the corrections in their places, by hash; those of other hashes are added."""
    by_sha = {row.sha: row for row in corrections}
    known = {row.sha for row in rows}
    return [by_sha.get(row.sha, row) for row in rows] + [row for row in corrections if row.sha not in known]


def _list_of(text: str, name: str) -> list[Any]:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start or len(text) > MOST_CHARACTERS:
        raise ValueError("no JSON object")
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, list):
        raise ValueError(f"no list of {name}")
    return found
