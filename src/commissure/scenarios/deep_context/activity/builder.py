"""The manifest of a task: what pins a log that is reported on, so that two runs can be known to have had the same."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from pydantic import BaseModel, ConfigDict

from commissure.hal.errors import UsageError
from commissure.policies.recursion.ask import CHARACTERS_A_TOKEN, tokens_of
from commissure.scenarios.deep_context.activity.log import package_of
from commissure.scenarios.deep_context.activity.oracle import is_revert, oracle, prs_of
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.activity.render import MOST_FILES, newest, parse, render

RENDERING = f"commit sha date person author / subject / body / file names, at most {MOST_FILES}"


class Manifest(BaseModel):
    """A task: the newest commits of a log up to `asked` tokens. Days are ISO; `co_authors` counts trailers.

    `text_sha256` is of the rendered text in UTF-8, `report_sha256` of the oracle's report as JSON, `tokens` are at
    `characters_a_token`. `from_text` says whether the text, read back, has every commit as it was rendered.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    asked: int
    rendering: str
    characters_a_token: int
    characters: int
    tokens: int
    commits: int
    since: str
    until: str
    persons: int
    prs: int
    reverts: int
    co_authors: int
    package: str
    from_text: bool
    text_sha256: str
    report_sha256: str


def manifest_of(commits: Sequence[Commit], tokens: int, source: str) -> Manifest:
    """Of the newest of these commits; `source` names the log. Raises UsageError where there is no commit."""
    shown = newest(commits, tokens)
    if not shown:
        raise UsageError(f"{source}: there is no commit in it")
    text, package, days = render(shown), package_of(shown), [one.day for one in shown]
    return Manifest(
        source=source,
        asked=tokens,
        rendering=RENDERING,
        characters_a_token=CHARACTERS_A_TOKEN,
        characters=len(text),
        tokens=tokens_of(text),
        commits=len(shown),
        since=min(days),
        until=max(days),
        persons=len({one.person for one in shown}),
        prs=len(prs_of(shown)),
        reverts=sum(map(is_revert, shown)),
        co_authors=sum(len(one.co_authors) for one in shown),
        package=package,
        from_text=parse(text) == shown,
        text_sha256=_hash(text),
        report_sha256=_hash(oracle(shown, package).model_dump_json()),
    )


def verify(manifest: Manifest, commits: Sequence[Commit]) -> None:
    """Raises UsageError, naming what differs, where these commits give another task than the manifest's."""
    now = manifest_of(commits, manifest.asked, manifest.source)
    before, after = manifest.model_dump(), now.model_dump()
    other = [f"{name} {before[name]} is now {after[name]}" for name in before if before[name] != after[name]]
    if other:
        raise UsageError(f"{manifest.source}: is not the log of the manifest: {'; '.join(other)}")


def _hash(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
