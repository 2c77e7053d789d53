"""A trace's calls as a workflow: each sent when it arrives, as text, to endpoints real or modelled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from commissure.hal.call import Call
from commissure.hal.errors import CommissureError, EndpointError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord, FailureRecord
from commissure.hal.ledger import UNLIMITED, Budget
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.scenarios.run import World, run
from commissure.scenarios.traffic_text import Ruler, check_fits, prompt_text
from commissure.sim.replay.columns import Columns
from commissure.sim.workload.trace import Trace

KIND = "traffic"
OnCall = Callable[[CallRecord], None]


class Traffic:
    """A trace on its way: rows fill as calls end, each told to `on_call`, so that what is done is never lost."""

    def __init__(self, trace: Trace, fleet: Fleet, on_call: OnCall = lambda record: None) -> None:
        calls = len(trace)
        self.errors: dict[int, Exception] = {}
        self._trace, self._fleet, self._on_call = trace, fleet, on_call
        self._ruler = Ruler.of(fleet)
        self._prefixes = trace.prefixes()
        self._names = tuple(spec.name for spec in fleet.specs)
        self._started, self._first, self._finished = (np.full(calls, -1.0) for _ in range(3))
        self._inputs, self._outputs = trace.input_tokens.copy(), trace.output_tokens.copy()
        self._cached = np.zeros(calls, np.int64)
        self._endpoint = np.full(calls, -1, np.int64)
        self._cost = np.zeros(calls)
        self._spans: dict[str, list[tuple[float, float]]] = {name: [] for name in self._names}
        self._latest_s = 0.0
        self.retries = 0

    async def workflow(self, rt: Runtime, fleet: OpenFleet) -> None:
        """Send each call when it arrives, however many are under way; a call that fails is a row like any other."""
        can_force = all(one.capabilities.min_tokens for one in fleet.endpoints.values())
        began_s = rt.now()
        try:
            async with rt.task_group() as group:
                for number, arrival_s in enumerate(self._trace.arrival_s.tolist()):
                    call = self.call(number, can_force=can_force)
                    await rt.sleep(max(0.0, arrival_s - (rt.now() - began_s)))
                    group.start_soon(self._send, rt, fleet, began_s, number, call)
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            self.retries = sum(guard.retries for guard in fleet.guards.values())

    def call(self, number: int, *, can_force: bool = True) -> Call:
        """The call of this number. `can_force`: answers are held to their full length."""
        words = self._ruler.words(self._trace.input_tokens[number])
        unit_words = max(1, round(self._trace.unit_tokens / self._ruler.tokens_per_word))
        text = prompt_text(words, self._prefixes[number], unit_words, str(number))
        output = int(self._trace.output_tokens[number])
        tokens = self._ruler.tokens(words)
        return Call(text, kind=KIND, max_tokens=output, min_tokens=output if can_force else 0, prompt_tokens=tokens)

    def columns(self) -> Columns:
        """What has come of the calls so far.

        An answer that came in one piece, of which nobody says when its first token was made, has it at its end.
        `input_tokens` and `output_tokens` are those counted, and of failed calls those asked for. A failed call whose
        endpoint is not known has none, -1. Preemptions do not show from outside: 0.
        """
        return Columns(
            self._trace.arrival_s,
            self._started,
            self._first,
            self._finished,
            self._inputs,
            self._cached,
            self._outputs,
            self._endpoint,
            np.zeros(len(self._trace), np.int64),
            self._cost,
            self._names,
            {name: _covered(spans) for name, spans in self._spans.items()},
            self._fleet.usd_per_hour,
            frozenset(self._names.index(name) for name in self._fleet.unpriced()),
            self.retries,
            latest_s=self._latest_s,
            errors=self.errors,
        )

    async def _send(self, rt: Runtime, fleet: OpenFleet, began_s: float, number: int, call: Call) -> None:
        sent_s = rt.now() - began_s
        try:
            reply = await fleet.generate(call)
        except CommissureError as error:
            record = self._failed(number, call, error, sent_s, rt.now() - began_s)
        else:
            # Waiting in the client, for quota or for another try, is waiting to whoever sent the call.
            waited_s = max(0.0, rt.now() - began_s - sent_s - reply.timing.total_s)
            record = self._served(number, reply, sent_s, waited_s)
        self._on_call(record)

    def _served(self, number: int, reply: Reply, sent_s: float, waited_s: float) -> CallRecord:
        usage, timing = reply.usage, reply.timing
        queue_s, total_s = waited_s + timing.queue_s, waited_s + timing.total_s
        self._started[number] = sent_s + queue_s
        self._finished[number] = sent_s + total_s
        self._first[number] = sent_s + waited_s + _first_s(reply)
        self._inputs[number], self._outputs[number] = usage.prompt_tokens, usage.said_tokens
        self._cached[number], self._cost[number] = usage.cached_tokens, reply.cost_usd
        self._ended(number, reply.endpoint, sent_s, sent_s + total_s)
        return self._record(
            number, endpoint=reply.endpoint, slot=reply.slot, start_s=sent_s, queue_s=queue_s,
            prefill_s=timing.prefill_s, decode_s=timing.decode_s, total_s=total_s, timing=timing.source,
            cost_usd=reply.cost_usd, finish=reply.finish,
        )  # fmt: skip

    def _failed(self, number: int, call: Call, error: CommissureError, sent_s: float, ended_s: float) -> CallRecord:
        self.errors[number] = error
        endpoint = error.endpoint if isinstance(error, EndpointError) else ""
        self._ended(number, endpoint, sent_s, ended_s)
        waited_s = ended_s - sent_s
        return self._record(
            number, endpoint=endpoint, slot=None, start_s=sent_s, queue_s=waited_s, prefill_s=0.0, decode_s=0.0,
            total_s=waited_s, timing="client", cost_usd=0.0, finish=f"failed: {error}",
        )  # fmt: skip

    def _ended(self, number: int, endpoint: str, sent_s: float, ended_s: float) -> None:
        self._latest_s = max(self._latest_s, ended_s)
        if endpoint in self._spans:
            self._endpoint[number] = self._names.index(endpoint)
            self._spans[endpoint].append((sent_s, ended_s))

    def _record(self, number: int, **known: object) -> CallRecord:
        return CallRecord.model_validate(
            known
            | {
                "leg": "",
                "number": number,
                "agent": "",
                "kind": KIND,
                "evicted": "",
                "prompt_tokens": int(self._inputs[number]),
                "cached_tokens": int(self._cached[number]),
                "output_tokens": int(self._outputs[number]),
            }
        )


def run_traffic(
    trace: Trace,
    fleet: Fleet,
    *,
    world: World,
    seed: int = 0,
    budget: Budget = UNLIMITED,
    on_call: OnCall = lambda record: None,
    on_failure: Callable[[FailureRecord], None] = lambda record: None,
) -> Columns:
    """Send every call of the trace, in virtual time or for real, and wait for all; failed calls are rows too.

    Raises UsageError, before anything is sent, for a call that fits no endpoint.
    """
    check_fits(trace, fleet)
    traffic = Traffic(trace, fleet, on_call)
    run(traffic.workflow, fleet, world=world, seed=seed, budget=budget, on_failure=on_failure)
    return traffic.columns()


def _first_s(reply: Reply) -> float:
    """Seconds from sending to the first token, by whoever knows: the client's ears, else the engine's account."""
    timing = reply.timing
    if timing.source == "client":
        return timing.total_s if timing.first_s is None else timing.first_s
    return min(timing.queue_s + timing.prefill_s, timing.total_s)


def _covered(spans: Sequence[tuple[float, float]]) -> float:
    """The length of the union of some spans of time."""
    covered, until = 0.0, -math.inf
    for begin, end in sorted(spans):
        covered += max(0.0, end - max(begin, until))
        until = max(until, end)
    return covered
