"""Which agent's calls go to which KV slot of an engine: one slot to an agent, one agent to a slot."""

from __future__ import annotations

from commissure.hal.call import CacheHint, HintOutcome


class SlotMap:
    """The placements that hints have made on an engine with so many slots."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._slot_of: dict[str, int] = {}

    def of(self, agent: str) -> int | None:
        """The agent's slot, if it was placed."""
        return self._slot_of.get(agent)

    def resolve(self, hint: CacheHint) -> tuple[int, HintOutcome]:
        """The slot that a hint means, and whether it exists; one that does not wraps round, as in llama.cpp."""
        slot = self._slot_of.get(hint.agent, 0) if hint.slot is None else hint.slot
        return slot % self._slots, "accepted" if 0 <= slot < self._slots else "clipped"

    def assign(self, agent: str, slot: int) -> None:
        """Place an agent; whoever had the slot is placed no more."""
        if self._slot_of.get(agent) != slot:
            self.release(slot)
            self._slot_of[agent] = slot

    def release(self, slot: int) -> None:
        """Nobody is placed in this slot any more."""
        self._slot_of = {agent: held for agent, held in self._slot_of.items() if held != slot}
