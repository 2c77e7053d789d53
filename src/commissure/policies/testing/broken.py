"""What an invariant raises: a short text, and what the cache has done until then."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commissure.hal.errors import UsageError


@dataclass(frozen=True, slots=True)
class Served:
    """One use as a cache has served it: which left for it, what was resident afterwards, and whose calls ran on."""

    number: int
    key: Hashable
    hit: bool
    left: tuple[Hashable, ...]
    residents: tuple[Hashable, ...]
    running: tuple[Hashable, ...]

    def line(self) -> str:
        """The use for a person."""
        running = f" while {', '.join(map(str, self.running))} runs on" if self.running else ""
        left = f", {', '.join(map(str, self.left))} leaves" if self.left else ""
        return f"use {self.number}: {self.key} {'hits' if self.hit else 'misses'}{left}{running}"


class Broken(AssertionError):
    """An invariant does not hold. `served` are the uses until then."""

    def __init__(self, said: str, served: tuple[Served, ...] = ()) -> None:
        super().__init__(said)
        self.said = said
        self.served = served


class Raised(Broken):
    """A question to the policy ended in an exception."""


class Unsortable(Broken):
    """The policy's keys do not sort among each other."""


@contextmanager
def naming(asked: str) -> Iterator[None]:
    """Whatever the policy raises inside, but an interrupt and its own UsageError, is Raised by that question."""
    try:
        yield
    except (UsageError, KeyboardInterrupt):
        raise
    except BaseException as error:
        raise raised(asked, error) from error


def raised(asked: str, error: BaseException) -> Raised:
    """The exception of a policy, with the line of it that raised."""
    here = Path(__file__).parent
    kit = (here, here / "selection", here.parent / "custom", Path(contextlib.__file__).parent)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).parent not in kit]
    own = [frame for frame in frames if frame.filename == frames[0].filename]
    where = f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""
    return Raised(f"{asked} raised {type(error).__name__}: {_said(error)}{where}")


def shown(value: Any) -> str:
    """Its repr, if it has one."""
    try:
        return f"{value!r:.200}" if isinstance(value, str) else repr(value)[:200]
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its text cannot be read)"
