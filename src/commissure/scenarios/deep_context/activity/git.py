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

# A number of more digits is none that a host gives.
PR = re.compile(r"\(#([0-9]{1,9})\)\s*$")
# hash, author, address by .mailmap, day, subject, body, and then the names of files: apart by the one character that
# no part of a commit can hold.
_FORMAT = "%x00%H%x00%aN%x00%aE%x00%as%x00%s%x00%b%x00"
_PARTS = 7
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
    clean, parts = without_addresses, said.split("\0")[1:]
    for start in range(0, len(parts) - _PARTS + 1, _PARTS):
        sha, author, address, day, subject, body, names = parts[start : start + _PARTS]
        number = PR.search(subject)
        yield Commit(
            sha[:SHORT], clean(author), person_of(address or author), day, int(number[1]) if number else None,
            clean(subject), clean(body), tuple(map(clean, _TRAILER.findall(body))),
            tuple(clean(name) for name in names.split("\n") if name.strip()),
        )  # fmt: skip


def person_of(address: str) -> str:
    """One id for an address, from which the address cannot be read."""
    return sha256(address.strip().lower().encode("utf-8", "replace")).hexdigest()[:8]


def without_addresses(text: str) -> str:
    """The text without e-mail addresses, and without those that stand there once others are taken out."""
    while (cleaned := _ADDRESS.sub("", text)) != text:
        text = cleaned
    return text.strip()
