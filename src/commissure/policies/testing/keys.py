"""Invariants of an evictor's answers: that it gives them, that they sort, and that asking changes nothing.

Each takes what `build.build_of` takes and a case, and raises Broken where it does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import replace
from itertools import combinations, permutations
from typing import Any

from commissure.hal.eviction import Moment, Resident
from commissure.policies.custom.build import Make
from commissure.policies.testing.broken import Broken, Raised, Unsortable, shown
from commissure.policies.testing.case import Case
from commissure.policies.testing.driver import NewCache, ReferenceCache, smaller
from commissure.policies.testing.run import Run


def answers(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """It answers for every resident at every use, and hears of every use, without an exception."""
    run = Run(make, replace(case, bypass=False), cache)
    for now in run.steps():
        _keys(run, now)


def survives_strangers(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """It answers for entries that never entered, agents that its graph does not know, and shared prefixes, too."""
    graph = case.graph.copy()
    if len(graph) > 1:
        graph.remove_node(list(graph)[-1])
    run = Run(make, replace(case, graph=graph, bypass=True), cache)
    for now in run.steps():
        stranger = Resident("stranger", 1, now.step, now.step, 1, "stranger", 1.0, 1.0, (now.agent, "another"))
        _ask(run, stranger, now)
        _ask(run, stranger, replace(now, agent="stranger", workflow="another", others=(now.agent, "another")))


def keys_sort(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """Its keys compare with one another, in one order whatever the pair: no NaN, no mixed types."""
    run = Run(make, case, cache)
    for now in run.steps():
        keys = _keys(run, now)
        for name, key in keys.items():
            if _is_nan(key):
                raise run.broken(f"the key of {name} is {shown(key)}: NaN sorts neither before nor after", Unsortable)
        try:
            _check_order(keys)
        except Unsortable as error:
            raise run.broken(error.said, Unsortable) from error


def priority_is_pure(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """Asked twice, in any order, however often, it says the same, and changes no entry."""
    asked = Run(make, case, cache)
    for now in asked.steps():
        before = {name: replace(entry) for name, entry in asked.cache.residents.items()}
        keys = _keys(asked, now)
        again = {name: _ask(asked, replace(before[name]), now) for name in reversed(keys)}
        for name, entry in asked.cache.residents.items():
            if entry != before[name]:
                raise asked.broken(f"priority({name}) has changed the entry: {before[name]} became {entry}")
            if not same(keys[name], again[name]):
                said = f"{shown(keys[name])}, and at the same moment {shown(again[name])}"
                raise asked.broken(f"priority({name}) said {said}")
    silent = Run(make, case, cache).finish()
    for one, other in zip(silent.served, asked.served, strict=True):
        if one != other:
            raise Broken(f"asked after each use, too, {other.line()}", tuple(silent.served[: one.number]))


def lasting_is_true(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """Where it says `lasting = True`, the key of an entry changes only when that entry is used."""
    run = Run(make, case, cache)
    if not run.evictor.lasting:
        return
    known: dict[Hashable, tuple[Resident, Any]] = {}
    for now in run.steps():
        keys = _keys(run, now)
        for name, (entry, key) in known.items():
            if run.cache.residents.get(name) is entry and not same(key, keys[name]):
                since = f"not used since use {entry.last_used + 1}"
                went = f"{since}, went from {shown(key)} to {shown(keys[name])}"
                raise run.broken(f"lasting = True, but the key of {name}, {went}")
        known = {name: (entry, keys[name]) for name, entry in run.cache.residents.items()}


def same(one: Any, other: Any) -> bool:
    """Whether two keys are one."""
    try:
        return one is other or bool(one == other) or (_is_nan(one) and _is_nan(other))
    except Exception:  # an array, say: keys_sort tells of it
        return shown(one) == shown(other)


def _ask(run: Run, entry: Resident, now: Moment) -> Any:
    try:
        return run.evictor.priority(entry, now)
    except Raised as error:
        raise run.broken(f"{error.said}, at the use of {now.agent}", Raised) from error


def _keys(run: Run, now: Moment) -> dict[Hashable, Any]:
    """The key of each resident."""
    return {name: _ask(run, entry, now) for name, entry in run.cache.residents.items()}


def _is_nan(key: Any) -> bool:
    return any(map(_is_nan, key)) if isinstance(key, tuple | list) else isinstance(key, float) and math.isnan(key)


def _check_order(keys: dict[Hashable, Any]) -> None:
    """A strict weak order: who is before whom does not go round, and what ties with two does not part them."""
    before = {pair: smaller(keys[pair[0]], keys[pair[1]]) for pair in permutations(keys, 2)}
    for one, other in combinations(keys, 2):
        if before[one, other] and before[other, one]:
            raise Unsortable(f"the keys {shown(keys[one])} and {shown(keys[other])} are each smaller than the other")
        if not (before[one, other] or before[other, one] or same(keys[one], keys[other])):
            raise Unsortable(f"of the keys {shown(keys[one])} and {shown(keys[other])}, which differ, none is smaller")
    for one, two, three in permutations(keys, 3):
        if not before[one, two] and not before[two, three] and before[one, three]:
            said = f"{shown(keys[one])} < {shown(keys[three])}, but not by way of {shown(keys[two])}"
            raise Unsortable(f"the keys of {one}, {two} and {three} have no order: {said}")
