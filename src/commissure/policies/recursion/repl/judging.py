"""Whether a model gets on: the mistakes of its turns, what it is told of them, and when they are too many."""

from __future__ import annotations

import re
from dataclasses import dataclass

from commissure.policies.recursion.ask import FailureKind
from commissure.policies.recursion.repl.built import NOTHING, Built
from commissure.policies.recursion.repl.wording import CUT, NO_CODE, REPEATED, UNBUILT
from commissure.policies.recursion.sandbox.interpreter import Ended, ErrorKind

# An answer in words, as earlier forms of such models gave it (2512.24601, versions 1 and 2).
_IN_WORDS = re.compile(r"^\W*(?:FINAL(?:_VAR)?\s*\(|(?:(?:the|my)\s+)?final answer\b)", re.IGNORECASE | re.MULTILINE)
# The limits of the sandbox; all other errors are the code's.
_BEYOND: frozenset[ErrorKind | None] = frozenset({"time", "memory", "recursion", "output", "crash"})


@dataclass(frozen=True, slots=True)
class Turn:
    """What a model said, the code of it that ran and how that ended, and what there is of an answer since.

    `ended` is None where nothing ran; `cut` says that the code lacked its end, so that it was not run.
    """

    said: str
    code: str = ""
    ended: Ended | None = None
    built: Built = NOTHING
    cut: bool = False

    @property
    def alive(self) -> bool:
        """Whether the sandbox still has its variables."""
        return self.ended is None or self.ended.alive

    @property
    def done(self) -> bool:
        """Whether its code ran to its end, and the answer is ready since."""
        return self.ended is not None and not self.ended.error and self.built.ready


@dataclass(frozen=True, slots=True)
class Mistake:
    """A turn that did not get on. `told` is for the model, beside what its code printed."""

    kind: FailureKind
    problem: str
    told: str = ""


class Judge:
    """Sees each turn of one model; `patience` mistakes in a row are too many."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._in_a_row = 0
        self._seen: set[tuple[str, str]] = set()

    @property
    def out_of_patience(self) -> bool:
        """Whether the work is to end here."""
        return self._in_a_row >= self._patience

    def mistake(self, turn: Turn) -> Mistake | None:
        """The turn's, None where it got on."""
        found = _worded(turn) if turn.ended is None else self._ran(turn, turn.ended)
        self._in_a_row = self._in_a_row + 1 if found else 0
        return found

    def _ran(self, turn: Turn, ended: Ended) -> Mistake | None:
        again = (turn.code, ended.printed) in self._seen
        self._seen.add((turn.code, ended.printed))
        if ended.error:
            return Mistake("sandbox" if ended.kind in _BEYOND else "bad code", ended.error)
        if turn.built.claimed:
            return Mistake("unbuilt", "the code says that the answer is ready, but built none", UNBUILT)
        if again:
            return Mistake("loop", "the model wrote the same code again, and it printed the same", REPEATED)
        return None


def _worded(turn: Turn) -> Mistake:
    if turn.cut:
        return Mistake("bad code", "the code was cut off at the most tokens of a turn", CUT)
    if _IN_WORDS.search(turn.said):
        return Mistake("unbuilt", "the model gave an answer in words, which its code did not build", UNBUILT)
    return Mistake("no code", "the model wrote no block of code", NO_CODE)
