"""What each policy is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from commissure.scenarios.deep_context.reporting.settings import Settings

By = Literal["model", "code"]
POLICIES = ("one_call", "chunked", "homogeneous", "heterogeneous", "recursive_code")
ORACLE = "oracle"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Who extracts and who writes, and whether pieces are read again. `whole`: one long call in place of all that."""

    extract: By
    write: By
    verify: bool
    whole: bool = False


def recipe_of(policy: str, settings: Settings) -> Recipe:
    """Of a policy; that of heterogeneous as it is set."""
    return {
        "one_call": Recipe("model", "model", verify=False, whole=True),
        "chunked": Recipe("model", "code", verify=False),
        "homogeneous": Recipe("model", "model", verify=settings.verify),
        "recursive_code": Recipe("code", "model", verify=False),
        ORACLE: Recipe("code", "code", verify=False),
    }.get(policy) or Recipe(settings.extract, settings.write, settings.verify and settings.extract == "model")
