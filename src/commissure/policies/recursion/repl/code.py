"""The code in what a model said."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_CHARS = 200_000
_LANGUAGES = frozenset({"", "python", "python3", "py", "repl"})
_FENCE = re.compile(r"^\s*```\s*([\w+-]*)\s*$")
# What a reasoning model thinks aloud is no code to run.
_THOUGHT = "</think>"


@dataclass(frozen=True, slots=True)
class Code:
    """Its blocks of Python as one, empty where there is none. `closed` says whether the last one had its end."""

    text: str = ""
    closed: bool = True


def code_in(said: str) -> Code:
    """All blocks between fences that say Python or nothing; a fence stands on a line of its own."""
    blocks: list[list[str]] = []
    language: str | None = None
    for line in said.rpartition(_THOUGHT)[2][:MOST_CHARS].splitlines():
        fence = _FENCE.match(line)
        if language is None and fence:
            language = fence[1].lower()
            blocks += [[]] if language in _LANGUAGES else []
        elif fence and not fence[1]:
            language = None
        elif language in _LANGUAGES:
            blocks[-1].append(line)
    found = ["\n".join(block) for block in blocks]
    return Code("\n".join(block for block in found if block.strip()), language is None)
