"""What may be tested: an evictor's class, an instance, a function of a plan, a module with `build`, a name of ours."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from types import ModuleType
from typing import Any

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Plan
from commissure.policies.cache import build_evictor
from commissure.policies.testing.broken import Raised, raised
from commissure.policies.testing.case import Case

Make = Evictor | type[Evictor] | Callable[..., Evictor] | ModuleType | str
Build = Callable[[Plan], Evictor]
KNOWN = ("plan", "graph", "seed", "uses")


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


def name_of(make: Make) -> str:
    """What a report calls it."""
    if isinstance(make, str):
        return make
    name = getattr(make, "__name__", type(make).__name__)
    return str(getattr(make, "__module__", name)) if name == "build" else str(name)


def fresh(make: Make, case: Case) -> Evictor:
    """A new evictor for a case; it gets to know the uses only if it cannot be built without.

    Raises Raised if building it fails, UsageError if it can never be built.
    """
    build = build_of(make)
    try:
        return _evictor(build, case.plan())
    except UsageError:
        return _evictor(build, case.plan(offline=True))


def is_offline(make: Make, case: Case) -> bool:
    """Whether the evictor can only be built of the uses to come."""
    try:
        _evictor(build_of(make), case.plan())
    except UsageError:
        return True
    except Raised:
        pass
    return False


def _copy(evictor: Evictor, plan: Plan) -> Evictor:
    return deepcopy(evictor)


def _evictor(build: Build, plan: Plan) -> Evictor:
    try:
        made = build(plan)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:
        raise raised("building it", error) from error
    if not isinstance(made, Evictor):
        raise UsageError(f"building it gave {made!r}, which is no evictor: return a commissure.hal.eviction.Evictor")
    return made


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
