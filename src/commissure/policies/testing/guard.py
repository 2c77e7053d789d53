"""An evictor under observation: its exceptions name the question, and what a cache makes of it stays in sight."""

from __future__ import annotations

from typing import Any

from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.testing.broken import Raised, naming, shown


class Guarded(Evictor):
    """Passes everything on. `taken` is the evictor that the cache has taken for itself by `for_cache`."""

    def __init__(self, inner: Evictor) -> None:
        self.inner = inner
        self.taken = self
        # A cache may read it, but a ClassVar cannot be assigned by name.
        with naming("lasting"):
            vars(self)["lasting"] = inner.lasting

    def priority(self, entry: Resident, now: Moment) -> Any:
        """As the evictor within."""
        return self._ask("priority", entry, now)

    def for_cache(self, capacity: float) -> Evictor:
        """The evictor of one cache; guarded, too."""
        with naming(f"for_cache({capacity:g})"):
            inner = self.inner.for_cache(capacity)
        if not isinstance(inner, Evictor):
            raise Raised(f"for_cache({capacity:g}) gave {shown(inner)}: it must return an Evictor")
        self.taken = Guarded(inner)
        return self.taken

    def asked(self, now: Moment) -> None:
        """As the evictor within."""
        with naming(f"asked(use {now.step + 1})"):
            self.inner.asked(now)

    def entered(self, entry: Resident, now: Moment) -> None:
        """As the evictor within."""
        self._ask("entered", entry, now)

    def used(self, entry: Resident, now: Moment) -> None:
        """As the evictor within."""
        self._ask("used", entry, now)

    def left(self, entry: Resident, now: Moment) -> None:
        """As the evictor within."""
        self._ask("left", entry, now)

    def _ask(self, question: str, entry: Resident, now: Moment) -> Any:
        with naming(f"{question}({entry.key})"):
            return getattr(self.inner, question)(entry, now)
