"""The kinds of policy that a user may write, and how one is told from another."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from commissure.hal.eviction import Evictor
from commissure.policies.cache import evictor_names
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.selectors import selector_names


@dataclass(frozen=True, slots=True)
class Kind:
    """What errors call it, what it derives from, how a module builds it, and the names of ours."""

    word: str
    base: type
    built_by: str
    names: Callable[[], list[str]]

    def covers(self, found: Any) -> bool:
        """Whether something is of this kind, or a class of it that could be made."""
        return isinstance(found, self.base) or (
            isinstance(found, type) and issubclass(found, self.base) and not inspect.isabstract(found)
        )


EVICTOR = Kind("evictor", Evictor, "build(plan)", evictor_names)
SELECTOR = Kind("selector", Selector, "build()", selector_names)


def kind_of(found: Any) -> Kind:
    """What a module, class, instance or function stands for; an evictor, where nothing speaks for a selector.

    A function says it by its return annotation, or else is called, if it needs no argument, as a selector's is.
    """
    if isinstance(found, str):
        return SELECTOR if found in selector_names() else EVICTOR
    if isinstance(found, ModuleType):
        found = getattr(found, "build", None)
    if isinstance(found, Selector) or (isinstance(found, type) and issubclass(found, Selector)):
        return SELECTOR
    if isinstance(found, type | Evictor) or not callable(found):
        return EVICTOR
    return SELECTOR if _builds_a_selector(found) else EVICTOR


def name_of(make: object) -> str:
    """What a report calls it."""
    if isinstance(make, str):
        return make
    name = getattr(make, "__name__", type(make).__name__)
    return str(getattr(make, "__module__", name)) if name == "build" else str(name)


def _builds_a_selector(build: Callable[..., Any]) -> bool:
    try:
        signature = inspect.signature(build)
    except ValueError:
        return False
    said = signature.return_annotation
    if said is not signature.empty:
        named = said if isinstance(said, str) else getattr(said, "__name__", "")
        if named.rpartition(".")[2] in ("Evictor", "Selector"):
            return bool(named.rpartition(".")[2] == "Selector")
        if isinstance(said, type) and issubclass(said, Evictor | Selector):
            return issubclass(said, Selector)
    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if any(one.default is one.empty and one.kind not in optional for one in signature.parameters.values()):
        return False
    try:
        return isinstance(build(), Selector)
    except Exception:  # it will be told of where it is built to be used
        return False
