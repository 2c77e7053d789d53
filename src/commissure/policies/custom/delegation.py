"""A user's own delegation of a recursion: a class, an instance, a function that builds one, a module with `build`."""

from __future__ import annotations

from copy import deepcopy
from inspect import isabstract
from pathlib import Path
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError
from commissure.policies.custom.kind import Kind, name_of
from commissure.policies.custom.load import find
from commissure.policies.custom.module import failed
from commissure.policies.recursion.delegation import build_delegation, delegation_names
from commissure.policies.recursion.delegation.delegation import Delegation

DELEGATION = Kind("delegation", Delegation, "build()", delegation_names)


def delegation_of(given: Delegation | str, folder: Path | None = None) -> Delegation:
    """One that is given itself, one of ours as `name:key=endpoint`, or a user's own as `module:Name` or `file.py:Name`.

    Raises UsageError.
    """
    if isinstance(given, Delegation):
        return given
    if not isinstance(given, str):
        raise UsageError(f"a delegation has place(depth, kind, est_tokens, left, fleet), which {given!r:.60} has not")
    name, _, rest = given.partition(":")
    own = name not in delegation_names() and (given.endswith(".py") or (rest and "=" not in rest))
    return load_delegation(given, folder) if own else build_delegation(given)


def load_delegation(given: str, folder: Path | None = None) -> Delegation:
    """The delegation that `given` names, made. Modules are looked for in `folder` too, by default the current one.

    Raises UsageError if there is no such thing, or it is no delegation.
    """
    return delegation_from(find(given, folder or Path.cwd(), (DELEGATION,)))


def delegation_from(make: Any) -> Delegation:
    """The delegation of any of these; of an instance a copy. Raises UsageError for what is none, or cannot be built."""
    if isinstance(make, ModuleType):
        make = make.build
    if isinstance(make, Delegation):
        return deepcopy(make)
    if isinstance(make, type) and not issubclass(make, Delegation):
        raise UsageError(f"{make.__name__} is no delegation: derive it from {_BASE}")
    if isinstance(make, type) and isabstract(make):
        raise UsageError(f"{make.__name__} is no delegation yet: it has no place(depth, kind, est_tokens, left, fleet)")
    if not callable(make):
        raise UsageError(f"{make!r:.60} is no delegation: give a class, an instance, or a function build()")
    try:
        made = make()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(name_of(make), error, "built") from error
    if not isinstance(made, Delegation):
        raise UsageError(f"building it gave {made!r:.60}, which is no delegation: derive it from {_BASE}")
    return made


_BASE = "commissure.policies.recursion.delegation.delegation.Delegation"
