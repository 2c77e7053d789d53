"""How a run that failed is told: its kind, and words that a model can use."""

from __future__ import annotations

import re

from commissure.policies.recursion.sandbox.binding import monty
from commissure.policies.recursion.sandbox.interpreter import ErrorKind

NOTHING_OUTSIDE = "there are no files, no network and no environment in here: use your variables"
# What may be imported, of all that Python has (tried one by one with 1.4.0).
MODULES = (
    "asyncio, base64, binascii, bisect, collections, copy, csv, dataclasses, datetime, decimal, functools, hashlib, "
    "itertools, json, math, os, pathlib, posixpath, random, re, sys, time, tomllib, typing, unicodedata"
)
# What the interpreter itself says; code may raise errors of these types too, but not in these words.
_SAYS: tuple[tuple[str, ErrorKind], ...] = (
    (r"feed time limit exceeded|turn time limit exceeded", "time"),
    (r"memory limit exceeded|exceeded its memory limit", "memory"),
    (r"^RecursionError: ", "recursion"),
    (NOTHING_OUTSIDE, "refused"),
    (r"does not yet support|^SyntaxError", "syntax"),
)
# Exact figures would differ from run to run.
_FIGURES = (
    (r"(feed|turn) time limit exceeded: .*", "the run took longer than it may"),
    (r"memory limit exceeded: \d+ bytes > (\d+) bytes", r"more than the \1 bytes that there are"),
)
_HINTS = (
    ("cannot suspend in this synchronous context", "call it in a loop or a list comprehension, not by map or sorted"),
    ("object can't be awaited", "functions of the host are called without await"),
    ("yield expressions", "build a list instead"),
    ("class inheritance", "write a class of its own instead"),
    ("RecursionError", "use a loop instead"),
    ("MemoryError", "work on smaller pieces"),
    ("TimeoutError", "do less in one run"),
)
MOST_CHARS = 1000


def kind_of(error: monty.MontyError) -> ErrorKind:
    """Of an error that ended a run."""
    if isinstance(error, monty.MontyCrashedError):
        return "time" if error.timed_out else "crash"
    if isinstance(error, (monty.MontySyntaxError, monty.MontyTypingError)):
        return "syntax"
    said = _said(error)
    return next((kind for pattern, kind in _SAYS if re.search(pattern, said)), "error")


def words_of(error: monty.MontyError) -> str:
    """The line that failed, what was wrong with it, and what to do instead where that is known."""
    said = _said(error)
    if isinstance(error, monty.MontyCrashedError):
        said = "TimeoutError: the run took longer than it may" if error.timed_out else f"the sandbox crashed: {said}"
    if isinstance(error, monty.MontySyntaxError) and not said.startswith("SyntaxError"):
        said = f"SyntaxError: {said}"
    for figures, words in _FIGURES:
        said = re.sub(figures, words, said)
    hint = next((f" ({hint})" for sign, hint in _HINTS if sign in said), "")
    return _line(error) + said + hint


def _said(error: monty.MontyError) -> str:
    return " ".join(str(error)[: 4 * MOST_CHARS].split())[:MOST_CHARS] or type(error).__name__


def _line(error: monty.MontyError) -> str:
    """The last line of this run's code: the traceback may end in a function of an earlier run."""
    if not isinstance(error, (monty.MontyRuntimeError, monty.MontySyntaxError)):
        return ""
    frames = error.traceback()
    lines = [frame.line for frame in frames if frame.filename == frames[0].filename]
    return f"line {lines[-1]}: " if lines else ""
