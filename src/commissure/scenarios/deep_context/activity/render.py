"""A log as a model reads it, and read back: `sha date person author`, subject, body and file names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from commissure.policies.recursion.ask import tokens_of
from commissure.scenarios.deep_context.activity.record import Commit, pr_in

_HEAD = re.compile(r"commit ([0-9a-f]{6,64}) (\d{4}-\d\d-\d\d) (\S+) (.*)")
# A commit that touches more shows these only: some touch every file of a repository.
MOST_FILES = 50
_BODY, _FILE = "  | ", "  - "


def as_shown(commit: Commit) -> Commit:
    """The commit as far as a reader sees it: lines without odd spaces, at most `MOST_FILES` of its files.

    Its PR is the one that its subject shows, its co-authors are those of its trailers.
    """
    body = "\n".join(line.rstrip() for line in commit.body.splitlines() if line.strip())
    files = tuple(_line(name) for name in commit.files[:MOST_FILES])
    who = tuple(co_authors_in(body.split("\n")))
    subject = _line(commit.subject)
    return replace(
        commit, author=_line(commit.author), pr=pr_in(subject), subject=subject, body=body, files=files, co_authors=who
    )


def rendered(commit: Commit) -> str:
    """One commit: a line of who and when, its subject, its body's lines, its files."""
    lines = [f"commit {commit.sha} {commit.day} {commit.person} {_line(commit.author)}", f"  {_line(commit.subject)}"]
    lines += [_BODY + line.rstrip() for line in commit.body.splitlines() if line.strip()]
    lines += [_FILE + _line(name) for name in commit.files]
    return "\n".join(lines)


def render(commits: Sequence[Commit]) -> str:
    """All of them, newest first, blank lines between."""
    return "\n\n".join(map(rendered, commits))


def newest(commits: Sequence[Commit], tokens: int) -> list[Commit]:
    """As many of the newest as so many tokens hold, as they are shown; one at least."""
    found: list[Commit] = []
    used = 0
    for commit in map(as_shown, commits):
        used += tokens_of(rendered(commit)) + 1
        if used > tokens and found:
            break
        found.append(commit)
    return found


def parse(text: str) -> list[Commit]:
    """The commits that stand in a text, as far as the text shows them: the deterministic extractor."""
    return list(_parsed(text))


def _parsed(text: str) -> Iterator[Commit]:
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if _HEAD.fullmatch(line)]
    for place, start in enumerate(heads):
        end = heads[place + 1] if place + 1 < len(heads) else len(lines)
        found = _HEAD.fullmatch(lines[start])
        if found is None or start + 1 >= end:
            continue
        subject, rest = lines[start + 1].strip(), lines[start + 2 : end]
        body = [line.removeprefix(_BODY) for line in rest if line.startswith(_BODY)]
        files = tuple(line.removeprefix(_FILE) for line in rest if line.startswith(_FILE))
        yield Commit(
            found[1], found[4], found[3], found[2], pr_in(subject), subject, "\n".join(body),
            tuple(co_authors_in(body)), files,
        )  # fmt: skip


def co_authors_in(lines: Sequence[str]) -> Iterator[str]:
    """The names of co-author trailers. A sign-off is no authorship."""
    for line in lines:
        name, colon, who = line.partition(":")
        if colon and name.strip().lower() == "co-authored-by" and who.strip():
            yield who.strip()


def _line(text: str) -> str:
    return " ".join(text.split())
