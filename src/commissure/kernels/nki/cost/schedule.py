"""When each instruction of a trace would run: every engine in program order, all engines beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from commissure.kernels.nki.cost.cycles import cost_of, transfer_bytes
from commissure.kernels.nki.cost.dependences import dependences
from commissure.kernels.nki.cost.targets import Target
from commissure.kernels.nki.trace import Instruction, Trace

COMPUTE = ("tensor", "vector", "scalar", "gpsimd")
NOTHING = -1
# On cores that share ports: the engine that may not use a memory at the same time.
SHARED = {("vector", "sbuf"): "gpsimd", ("gpsimd", "sbuf"): "vector",
          ("vector", "psum"): "scalar", ("scalar", "psum"): "vector"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Schedule:
    """By place in the program: begin and end in ns, how long its engine was busy, and what it waited for last."""

    begin_ns: tuple[float, ...]
    end_ns: tuple[float, ...]
    busy_ns: tuple[float, ...]
    because: tuple[int, ...]
    """The place whose end let it begin, NOTHING where it could begin at once."""

    @property
    def total_ns(self) -> float:
        """From the start to the last end."""
        return max(self.end_ns, default=0.0)

    def critical_path(self) -> list[int]:
        """The places that the total hangs on, the first one first."""
        path: list[int] = []
        place = max(range(len(self.end_ns)), key=self.end_ns.__getitem__, default=NOTHING)
        while place != NOTHING:
            path.append(place)
            place = self.because[place]
        return path[::-1]


def schedule(trace: Trace, target: Target) -> Schedule:
    """List-schedule a trace by documented costs. A chain of dependent instructions pays `dependent_cycles` between.

    An engine begins its next instruction when it is free, what that waits for is done, and no engine that shares a
    port with it is in the way. DMA: `dma_latency_ns` after what it waits for, then one stream of `stream_gb_per_s`,
    on which the transfers of each part of the kernel queue up and the parts take turns (assumed).
    """
    return _Machine(trace.instructions, target).run()


class _Machine:
    def __init__(self, program: Sequence[Instruction], target: Target) -> None:
        self._program, self._target = program, target
        self._after = dependences(program, target)
        count = len(program)
        self._begin, self._end, self._busy = [0.0] * count, [0.0] * count, [0.0] * count
        self._because = [NOTHING] * count
        self._missing = [len(one.data) + len(one.order) for one in self._after]
        self._then: list[list[int]] = [[] for _ in program]
        for place, one in enumerate(self._after):
            for before in (*one.data, *one.order):
                self._then[before].append(place)
        queue = {name: [place for place, one in enumerate(program) if one.engine == name] for name in COMPUTE}
        self._queues = {name: places[::-1] for name, places in queue.items()}
        # When an engine is free, and since whose end; of the memory that engines share, who used it last.
        self._free: dict[str, tuple[float, int]] = {name: (0.0, NOTHING) for name in (*COMPUTE, "dma")}
        self._ports: dict[tuple[str, str], tuple[float, int]] = {}
        self._rings: dict[str, list[tuple[float, int]]] = {}
        self._turns: dict[str, int] = {}
        self._transfers = 0
        self._ready: dict[int, tuple[float, int]] = {}

    def run(self) -> Schedule:
        for place, missing in enumerate(self._missing):
            if not missing:
                self._enable(place)
        for _ in self._program:
            self._step()
        return Schedule(tuple(self._begin), tuple(self._end), tuple(self._busy), tuple(self._because))

    def _step(self) -> None:
        """Begin the instruction that can begin first, of all engines; so time only goes forward."""
        options = [(*self._when(name, places[-1]), name) for name, places in self._queues.items()
                   if places and not self._missing[places[-1]]]  # fmt: skip
        if self._rings:
            free, last = self._free["dma"]
            ring = min(self._rings, key=lambda name: (max(self._rings[name][0][0], free), self._turns.get(name, 0)))
            start, place = self._rings[ring][0]
            options.append((free, last, ring) if free > start else (start, self._ready[place][1], ring))
        begin, because, name = min(options, key=lambda one: one[0])
        if name in self._queues:
            self._compute(name, begin, because)
        else:
            self._transfer(name, begin, because)

    def _enable(self, place: int) -> None:
        """All that it waits for has its end: when that is seen, and which was the last of them."""
        after, one = self._after[place], self._program[place]
        latest, because = 0.0, NOTHING
        for group, data in ((after.data, True), (after.order, False)):
            for before in group:
                seen = self._end[before] + self._seen_ns(before, one.engine, data=data)
                if seen > latest or because == NOTHING:
                    latest, because = seen, before
        self._ready[place] = latest, because
        if one.engine == "dma":
            ring = f"dma of {one.label}"
            heappush(self._rings.setdefault(ring, []), (latest + self._latency_ns(one), place))

    def _seen_ns(self, before: int, engine: str, *, data: bool) -> float:
        """Until another instruction sees that one has ended."""
        first = self._program[before].engine
        if first == "dma" or engine == "dma":
            return 0.0  # a transfer's latency has it
        if first == engine and (engine == "tensor" or not data):
            return 0.0
        cycles = self._target.dependent_cycles.value
        if first == "tensor":
            cycles += self._target.matmul_latency_cycles.value
        return cycles / self._target.ghz(first)

    def _when(self, engine: str, place: int) -> tuple[float, int]:
        options = [self._ready[place], self._free[engine]]
        if self._target.shared_ports.value:
            for space in self._spaces(place):
                other = SHARED.get((engine, space))
                if other is not None and (other, space) in self._ports:
                    options.append(self._ports[other, space])
        return max(options, key=lambda one: one[0])

    def _spaces(self, place: int) -> set[str]:
        one = self._program[place]
        return {view.space for view in (*one.reads, *one.writes)}

    def _compute(self, engine: str, begin: float, because: int) -> None:
        place = self._queues[engine].pop()
        cost = cost_of(self._program[place], self._target)
        length = cost.cycles / self._target.ghz(engine)
        self._free[engine] = (begin + length, place)
        for space in self._spaces(place):
            self._ports[engine, space] = (begin + length, place)
        self._done(place, begin, length, because)

    def _transfer(self, ring: str, begin: float, because: int) -> None:
        _, place = heappop(self._rings[ring])
        if not self._rings[ring]:
            del self._rings[ring]
        self._transfers += 1
        self._turns[ring] = self._transfers
        length = transfer_bytes(self._program[place], self._target) / self._target.stream_gb_per_s
        self._free["dma"] = (begin + length, place)
        self._done(place, begin, length, because)

    def _done(self, place: int, begin: float, length: float, because: int) -> None:
        self._begin[place], self._end[place] = begin, begin + length
        self._busy[place], self._because[place] = length, because
        for later in self._then[place]:
            self._missing[later] -= 1
            if not self._missing[later]:
                self._enable(later)

    def _latency_ns(self, one: Instruction) -> float:
        """Until a transfer moves its first byte."""
        wait = self._target.dma_latency_ns.value
        if one.facts.get("indirect") or one.facts.get("dynamic"):
            # Addresses that are known only when it runs: as a dynamic offset on GpSimdE, which makes them (assumed).
            wait += self._target.dynamic_cycles.value / self._target.gpsimd_ghz.value
        return wait
