"""The code in what a model said."""

from __future__ import annotations

import re

_BLOCK = re.compile(r"```[ \t]*(?:python|py|repl|Python)?[ \t]*\n(.*?)(?:```|\Z)", re.DOTALL)
MOST_CHARS = 200_000


def code_in(said: str) -> str:
    """Its blocks of code as one, empty where there is none. A last block may lack its end."""
    blocks = [found.strip("\n") for found in _BLOCK.findall(said[:MOST_CHARS])]
    return "\n".join(block for block in blocks if block.strip())
