"""An evictor under observation: its exceptions name the question, and what a cache makes of it stays in sight."""

from __future__ import annotations

from typing import Any

from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.policies.testing.broken import Raised, raised


class Guarded(Evictor):
    """Passes everything on. `taken` is the evictor that the cache has taken for itself by `for_cache`."""

    def __init__(self, inner: Evictor) -> None:
        self.inner = inner
        self.taken = self
        # A cache may read it, but a ClassVar cannot be assigned by name.
        vars(self)["lasting"] = inner.lasting

    def priority(self, entry: Resident, now: Moment) -> Any:
        """As the evictor within."""
        return self._ask("priority", entry, now)

    def for_cache(self, capacity: float) -> Evictor:
        """The evictor of one cache; guarded, too."""
        try:
            inner = self.inner.for_cache(capacity)
        except (Exception, SystemExit) as error:
            raise raised(f"for_cache({capacity:g})", error) from error
        if not isinstance(inner, Evictor):
            raise Raised(f"for_cache({capacity:g}) gave {inner!r}: it must return an Evictor")
        self.taken = Guarded(inner)
        return self.taken

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
        try:
            return getattr(self.inner, question)(entry, now)
        except (Exception, SystemExit) as error:
            raise raised(f"{question}({entry.key})", error) from error
