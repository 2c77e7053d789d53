"""A user's own evictor: a class, an instance, a function of a plan, a module with `build`, a name of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Plan
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.custom.kind import name_of
from commissure.policies.custom.load import load_evictor

Make = Evictor | type[Evictor] | Callable[..., Evictor] | ModuleType | str
Build = Callable[[Plan], Evictor]
KNOWN = ("plan", "graph", "seed", "uses")


def evictor_of(given: str, plan: Plan) -> Evictor:
    """The evictor of a name of ours, or of `module:Name` or `file.py:Name` found from the current folder.

    Raises UsageError if there is no such thing, or if it needs more than the plan knows.
    """
    if given in evictor_names() or ":" not in given:
        return build_evictor(given, plan)
    build = build_of(load_evictor(given, Path.cwd()))
    try:
        made = build(replace(plan, uses=()))
    except UsageError:  # it cannot be built without the future, so it says that it is an offline policy
        made = build(plan)
    if not isinstance(made, Evictor):
        raise UsageError(f"{given} gave {made!r:.60}, which is no evictor: return a commissure.hal.eviction.Evictor")
    return made


def build_of(make: Make) -> Build:
    """The function that builds the evictor of a plan. Raises UsageError for what is no evictor.

    A class or function may ask for the plan, or by name for `graph`, `seed` or `uses` of it. Of an instance each run
    gets its own copy.
    """
    if isinstance(make, str):
        return partial(build_evictor, make)
    if isinstance(make, Evictor):
        return partial(_copy, make)
    if isinstance(make, ModuleType):
        if not callable(getattr(make, "build", None)):
            raise UsageError(f"module {make.__name__} has no function build(plan): name the evictor in it")
        make = make.build
    if isinstance(make, type):
        if not issubclass(make, Evictor):
            raise UsageError(f"{make.__name__} is no evictor: derive it from commissure.hal.eviction.Evictor")
        if lacking := sorted(make.__abstractmethods__):
            raise UsageError(f"{make.__name__} is no evictor yet: it has no {', '.join(lacking)}")
    if not callable(make):
        raise UsageError(f"{make!r} is no evictor: give a class, an instance, or a function build(plan)")
    return _calling(make)


def _copy(evictor: Evictor, plan: Plan) -> Evictor:
    return deepcopy(evictor)


def _calling(make: Callable[..., Evictor]) -> Build:
    try:
        asked = inspect.signature(make).parameters.values()
    except ValueError:
        return make
    named = [one for one in asked if one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)]
    strange = [one for one in named if one.default is one.empty and not _from_plan(one)]
    if len(strange) == len(named) == 1 and strange[0].annotation is inspect.Parameter.empty:
        return make
    if strange:
        raise UsageError(
            f"{name_of(make)} asks for {', '.join(one.name for one in strange)}, which is not known here: "
            f"give a function build(plan) that makes it; by name it may ask for {', '.join(KNOWN)}"
        )
    wanted = [one for one in named if _from_plan(one)]
    first = [one for one in wanted if one.kind is one.POSITIONAL_ONLY]
    other = [one for one in wanted if one.kind is not one.POSITIONAL_ONLY]

    def build(plan: Plan) -> Evictor:
        given = [_argument(one, plan, name_of(make)) for one in first]
        return make(*given, **{one.name: _argument(one, plan, name_of(make)) for one in other})

    return build


def _from_plan(one: inspect.Parameter) -> bool:
    return one.name in KNOWN or "Plan" in (one.annotation, getattr(one.annotation, "__name__", ""))


def _argument(one: inspect.Parameter, plan: Plan, name: str) -> Any:
    required = one.default is one.empty
    if one.name == "graph":
        return plan.need_graph(name) if required else plan.graph
    if one.name == "uses":
        return plan.need_uses(name) if required else plan.uses
    return plan.seed if one.name == "seed" else plan
