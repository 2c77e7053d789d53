"""The pieces of a log: whole commits, of about so many tokens."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.policies.recursion.ask import tokens_of
from commissure.scenarios.deep_context.activity.record import Commit
from commissure.scenarios.deep_context.activity.render import render
from commissure.scenarios.deep_context.reporting.rows import Piece

# Of an endpoint's room: the piece, beside instructions, the rows that are checked, and an answer about as long; and
# hashes and paths are more tokens than four characters each (assumed).
_SHARE_OF_ROOM = 0.2
LEAST = 64


def chunk_tokens(wanted: int, room: float | None) -> int:
    """The tokens of a piece that leaves room, in an endpoint of so many tokens, for what is said of it."""
    return wanted if room is None else max(LEAST, min(wanted, int(_SHARE_OF_ROOM * room)))


def pieces_of(commits: Sequence[Commit], tokens: int) -> list[Piece]:
    """Each of at most so many tokens, but for a commit that is longer than that by itself."""
    pieces: list[Piece] = []
    part: list[Commit] = []
    size = 0
    for one in commits:
        its = tokens_of(render([one]))
        if part and size + its > tokens:
            pieces.append(Piece(render(part), len(part)))
            part, size = [], 0
        part.append(one)
        size += its
    return [*pieces, Piece(render(part), len(part))] if part else pieces
