"""The records of a log and of a report. A report is JSON; its schema is what a model is held to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

# Characters of a hash, as the log of a repository is read with.
SHORT = 12
# A number of more digits is none that a host gives.
NUMBER = "[0-9]{1,9}"
_PR = re.compile(rf"\(#({NUMBER})\)\s*$")
Count = Annotated[int, Field(ge=0, le=10_000_000)]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `person` is one id a person; `day` is ISO; addresses are never in it. `pr` is None without (#N)."""

    sha: str
    author: str
    person: str
    day: str
    pr: int | None
    subject: str
    body: str = ""
    co_authors: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What names the change in a report: its PR, else its short hash."""
        return f"#{self.pr}" if self.pr is not None else self.sha[:SHORT]


def pr_in(subject: str) -> int | None:
    """The PR that a subject ends in, as `(#N)`."""
    found = _PR.search(subject)
    return int(found[1]) if found else None


class Part(BaseModel):
    """A part of a report."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Period(Part):
    """The first and the last day, ISO."""

    since: str
    until: str


class Totals(Part):
    """Of the whole period. `prs` are distinct."""

    commits: Count
    prs: Count
    contributors: Count


class Item(Part):
    """One change of a person: its key (`#PR`, or a short hash), its area, and what it does in one line."""

    key: str
    area: str
    line: str


class Contributor(Part):
    """A person with all that they changed."""

    id: str
    commits: Count
    items: tuple[Item, ...]


class Area(Part):
    """A part of the repository: how many commits touched it."""

    area: str
    commits: Count


class Revert(Part):
    """A change that takes another back. `reverts` is None where the log does not say which."""

    key: str
    reverts: str | None


class Report(Part):
    """A status report. Contributors come by commits, most first, then by id; `top` are the ids of the first of them."""

    period: Period
    totals: Totals
    contributors: tuple[Contributor, ...]
    areas: tuple[Area, ...]
    reverts: tuple[Revert, ...]
    top: tuple[str, ...]


def report_schema() -> dict[str, Any]:
    """The JSON Schema of a report."""
    return Report.model_json_schema()
