"""The property-test kit for selectors: strategies, invariants that any must keep, and `check_selector`."""

from commissure.policies.testing.selection.ask import Abstained
from commissure.policies.testing.selection.check import check_selector, check_selector_invariant
from commissure.policies.testing.selection.invariants import (
    SELECTOR_INVARIANTS,
    SelectorInvariant,
    confidence_is_a_share,
    index_says_the_value,
    is_pure,
    nothing_parsed_is_no_answer,
    order_does_not_matter,
    questions_are_apart,
    says_what_all_say,
    unparsed_have_no_vote,
)
from commissure.policies.testing.selection.poll import Poll
from commissure.policies.testing.selection.populations import POPULATIONS, Population
from commissure.policies.testing.selection.regret import SelectorRegret
from commissure.policies.testing.selection.report import SelectorReport
from commissure.policies.testing.selection.strategies import json_values, polls

__all__ = [
    "POPULATIONS",
    "SELECTOR_INVARIANTS",
    "Abstained",
    "Poll",
    "Population",
    "SelectorInvariant",
    "SelectorRegret",
    "SelectorReport",
    "check_selector",
    "check_selector_invariant",
    "confidence_is_a_share",
    "index_says_the_value",
    "is_pure",
    "json_values",
    "nothing_parsed_is_no_answer",
    "order_does_not_matter",
    "polls",
    "questions_are_apart",
    "says_what_all_say",
    "unparsed_have_no_vote",
]
