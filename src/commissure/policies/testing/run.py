"""The run of a case through a cache, use by use, with calls that run on."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment
from commissure.policies.testing.broken import Broken, Raised, Served, Unsortable
from commissure.policies.testing.build import Make, fresh
from commissure.policies.testing.case import Case
from commissure.policies.testing.driver import NewCache, ReferenceCache, moment
from commissure.policies.testing.guard import Guarded


class Run:
    """A fresh cache under a fresh evictor, unless one is given; `evictor` is the one that the cache asks."""

    def __init__(
        self, make: Make, case: Case, cache: NewCache = ReferenceCache, *, evictor: Evictor | None = None
    ) -> None:
        self.case = case
        self.served: list[Served] = []
        guarded = Guarded(fresh(make, case) if evictor is None else evictor)
        self.cache = cache(guarded, case.capacity, case.bypass)
        self.evictor = guarded.taken
        self._left = [0] * len(case.uses)

    def steps(self) -> Iterator[Moment]:
        """Serve use after use; the moment of each, when it has been served."""
        for place, use in enumerate(self.case.uses):
            running = self._running(place)
            try:
                hit, left = self.cache.use(use, running)
            except Broken as broken:
                raise self.broken(broken.said, type(broken)) from broken
            except UsageError as error:
                raise self.broken(f"the cache refused {use.key}: {error}", Raised) from error
            residents = tuple(self.cache.residents)
            self.served.append(Served(place + 1, use.key, hit, tuple(left), residents, running))
            self._left[place] = self.case.runs[place] if self.case.runs else 0
            yield moment(place, use)

    def finish(self) -> Run:
        """Serve all uses."""
        for _ in self.steps():
            pass
        return self

    def broken(self, said: str, kind: type[Broken] = Broken) -> Broken:
        """The exception for what came out at this use."""
        return kind(said, tuple(self.served))

    def _running(self, place: int) -> tuple[Hashable, ...]:
        """Whose calls run on during a use. One that finds no room waits until those that began first have ended."""
        use = self.case.uses[place]
        while True:
            begun = [number for number in range(place) if self._left[number] > 0]
            running = {self.case.uses[number].key: self.case.uses[number].size for number in begun}
            taken = sum(size for key, size in running.items() if key != use.key and key in self.cache.residents)
            if not begun or taken + use.size <= self.case.capacity:
                break
            self._left[begun[0]] = 0
        self._left[:place] = [max(0, left - 1) for left in self._left[:place]]
        return tuple(key for key in running if key in self.cache.residents)


def as_expected(first: Run, second: Run, when: str, *, beside: Run | None = None) -> None:
    """Serve the second run's uses, and after each one of `beside`.

    Raises Broken at the first that is served otherwise than in the first run.
    """
    steps, others = second.steps(), beside.steps() if beside else iter(())
    for expected in first.served:
        try:
            next(steps)
            next(others, None)
        except (Raised, Unsortable) as error:
            said = f"{when}, at use {expected.number}: {error.said}"
            raise Broken(said, tuple(first.served[: expected.number])) from error
        served = second.served[-1]
        if served != expected:
            raise Broken(f"{when}, {served.line()}", tuple(first.served[: expected.number]))
