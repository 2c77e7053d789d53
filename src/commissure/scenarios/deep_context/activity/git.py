"""The commits of a git repository, read by git itself. No address of anybody leaves this file."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.record import SHORT, Commit

PR = re.compile(r"\(#(\d+)\)\s*$")
_FIELD, _END = "\x1f", "\x1e"
# hash, author, address by .mailmap, day, subject, body
_FORMAT = f"{_END}%H{_FIELD}%aN{_FIELD}%aE{_FIELD}%as{_FIELD}%s{_FIELD}%b{_FIELD}"
_ADDRESS = re.compile(r"<?[\w.+-]{1,64}@[\w.-]{1,255}>?")
_TRAILER = re.compile(r"(?im)^co-authored-by:\s*([^<\n]+?)\s*(?:<[^>\n]*>)?\s*$")
MOST_COMMITS = 50_000
TIMEOUT_S = 120


def commits_of_repository(path: Path) -> list[Commit]:
    """Newest first, merges left out, at most 50,000. Raises UsageError where git or the repository is missing."""
    if not path.is_dir():
        raise UsageError(f"{path}: is no folder; give the path of a git repository")
    said = _git(path, "log", "--no-merges", "--name-only", f"--max-count={MOST_COMMITS}", f"--format={_FORMAT}")
    return list(_commits(said))


def _git(path: Path, *words: str) -> str:
    command = ["git", "--no-pager", "-c", "core.quotePath=false", "-c", "log.showSignature=false", *words]
    try:
        done = subprocess.run(
            command, cwd=path, env=_environment(), capture_output=True, timeout=TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise UsageError("git is not installed; give a log as JSON lines instead: --set log=PATH") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{path}: git took more than {TIMEOUT_S} s") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"{path}: {said[-1] if said else 'git failed'}; give a git repository with commits")
    return done.stdout.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    """The user's own settings stay out, so that the same history reads the same everywhere."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A repository of somebody else is read, and nothing in it is run.
    safe = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return kept | quiet | safe


def _commits(said: str) -> Iterator[Commit]:
    for part in said.split(_END)[1:]:
        sha, author, address, day, subject, rest = part.split(_FIELD, 5)
        body, _, names = rest.rpartition(_FIELD)
        number = PR.search(subject)
        yield Commit(
            sha[:SHORT], _clean(author), person_of(address or author), day, int(number[1]) if number else None,
            _clean(subject), _clean(body), tuple(_clean(name) for name in _TRAILER.findall(body)),
            tuple(name for name in names.split("\n") if name.strip()),
        )  # fmt: skip


def person_of(address: str) -> str:
    """One id for an address, from which the address cannot be read."""
    return sha256(address.strip().lower().encode("utf-8", "replace")).hexdigest()[:8]


def _clean(text: str) -> str:
    """Without addresses."""
    return _ADDRESS.sub("", text).strip()
