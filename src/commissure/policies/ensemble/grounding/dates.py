"""Whether the dates of an object come in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import permutations
from typing import Any, Final

from commissure.policies.ensemble.grounding.days import iso_day
from commissure.policies.ensemble.grounding.finding import Finding, refuted, supported
from commissure.policies.ensemble.grounding.names import words_of

ORDERS: Final[tuple[tuple[frozenset[str], frozenset[str]], ...]] = tuple(
    (frozenset(earlier.split()), frozenset(later.split()))
    for earlier, later in (
        ("issue issued issuing invoice billing order ordered", "due payment paid"),
        ("order ordered purchase purchased", "delivery delivered shipping shipped arrival"),
        ("shipping shipped sent dispatch dispatched", "delivery delivered received arrival"),
        ("start starts started begin begins began beginning", "end ends ended finish finishes finished"),
        ("from since", "to until till through"),
        ("checkin", "checkout"),
        ("departure depart departs outbound", "arrival arrives return returns inbound"),
        ("open opened created reported submitted", "close closed closing resolved updated completed"),
        ("birth born", "death died"),
        ("effective", "expiry expires expiration"),
    )
)
"""Words of fields' names, and of those whose dates come no earlier."""
_JOINED: Final = {frozenset(("check", "in")): "checkin", frozenset(("check", "out")): "checkout"}


def dates_in_order(node: Mapping[str, Any]) -> Iterator[Finding]:
    """What the dates of one object say of each other; nothing where no two are a pair of ORDERS.

    A pair are two ISO dates, of whose names the one has a word of the earlier side and none of the later, the other one
    of the later. Equal dates are in order.
    """
    days = [(name, day) for name, value in node.items() if (day := iso_day(value)) is not None]
    for (first, one), (second, other) in permutations(days, 2):
        if _is_pair(first, second):
            if one <= other:
                yield supported(f"{first} is no later than {second}")
            else:
                yield refuted(f"{first} {one} is later than {second} {other}")


@lru_cache(maxsize=1024)
def _is_pair(first: str, second: str) -> bool:
    one, other = _words(first), _words(second)
    return any(one & earlier and other & later and not one & later for earlier, later in ORDERS)


def _words(name: str) -> frozenset[str]:
    words = frozenset(words_of(name))
    return words | {joined for parts, joined in _JOINED.items() if parts <= words}
