"""Commit logs: of a JSON-lines file, or of a git repository."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.git import commits_of_repository, person_of, without_addresses
from commissure.scenarios.deep_context.activity.record import Commit

FORM = "one commit a line, newest first: {sha, author, person, date, pr, subject, body, co_authors, files}, as JSON"
# As they are rendered, so that what is rendered can be read back.
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{6,64}$")]
Person = Annotated[str, Field(pattern=r"^\S{1,254}$")]
Day = Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}($|[T ])")]


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    sha: Hash
    author: str
    person: Person
    date: Day
    pr: Annotated[int, Field(ge=1, lt=10**9)] | None = None
    subject: str
    body: str = ""
    co_authors: tuple[Any, ...] = ()
    files: tuple[str, ...] = ()


def read_log(repo: str = "", log: str = "") -> list[Commit]:
    """The commits, newest first, of a JSON-lines file `log`, else of the repository `repo`. Raises UsageError."""
    found = _of_file(Path(log)) if log else commits_of_repository(Path(repo or "."))
    if not found:
        raise UsageError(f"{log or repo or '.'}: there is no commit in it")
    return found


def package_of(commits: Sequence[Commit]) -> str:
    """The directory at the top that most files stand in, test and documentation folders apart."""
    tops: dict[str, int] = {}
    for commit in commits:
        for name in commit.files:
            top, slash, _ = name.partition("/")
            if slash and not re.match(r"(?i)(tests?|docs?|examples?|benchmarks?|\..*)$", top):
                tops[top] = tops.get(top, 0) + 1
    return min(tops, key=lambda one: (-tops[one], one)) if tops else ""


def _of_file(path: Path) -> list[Commit]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: is no text; it is to be {FORM}") from None
    except ValueError as error:
        raise UsageError(f"{str(path)!r}: cannot be read: {error}") from None
    return [_commit(path, number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def _commit(path: Path, number: int, line: str) -> Commit:
    try:
        one = _Line.model_validate(json.loads(line))
        one.model_dump_json()  # half of a surrogate pair can neither be sent nor written
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise UsageError(f"{path}:{number}: {field}: {first['msg']}; it is to be {FORM}") from None
    except (ValueError, RecursionError):
        raise UsageError(f"{path}:{number}: no JSON: {line!r:.60}; it is to be {FORM}") from None
    others = (
        other.get("person") or other.get("name") if isinstance(other, dict) else other for other in one.co_authors
    )
    clean = without_addresses
    person = person_of(one.person) if "@" in one.person else one.person
    return Commit(
        one.sha, clean(one.author), person, one.date[:10], one.pr, clean(one.subject), clean(one.body),
        tuple(clean(str(name)) for name in others if name), tuple(map(clean, one.files)),
    )  # fmt: skip
