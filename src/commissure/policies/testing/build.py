"""Evictors under test, each made anew for a case."""

from __future__ import annotations

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Plan
from commissure.policies.custom.build import Build, Make, build_of
from commissure.policies.testing.broken import Raised, naming, shown
from commissure.policies.testing.case import Case


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


def _evictor(build: Build, plan: Plan) -> Evictor:
    with naming("building it"):
        made = build(plan)
    if not isinstance(made, Evictor):
        raise UsageError(
            f"building it gave {shown(made)}, which is no evictor: return a commissure.hal.eviction.Evictor"
        )
    return made
