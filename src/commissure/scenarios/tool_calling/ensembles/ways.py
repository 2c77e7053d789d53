"""The policies of tool-calls: a selector with a rule of how many candidates are enough."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.policies.custom.guarded import Guarded
from commissure.policies.custom.load import load_selector
from commissure.policies.ensemble.selector import Selector, Stopping
from commissure.policies.ensemble.selectors import build_selector, selector_names
from commissure.policies.ensemble.stopping import build_stopping

# The mean of the candidates, and what hindsight would take, stand in every table beside the policies.
GREEDY, ONE, ORACLE = "greedy", "one sample", "oracle"
MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Way:
    """How an ensemble decides, and how many it asks for."""

    name: str
    selector: Selector
    stopping: Stopping


STOPPED = {"early": "decided", "adaptive": "agreement"}
"""early: plurality, asked for in batches until the vote is decided. adaptive: until they agree well enough."""

FEWER = (*STOPPED, MIXED)
"""Under these a member may give fewer candidates than the settings' n."""


def way_names() -> list[str]:
    """All policies by name."""
    return [*selector_names(), *STOPPED, MIXED]


def way(name: str) -> Way:
    """The policy of a name, or of a user's own `module:Selector`. `mixed` votes by field over all members' candidates.

    Raises UsageError if there is none, or where a user's own does not what a selector must.
    """
    all_at_once = build_stopping("all_at_once")
    if name in STOPPED:
        return Way(name, build_selector("plurality"), build_stopping(STOPPED[name]))
    if name == MIXED:
        return Way(name, build_selector("per_field"), all_at_once)
    if ":" in name:
        return Way(name, Guarded(name, load_selector(name)).tried(), all_at_once)
    return Way(name, build_selector(name), all_at_once)
