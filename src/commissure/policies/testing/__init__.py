"""The property-test kit for policies: strategies, invariants that any policy must keep, and `check_evictor`.

For selectors it is `check_selector`, and what else there is in `commissure.policies.testing.selection`.

Needs the extra `testing`; importing it without raises MissingExtra.
"""

from importlib.util import find_spec

from commissure.hal.errors import MissingExtra

if find_spec("hypothesis") is None:
    raise MissingExtra("hypothesis, which searches for counter-examples,", "pip install 'commissure[testing]'")

from commissure.policies.testing.broken import Broken, Raised, Served, Unsortable
from commissure.policies.testing.case import Case
from commissure.policies.testing.check import check_evictor, check_invariant
from commissure.policies.testing.driver import Cache, ReferenceCache
from commissure.policies.testing.graphs import FAMILIES
from commissure.policies.testing.invariants import (
    INVARIANTS,
    Invariant,
    caches_are_apart,
    capacity_holds,
    evicts_residents,
    is_deterministic,
    never_beats_the_optimum,
    spares_what_runs,
)
from commissure.policies.testing.keys import answers, keys_sort, lasting_is_true, priority_is_pure, survives_strangers
from commissure.policies.testing.regret import Regret
from commissure.policies.testing.report import CounterExample, Finding, Report
from commissure.policies.testing.selection import SELECTOR_INVARIANTS, Poll, SelectorReport, check_selector, polls
from commissure.policies.testing.strategies import (
    capacities,
    cases,
    objects,
    traces,
    walks,
    workflows,
    zipf_traces,
)

__all__ = [
    "FAMILIES",
    "INVARIANTS",
    "SELECTOR_INVARIANTS",
    "Broken",
    "Cache",
    "Case",
    "CounterExample",
    "Finding",
    "Invariant",
    "Poll",
    "Raised",
    "ReferenceCache",
    "Regret",
    "Report",
    "SelectorReport",
    "Served",
    "Unsortable",
    "answers",
    "caches_are_apart",
    "capacities",
    "capacity_holds",
    "cases",
    "check_evictor",
    "check_invariant",
    "check_selector",
    "evicts_residents",
    "is_deterministic",
    "keys_sort",
    "lasting_is_true",
    "never_beats_the_optimum",
    "objects",
    "polls",
    "priority_is_pure",
    "spares_what_runs",
    "survives_strangers",
    "traces",
    "walks",
    "workflows",
    "zipf_traces",
]
