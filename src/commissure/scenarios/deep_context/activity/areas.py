"""Areas: which part of a repository a commit touches."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

ROOT = "(root)"
# One directory below the package itself, as in vllm/v1; elsewhere the first directory.
_PACKAGE_DEPTH = 2
_TAGS = re.compile(r"\s*((?:\[[^\[\]]*\]\s*)+)")
SOURCES = ("src", "lib", "pkg", "packages")


def areas_of(files: Sequence[str], package: str = "") -> tuple[str, ...]:
    """The path prefixes that the files stand under, sorted; `(root)` for those in no directory.

    Within `package`, and within folders of sources, the next directory counts too.
    """
    return tuple(sorted({_area(PurePosixPath(one).parts, package) for one in files})) or (ROOT,)


def main_area(files: Sequence[str], package: str = "") -> str:
    """The area with the most files; of equals the first by name."""
    areas = [_area(PurePosixPath(one).parts, package) for one in files]
    return min(set(areas), key=lambda one: (-areas.count(one), one)) if areas else ROOT


def tags_of(subject: str) -> tuple[str, ...]:
    """The tags that a subject begins with, as `[Tag]`, lower-cased, each once: what its author calls it."""
    found = _TAGS.match(subject)
    named = (one.strip().lower() for one in found[1].replace("]", "[").split("[")) if found else ()
    return tuple(dict.fromkeys(one for one in named if one))


def _area(parts: Sequence[str], package: str) -> str:
    folders = parts[:-1]
    if not folders:
        return ROOT
    deep = folders[0] == package or folders[0] in SOURCES
    return "/".join(folders[: _PACKAGE_DEPTH if deep else 1])
