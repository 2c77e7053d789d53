"""What must hold of any evictor, one function each; a user calls them on his own, with cases of `strategies.cases`.

Each takes an evictor as `build.build_of` does, a case, and a cache to try it in; it raises Broken where it does not
hold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import replace

from commissure.policies.custom.build import Make
from commissure.policies.testing.broken import Raised, Served, Unsortable
from commissure.policies.testing.build import fresh
from commissure.policies.testing.case import Case
from commissure.policies.testing.driver import NewCache, ReferenceCache
from commissure.policies.testing.keys import (
    answers,
    keys_sort,
    lasting_is_true,
    priority_is_pure,
    survives_strangers,
)
from commissure.policies.testing.promise import Promise
from commissure.policies.testing.run import Run, as_expected
from commissure.theory.cache.belady import fewest_misses

# So often is an evictor built once more: one that rolls dice may agree with itself a few times.
BUILT_ANEW = 4


def is_deterministic(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """Built anew of the same plan it decides the same, also where texts hash differently, as in another process."""
    first = Run(make, case, cache).finish()
    for _ in range(BUILT_ANEW):
        as_expected(first, Run(make, case, cache), "built anew of the same plan")
    one, other = (Run(make, case.salted(salt), cache) for salt in (1, 2))
    as_expected(one.finish(), other, "where texts hash differently, as in another process")


def caches_are_apart(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """The evictor of one cache knows nothing of another's uses, be they before or at the same time (`for_cache`)."""
    alone = Run(make, case, cache).finish()
    # Another with the same uses, and one with uses of the first only, which shifts what is counted.
    skewed = replace(case, uses=case.uses[:1] * len(case.uses), runs=())
    for another, what in ((case, "has the same uses"), (skewed, f"uses {case.uses[0].key} only")):
        shared = fresh(make, case)
        Run(make, another, cache, evictor=shared).finish()
        as_expected(alone, Run(make, case, cache, evictor=shared), f"after another cache that {what}")
        shared = fresh(make, case)
        one, other = Run(make, case, cache, evictor=shared), Run(make, another, cache, evictor=shared)
        as_expected(alone, one, f"beside another cache that {what}", beside=other)


def spares_what_runs(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """What a call that is under way needs never leaves."""
    for run, served in _audited(make, case, cache):
        for key in served.left:
            if key in served.running:
                raise run.broken(f"{key} leaves while its call runs on")


def capacity_holds(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """What is resident never takes more room than there is."""
    sizes = {use.key: use.size for use in case.uses}
    for run, served in _audited(make, case, cache):
        taken = sum(sizes[key] for key in served.residents)
        if taken > case.capacity:
            raise run.broken(f"{_names(served.residents)} take {taken:g}, but there is {case.capacity:g}")


def evicts_residents(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """Who leaves was resident and is not any more; nobody else leaves, and a hit makes nobody leave."""
    before: tuple[Hashable, ...] = ()
    for run, served in _audited(make, case, cache):
        for key in served.left:
            if key not in before:
                raise run.broken(f"{key} is to leave, but is not resident: {_names(before)}")
        gone = set(before) - set(served.residents)
        if gone != set(served.left) or (served.hit and gone):
            raise run.broken(f"{_names(served.left)} was to leave, but {_names(gone)} is gone")
        if not case.bypass and served.key not in served.residents:
            raise run.broken(f"{served.key} runs, but is not resident")
        before = served.residents


def never_beats_the_optimum(make: Make, case: Case, cache: NewCache = ReferenceCache) -> None:
    """With objects alike it misses as often as Belady's MIN or more: else the run is not what it seems."""
    plain = case.of_one_size()
    run = Run(make, plain, cache).finish()
    misses = sum(not served.hit for served in run.served)
    fewest = len(fewest_misses([use.key for use in plain.uses], int(plain.capacity), bypass=plain.bypass))
    if misses < fewest:
        raise run.broken(f"{misses} misses, but no policy has fewer than {fewest}: an entry has been tampered with")


def _audited(make: Make, case: Case, cache: NewCache) -> Iterator[tuple[Run, Served]]:
    run = Run(make, case, cache)
    for _ in run.steps():
        yield run, run.served[-1]


def _names(keys: Iterable[Hashable]) -> str:
    return ", ".join(sorted(map(str, keys))) or "nobody"


class Invariant(Promise[Make, Case]):
    """What an evictor has to keep."""


INVARIANTS = (
    Invariant(answers, (Raised,)),
    Invariant(survives_strangers, (Raised,)),
    Invariant(keys_sort, (Unsortable,)),
    Invariant(priority_is_pure),
    Invariant(lasting_is_true),
    Invariant(is_deterministic),
    Invariant(caches_are_apart),
    Invariant(spares_what_runs),
    Invariant(capacity_holds),
    Invariant(evicts_residents),
    Invariant(never_beats_the_optimum),
)
