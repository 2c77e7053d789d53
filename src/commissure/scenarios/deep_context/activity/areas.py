"""Areas: which part of a repository a commit touches, and the tag that its subject begins with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

_TAG = re.compile(r"^\s*\[([^\[\]]{1,40})\]")
ROOT = "(root)"
# One directory below the package itself, as in vllm/v1; elsewhere the first directory.
_PACKAGE_DEPTH = 2
_SOURCES = ("src", "lib", "pkg", "packages")


def areas_of(files: Sequence[str], package: str = "") -> tuple[str, ...]:
    """The path prefixes that the files stand under, sorted; `(root)` for those in no directory.

    Within `package`, and within folders of sources, the next directory counts too.
    """
    return tuple(sorted({_area(PurePosixPath(one).parts, package) for one in files})) or (ROOT,)


def main_area(files: Sequence[str], package: str = "") -> str:
    """The area with the most files; of equals the first by name."""
    areas = [_area(PurePosixPath(one).parts, package) for one in files]
    return min(set(areas), key=lambda one: (-areas.count(one), one)) if areas else ROOT


def tag_of(subject: str) -> str:
    """The lower-cased [Tag] of a subject, empty without one."""
    found = _TAG.match(subject)
    return found[1].strip().lower() if found else ""


def _area(parts: Sequence[str], package: str) -> str:
    folders = parts[:-1]
    if not folders:
        return ROOT
    deep = folders[0] == package or folders[0] in _SOURCES
    return "/".join(folders[: _PACKAGE_DEPTH if deep else 1])
