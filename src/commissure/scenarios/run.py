"""Run a workflow over a fleet in either world. The switch is one word; nothing else changes."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from inspect import iscoroutine
from pathlib import Path
from typing import Any, Literal, get_args

from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Connect, Fleet
from commissure.hal.fleets.open_fleet import Listeners
from commissure.hal.journal import CallRecord, FailureRecord, Journal, StepRecord
from commissure.hal.ledger import UNLIMITED, Budget, Ledger
from commissure.hal.record.open import played_from, recorded_by
from commissure.hal.record.recording import Recording, new_recording
from commissure.hal.runtime import Runtime
from commissure.scenarios.earlier import Earlier, LegRecords
from commissure.sim.behaviour import Behaviour, ByModel
from commissure.sim.connect import connector
from commissure.sim.runtime import SimRuntime

World = Literal["sim", "live"]
WORLDS: tuple[World, ...] = get_args(World)
Workflow = Callable[..., Coroutine[Any, Any, Any]]


@dataclass(frozen=True)
class Run:
    """What a run gave: the workflow's own result, every finished call, and the time from first to last moment.

    `failures` are the attempts that failed or were cancelled after they were sent: those tried again, losers of a race.
    What they cost is estimated; a provider may bill up to `uncertain_usd` more, for them and for calls without usage.
    `replayed_from` is the file of the recording that endpoints answered from, if there was one.
    """

    world: World
    seed: int
    result: Any
    calls: tuple[CallRecord, ...]
    time_s: float
    failures: tuple[FailureRecord, ...] = ()
    usd_per_hour: float = 0.0
    uncertain_usd: float = 0.0
    replayed_from: Path | None = None

    @property
    def cost_usd(self) -> float:
        """The price of all calls and failures, and of the endpoints hired by the hour for as long as the run took."""
        paid = sum(call.cost_usd for call in self.calls) + sum(one.cost_usd for one in self.failures)
        return paid + self.usd_per_hour * self.time_s / 3600

    @property
    def calls_that_count(self) -> tuple[CallRecord, ...]:
        """All but those whose work was done again, after it was stopped."""
        return tuple(call for call in self.calls if not call.repeated)

    @property
    def decision_hash(self) -> str:
        """Of what was decided, without times: equal in both worlds where the model of the cache is exact."""
        return _hash([(number, *call.decision()[1:]) for number, call in enumerate(self.calls_that_count)])

    @property
    def trace_hash(self) -> str:
        """Of every call with its times; in `sim` the same seed gives the same hash in any process."""
        return _hash([call.model_dump(exclude={"leg", "first_s"}) for call in self.calls])


def run(
    workflow: Workflow,
    fleet: Fleet,
    *inputs: Any,
    world: World = "sim",
    seed: int = 0,
    budget: Budget = UNLIMITED,
    behaviour: Behaviour | ByModel | None = None,
    leg: str = "",
    on_call: Callable[[CallRecord], None] = lambda record: None,
    on_failure: Callable[[FailureRecord], None] = lambda record: None,
    on_step: Callable[[StepRecord], None] = lambda record: None,
    record: str | Path | None = None,
    recording: str | Path | Recording | None = None,
    earlier: Earlier | None = None,
) -> Run:
    """Run `workflow(rt, fleet, *inputs)` to its end.

    `behaviour` says what modelled endpoints answer; `on_call` sees each call's record as it ends, `on_failure` each
    attempt that brought no reply, `on_step` each step of a recursion. A live run is recorded into `record`, a new file
    or a folder for exchanges.jsonl; in sim the adapters of real endpoints answer from a `recording` of that kind, in
    its times. With `earlier`, what was done before the run was stopped, calls, failures and time go on from there.
    Raises whatever the workflow raises, BudgetExceeded among it; UsageError for settings that do not go together.
    """
    _check_world(world, behaviour, record, recording)
    played = recording if recording is None or isinstance(recording, Recording) else Recording.load(recording)
    records = LegRecords(leg, on_call, on_failure, earlier, on_step)
    ledger = Ledger(budget)

    listeners = Listeners(records.keep, records.keep_failure, records.keep_step)

    async def main(rt: Runtime, open_endpoint: Connect) -> tuple[Any, float]:
        async with fleet.open(rt, open_endpoint, ledger, listeners) as opened:
            began = rt.now()
            records.begin(began)
            result = await _started(workflow, rt, opened, *inputs)
            if iscoroutine(result):
                result.close()
                raise UsageError("the workflow returned a coroutine: an `await` is missing")
            return result, rt.now() - began + (earlier.time_s if earlier else 0.0)

    with ExitStack() as stack:
        journal = None if record is None else stack.enter_context(Journal(new_recording(record)))
        rt, open_endpoint = _world(world, fleet, seed, behaviour, journal, played)
        result, time_s = rt.run(main, rt, open_endpoint)
    usd_per_hour, uncertain_usd = fleet.usd_per_hour, ledger.uncertain.usd
    replayed_from = played.path if played else None
    calls, failures = tuple(records.calls), tuple(records.failures)
    return Run(world, seed, result, calls, time_s, failures, usd_per_hour, uncertain_usd, replayed_from)


def _started(workflow: Workflow, *inputs: Any) -> Coroutine[Any, Any, Any]:
    started = workflow(*inputs)
    if not iscoroutine(started):
        raise UsageError(f"a workflow is an `async def`; {workflow!r:.80} is not")
    return started


def _check_world(world: str, behaviour: object, record: object, recording: object) -> None:
    if world not in WORLDS:
        raise unknown("world", world, WORLDS)
    if record is not None and world != "live":
        raise UsageError('record is of live runs: give world="live" with it')
    if recording is not None and world != "sim":
        raise UsageError('a recording is replayed in virtual time: give world="sim" with it')
    if recording is not None and behaviour is not None:
        raise UsageError("what endpoints answer comes from the recording: leave behaviour out")


def _world(
    world: World,
    fleet: Fleet,
    seed: int,
    behaviour: Behaviour | ByModel | None,
    journal: Journal | None,
    played: Recording | None,
) -> tuple[Runtime, Connect]:
    if world == "live":
        return LiveRuntime(seed), recorded_by(journal) if journal else connect
    rt = SimRuntime(seed)
    return rt, played_from(played) if played else connector(rt, fleet, seed, behaviour)


def _hash(rows: list[Any]) -> str:
    return sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest()[:16]
