"""The commits that a report is about: of a repository, of a file, or made up."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import commissure
from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.log import read_log
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.activity.render import newest
from commissure.scenarios.deep_context.reporting.settings import SYNTHETIC, Settings
from commissure.scenarios.deep_context.reporting.synthetic import synthetic


def commits_of(settings: Settings, seed: int) -> tuple[Commit, ...]:
    """The newest of the log, up to the tokens that are set. Raises UsageError for a log that cannot be read."""
    if settings.repo and settings.log:
        raise UsageError("repo and log: give one of them")
    return _commits(settings.repo, settings.log, settings.tokens, seed if settings.log == SYNTHETIC else 0)


@lru_cache(maxsize=8)
def _commits(repo: str, log: str, tokens: int, seed: int) -> tuple[Commit, ...]:
    if log == SYNTHETIC:
        return tuple(newest(synthetic(seed, tokens), tokens))
    return tuple(newest(read_log(log=log) if log else read_log(repo or str(own_repository())), tokens))


def own_repository() -> Path:
    """The repository that this package stands in. Raises UsageError if it is installed elsewhere."""
    place = Path(commissure.__file__).resolve()
    found = next((folder for folder in place.parents if (folder / ".git").exists()), None)
    if found is None:
        raise UsageError(
            "the package stands in no git repository: name one with --set repo=PATH, a file of JSON lines with "
            "--set log=PATH, or take a made-up log with --set log=synthetic"
        )
    return found
