"""A user's own selector: a class, an instance, a function that builds one, a module with `build`, a name of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError
from commissure.policies.custom.kind import name_of
from commissure.policies.custom.module import failed
from commissure.policies.ensemble.selector import Selector
from commissure.policies.ensemble.selectors import build_selector

MakeSelector = Selector | type[Selector] | Callable[[], Selector] | ModuleType | str


def selector_from(make: MakeSelector) -> Selector:
    """The selector of any of these. Raises UsageError for what is no selector, or cannot be built."""
    build = maker_of(make)
    try:
        made = build()
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise failed(name_of(make), error, "built") from error
    if not isinstance(made, Selector):
        raise UsageError(f"building it gave {made!r:.60}, which is no selector: return a commissure.Selector")
    return made


def maker_of(make: MakeSelector) -> Callable[[], Any]:
    """The function that builds the selector, anew each time; of an instance it gives copies.

    Raises UsageError for what is no selector, or needs arguments.
    """
    if isinstance(make, str):
        return partial(build_selector, make)
    if isinstance(make, Selector):
        return partial(deepcopy, make)
    if isinstance(make, ModuleType):
        if not callable(getattr(make, "build", None)):
            raise UsageError(f"module {make.__name__} has no function build(): name the selector in it")
        make = make.build
    if isinstance(make, type):
        if not issubclass(make, Selector):
            raise UsageError(f"{make.__name__} is no selector: derive it from commissure.Selector")
        if lacking := sorted(make.__abstractmethods__):
            raise UsageError(f"{make.__name__} is no selector yet: it has no {', '.join(lacking)}")
    if not callable(make):
        raise UsageError(f"{make!r:.60} is no selector: give a class, an instance, or a function build()")
    _needs_nothing(make)
    return make


def _needs_nothing(make: Callable[..., Any]) -> None:
    try:
        asked = inspect.signature(make).parameters.values()
    except ValueError:
        return
    any_of = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if needed := [one.name for one in asked if one.default is one.empty and one.kind not in any_of]:
        raise UsageError(f"{name_of(make)} asks for {', '.join(needed)}: give a function build() that makes it")
