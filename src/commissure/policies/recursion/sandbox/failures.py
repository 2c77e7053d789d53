"""How a run that failed is told: its kind, and words that a model can use."""

from __future__ import annotations

import re

import pydantic_monty as monty

from commissure.policies.recursion.sandbox.interpreter import ErrorKind

# What the interpreter itself says; code may raise errors of these types too, but not in these words.
_SAYS: tuple[tuple[str, ErrorKind], ...] = (
    (r"feed time limit exceeded|turn time limit exceeded", "time"),
    (r"memory limit exceeded", "memory"),
    (r"^RecursionError: ", "recursion"),
    (r"suspension limit \d+ exceeded", "refused"),
    (r"is not supported in this environment|^PermissionError: Permission denied", "refused"),
    (r"does not yet support|^SyntaxError", "syntax"),
)
MOST_CHARS = 1000


def kind_of(error: monty.MontyError) -> ErrorKind:
    """Of an error that ended a run."""
    if isinstance(error, monty.MontyCrashedError):
        return "crash"
    if isinstance(error, (monty.MontySyntaxError, monty.MontyTypingError)):
        return "syntax"
    said = str(error)
    return next((kind for pattern, kind in _SAYS if re.search(pattern, said)), "error")


def words_of(error: monty.MontyError) -> str:
    """The line that failed and what was wrong with it."""
    said = " ".join(str(error).split()) or type(error).__name__
    line = ""
    if isinstance(error, monty.MontyRuntimeError):
        frames = error.traceback()
        line = f"line {frames[-1].line}: " if frames else ""
    if isinstance(error, monty.MontySyntaxError) and not said.startswith("SyntaxError"):
        said = f"SyntaxError: {said}"
    if isinstance(error, monty.MontyCrashedError):
        said = f"the sandbox crashed and its variables are lost: {said}"
    return (line + said)[:MOST_CHARS]
