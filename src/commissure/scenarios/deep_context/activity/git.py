"""The commits of a git repository, read by git itself. No address of anybody leaves this file."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from commissure.hal.errors import UsageError
from commissure.scenarios.deep_context.activity.record import SHORT, Commit, pr_in

# hash, author and address by .mailmap, day, subject, body; NUL stands in no message, and in no name as git quotes it.
_FORMAT = "".join(f"%x00{field}" for field in ("%H", "%aN", "%aE", "%as", "%s", "%b")) + "%x00"
_FIELDS = 7
_ADDRESS = re.compile(r"<?[\w.+-]{1,64}@[\w.-]{1,255}>?")
_TRAILER = re.compile(r"(?im)^co-authored-by:\s*([^<\n]+?)\s*(?:<[^>\n]*>)?\s*$")
_ESCAPE = re.compile(r'\\([abtnvfr"\\]|[0-7]{3})')
_ESCAPED = dict(zip('abtnvfr"\\', '\a\b\t\n\v\f\r"\\', strict=True))
# What a repository's own settings could change of what is printed, as git has it by default.
_SETTINGS = (
    "core.quotePath=false", "core.fsmonitor=false", "log.showSignature=false", "log.showRoot=true", "diff.renames=true",
)  # fmt: skip
_PRINTED = ("--no-merges", "--name-only", "--no-relative", "--no-color", "--no-ext-diff", "--encoding=UTF-8",
            f"-O{os.devnull}", f"--format={_FORMAT}")  # fmt: skip
# A message made of addresses within addresses has no more of them left than this.
MOST_PASSES = 8
MOST_COMMITS = 50_000
TIMEOUT_S = 120


def commits_of_repository(path: Path) -> list[Commit]:
    """Newest first, merges left out, at most 50,000; a bare repository has them too.

    Raises UsageError where git or the repository is missing, without commits, or shallow.
    """
    if not path.is_dir():
        raise UsageError(f"{path}: is no folder; give the path of a git repository")
    # The last commit that a shallow clone has seems to add every file.
    if _git(path, "rev-parse", "--is-shallow-repository").strip() == "true":
        raise UsageError(f"{path}: is a shallow clone, without its older commits: fetch them with "
                         f"git -C {path} fetch --unshallow")  # fmt: skip
    return list(_commits(_git(path, "log", f"--max-count={MOST_COMMITS}", *_PRINTED)))


def _git(path: Path, *words: str) -> str:
    settings = (word for one in _SETTINGS for word in ("-c", one))
    command = ["git", "--no-pager", "--no-replace-objects", *settings, *words]
    try:
        done = subprocess.run(
            command, cwd=path, env=_environment(), stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S,
            check=False,
        )  # fmt: skip
    except FileNotFoundError:
        raise UsageError("git is not installed; give a log as JSON lines instead: --set log=PATH") from None
    except subprocess.TimeoutExpired:
        raise UsageError(f"{path}: git took more than {TIMEOUT_S} s") from None
    except OSError as error:
        raise UsageError(f"{path}: git cannot be run there: {error.strerror}") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"{path}: {said[-1] if said else 'git failed'}; give a git repository with commits")
    return done.stdout.decode("utf-8", "replace")


def _environment() -> dict[str, str]:
    """The user's own settings stay out, so that the same history reads the same everywhere."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    # A repository of somebody else is read, and nothing in it is run; a partial clone fetches nothing.
    safe = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    return kept | quiet | safe | {"GIT_ALLOW_PROTOCOL": ""}


def _commits(said: str) -> Iterator[Commit]:
    clean, parts = without_addresses, said.split("\0")[1:]
    for start in range(0, len(parts), _FIELDS):
        sha, author, address, day, subject, body, names = parts[start : start + _FIELDS]
        yield Commit(
            sha[:SHORT], clean(author), person_of(address or author), day, pr_in(subject), clean(subject), clean(body),
            tuple(map(clean, _TRAILER.findall(body))),
            tuple(clean(_unquoted(name)) for name in names.split("\n") if name.strip()),
        )  # fmt: skip


def person_of(address: str) -> str:
    """One id for an address, from which the address cannot be read."""
    return sha256(address.strip().lower().encode("utf-8", "replace")).hexdigest()[:8]


def without_addresses(text: str) -> str:
    """The text without e-mail addresses, and without those that stand there once others are taken out."""
    for _ in range(MOST_PASSES):
        cleaned = _ADDRESS.sub("", text)
        if cleaned == text:
            return text.strip()
        text = cleaned
    return text.replace("@", " ").strip()


def _unquoted(name: str) -> str:
    """A path as it is: git puts those with quotes or control characters in quotes."""
    if not name.startswith('"'):
        return name
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1]) or chr(int(found[1], 8)), name[1:-1])
