"""What an endpoint's KV slots and its disk hold, as an evictor decides. Bookkeeping only: nothing is sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from commissure.hal.eviction import Evictor, Moment, Resident, first_to_leave

# Agents whose past is remembered after they have left; workflows have fewer.
MOST_ABSENT = 4096


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a call goes, and what has to happen there first.

    The prefix of agent `evicted` leaves the slot; with `saves` it is written to the disk before. With `restores` the
    caller's own is read from the disk. `fetched`: it was brought ahead of this call.
    """

    slot: int
    evicted: str = ""
    saves: bool = False
    restores: bool = False
    fetched: bool = False


class SlotTable:
    """Forced residency: who calls always gets a slot, and the evictor names who leaves; never one that is running.

    What leaves goes to the disk where there is room, or where it beats what lies there by the same priorities. A copy
    on the disk stays there when it is read: an agent's system prompt is written once.
    """

    def __init__(self, evictor: Evictor, slots: int, disk_slots: int = 0) -> None:
        self.residents: dict[str, Resident] = {}
        self.disk: dict[str, Resident] = {}
        self.absent: dict[str, Resident] = {}
        self.running: Counter[str] = Counter()
        self._evictor = evictor.for_cache(slots)
        self._slots, self._disk_slots = slots, disk_slots
        self._fetched: set[str] = set()

    def use(self, agent: str, cost: float, now: Moment) -> Placement:
        """A slot for the agent that calls now; `cost` is what computing its prompt anew costs."""
        self._evictor.asked(now)
        before = self.residents.get(agent)
        if before is not None:
            entry = self.residents[agent] = replace(before, last_used=now.step, uses=before.uses + 1)
            self._evictor.used(entry, now)
            fetched = agent in self._fetched
            self._fetched.discard(agent)
            return Placement(entry.slot, fetched=fetched)
        placement = self._make_room(agent, now)
        self._enter(Resident(agent, placement.slot, now.step, now.step, 1, agent, 1.0, cost), now)
        return placement

    def fetch(self, agent: str, now: Moment) -> Placement | None:
        """A slot for a prefix that nobody has called for yet; None if those that could leave are wanted more."""
        known = self.absent[agent]
        if not self._free():
            victim = first_to_leave(self._evictor, self._idle(), now)
            if victim is None or first_to_leave(self._evictor, [victim, known], now) is not victim:
                return None
        placement = self._make_room(agent, now)
        self._enter(replace(known, slot=placement.slot, inserted=now.step), now)
        self._fetched.add(agent)
        return placement

    def awaits(self, agent: str, placement: Placement) -> bool:
        """Whether the slot is still to be filled for the agent, whose call has not come. If not, nothing was saved."""
        entry = self.residents.get(agent)
        if agent in self._fetched and entry is not None and entry.slot == placement.slot:
            return True
        if placement.saves:
            self.lost(placement.evicted)
        return False

    def lost(self, agent: str) -> None:
        """What the disk was to hold of the agent is not there."""
        self.disk.pop(agent, None)

    def _enter(self, entry: Resident, now: Moment) -> None:
        self.absent.pop(entry.agent, None)
        self.residents[entry.agent] = entry
        self._evictor.entered(entry, now)

    def _make_room(self, agent: str, now: Moment) -> Placement:
        restores = agent in self.disk
        free = self._free()
        if free:
            return Placement(free[0], restores=restores)
        victim = first_to_leave(self._evictor, self._idle(), now)
        assert victim is not None, "at most as many calls as slots are under way"
        saves = self._keep(victim, agent, now)
        del self.residents[victim.agent]
        self._fetched.discard(victim.agent)
        self.absent[victim.agent] = victim
        if len(self.absent) > MOST_ABSENT:
            del self.absent[next(iter(self.absent))]
        self._evictor.left(victim, now)
        return Placement(victim.slot, victim.agent, saves, restores)

    def _keep(self, victim: Resident, coming: str, now: Moment) -> bool:
        """Whether what leaves is written to the disk: not again, not unused, and not if all there are wanted more."""
        if not self._disk_slots or victim.agent in self._fetched:
            return False
        if victim.agent in self.disk:
            self.disk[victim.agent] = victim
            return False
        if len(self.disk) >= self._disk_slots:
            others = [entry for entry in self.disk.values() if entry.agent != coming]
            least = first_to_leave(self._evictor, [*others, victim], now)
            if least is None or least is victim:
                return False
            del self.disk[least.agent]
        self.disk[victim.agent] = victim
        return True

    def _free(self) -> list[int]:
        taken = {entry.slot for entry in self.residents.values()}
        return [slot for slot in range(self._slots) if slot not in taken]

    def _idle(self) -> list[Resident]:
        return [entry for entry in self.residents.values() if not self.running[entry.agent]]
