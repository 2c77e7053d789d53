"""The records of a leg as its calls end; of one that goes on, those of before it was stopped come first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from commissure.hal.call import Call
from commissure.hal.fleets.attempt import Failure
from commissure.hal.fleets.slot_table import Placement
from commissure.hal.journal import CallRecord, FailureRecord, StepRecord
from commissure.hal.reply import Reply


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was done of a leg until it was stopped: calls and failures, on a clock that starts with its workflow.

    How much more they may have cost than was estimated is in no record: `Run.uncertain_usd` is of the last part only.
    """

    calls: tuple[CallRecord, ...] = ()
    failures: tuple[FailureRecord, ...] = ()

    @property
    def time_s(self) -> float:
        """When the last of them ended."""
        ends = [one.start_s + one.total_s for one in self.calls] + [one.start_s + one.total_s for one in self.failures]
        return max(ends, default=0.0)


class LegRecords:
    """Makes the records, numbers them and passes them on. With `earlier`, numbers and times go on from there."""

    def __init__(
        self,
        leg: str,
        on_call: Callable[[CallRecord], None],
        on_failure: Callable[[FailureRecord], None],
        earlier: Earlier | None,
        on_step: Callable[[StepRecord], None] = lambda record: None,
    ) -> None:
        self.calls = list(earlier.calls) if earlier else []
        self.failures = list(earlier.failures) if earlier else []
        self._leg = leg
        self._on_call = on_call
        self._on_failure = on_failure
        self._on_step = on_step
        self._earlier = earlier
        self._shift_s = 0.0

    def begin(self, now_s: float) -> None:
        """The workflow starts: a leg that can go on has its own clock from here, whatever opening the fleet took."""
        if self._earlier is not None:
            self._shift_s = self._earlier.time_s - now_s

    def keep(self, call: Call, reply: Reply, placement: Placement | None) -> None:
        """A call was answered."""
        start_s = reply.timing.start_s + self._shift_s
        self.calls.append(_record(self._leg, len(self.calls), call, reply, placement, start_s))
        self._on_call(self.calls[-1])

    def keep_step(self, step: StepRecord) -> None:
        """A recursion has made a step."""
        first_s = None if step.first_s is None else step.first_s + self._shift_s
        moved = {"start_s": step.start_s + self._shift_s, "end_s": step.end_s + self._shift_s, "first_s": first_s}
        self._on_step(step.model_copy(update={"leg": self._leg, **moved}))

    def keep_failure(self, failure: Failure) -> None:
        """An attempt brought no reply."""
        start_s = failure.start_s + self._shift_s
        self.failures.append(_failure_record(self._leg, len(self.failures), failure, start_s))
        self._on_failure(self.failures[-1])


def _record(leg: str, number: int, call: Call, reply: Reply, placement: Placement | None, start_s: float) -> CallRecord:
    usage, timing = reply.usage, reply.timing
    return CallRecord(
        leg=leg,
        number=number,
        agent=call.agent,
        kind=call.kind,
        workflow=call.workflow,
        endpoint=reply.endpoint,
        slot=reply.slot,
        evicted=placement.evicted if placement else "",
        restored=placement.restores if placement else False,
        fetched=placement.fetched if placement else False,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        estimated=usage.estimated,
        start_s=start_s,
        queue_s=timing.queue_s,
        prefill_s=timing.prefill_s,
        decode_s=timing.decode_s,
        total_s=timing.total_s,
        first_s=timing.first_s,
        timing=timing.source,
        cost_usd=reply.cost_usd,
        finish=reply.finish,
    )


def _failure_record(leg: str, number: int, failure: Failure, start_s: float) -> FailureRecord:
    return FailureRecord(
        leg=leg,
        number=number,
        agent=failure.call.agent,
        kind=failure.call.kind,
        endpoint=failure.endpoint,
        outcome=failure.outcome,
        problem=failure.problem,
        prompt_tokens=failure.usage.prompt_tokens,
        output_tokens=failure.usage.output_tokens,
        start_s=start_s,
        total_s=failure.total_s,
        cost_usd=failure.cost_usd,
    )
