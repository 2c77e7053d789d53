"""What a provider has kept of the prompts it saw."""

from __future__ import annotations

from commissure.sim.engine.job import Job


class KeptPrefixes:
    """Units of `unit_tokens` prompt tokens by their hash, kept for ever, each from when its prompt was computed.

    Nothing is known of a provider's room or of when it forgets, so neither is modelled.
    """

    def __init__(self, unit_tokens: int) -> None:
        self._unit_tokens = unit_tokens
        self._from_s: dict[int, float] = {}

    def match(self, job: Job, now: float) -> int:
        """Leading prompt tokens that are here now; the last token of a prompt is always computed."""
        most = min(len(job.hashes), (job.prompt - 1) // self._unit_tokens)
        for number in range(most):
            since_s = self._from_s.get(job.hashes[number])
            if since_s is None or since_s > now:
                return number * self._unit_tokens
        return max(most, 0) * self._unit_tokens

    def clear(self) -> None:
        """Forget all."""
        self._from_s.clear()

    def learn(self, job: Job, from_s: float) -> None:
        """Keep a prompt's whole units, from a moment on."""
        kept = self._from_s
        for unit in job.hashes[: job.prompt // self._unit_tokens]:
            if kept.get(unit, from_s) >= from_s:
                kept[unit] = from_s
