"""The path of a call: routed, guarded, reserved, placed, sent, settled and recorded."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

from commissure.hal.call import Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import Unsupported, UsageError, unknown
from commissure.hal.fleets.attempt import Attempt, Failure, quota_of
from commissure.hal.fleets.ranking import Ranking
from commissure.hal.fleets.residency import Residency
from commissure.hal.fleets.slot_table import Placement
from commissure.hal.journal import StepRecord
from commissure.hal.ledger import Ledger
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.hal.reply import Chunk, Reply
from commissure.hal.resilience.guard import Guard
from commissure.hal.resilience.limits import Amounts
from commissure.hal.resilience.race import Progress
from commissure.hal.runtime import Runtime

Listener = Callable[[Call, Reply, Placement | None], None]
FailureListener = Callable[[Failure], None]
StepListener = Callable[[StepRecord], None]
Sent = tuple[Reply, Placement | None]


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who hears of each call that was answered, of each attempt that was not, and of each step of a recursion."""

    reply: Listener | None = None
    failure: FailureListener | None = None
    step: StepListener | None = None


class OpenFleet:
    """A fleet with its endpoints open: what a workflow sees as `fleet`."""

    def __init__(
        self,
        rt: Runtime,
        endpoints: list[Endpoint],
        guards: dict[str, Guard],
        router: Router,
        residencies: Mapping[str, Residency | Ranking],
        ledger: Ledger,
        listeners: Listeners,
    ) -> None:
        self.endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.guards = guards
        self.ledger = ledger
        self.abandoned = 0
        self._rt = rt
        self._router = router
        self._listeners = listeners
        self._anonymous = count(1)
        self._decisions = 0
        self._running = dict.fromkeys(self.endpoints, 0)
        self._residencies = residencies

    def ended(self, workflow: str) -> None:
        """Say that one of several workflows (`Call.workflow`) has made its last call: caches plan for it no more."""
        for residency in self._residencies.values():
            residency.ended(workflow)

    def note(self, step: StepRecord) -> None:
        """Say that a recursion has made a step: the run's trajectory keeps it."""
        if self._listeners.step is not None:
            self._listeners.step(step)

    def status(self) -> FleetStatus:
        """The fleet as a router sees it."""
        return FleetStatus(tuple(map(self._candidate, self.endpoints)), self._decisions)

    async def generate(self, call: Call, *, at: str = "", ledger: Ledger | None = None) -> Reply:
        """Answer a call by the endpoint that the router chooses. Raises EndpointError, BudgetExceeded, Unsupported.

        What is retried, hedged and waited for is the endpoint's `resilience`; each attempt reserves before it is sent.
        `at` names the endpoint in place of the router; `ledger` is the account of a part of the run, within the whole.
        """
        endpoint, named = self._named(call, at) if at else self._chosen(call)
        guard, attempt = self.guards[endpoint.name], self._attempt(endpoint, named, ledger)
        self._running[endpoint.name] += 1
        try:
            asked = attempt.asked(reserves_output=guard.reserves_output)
            reply, placement = await guard.call(asked, partial(self._send, attempt), _quota_of_sent)
        finally:
            self._running[endpoint.name] -= 1
        self._heard(call, reply, placement)
        return reply

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Answer in pieces; use it inside `aclosing`. It is retried until the first piece, and never hedged.

        Raises as `generate` does; TruncatedStream if the stream ends before its closing chunk.
        """
        endpoint, named = self._chosen(call)
        guard, attempt = self.guards[endpoint.name], self._attempt(endpoint, named)
        placement: list[Placement | None] = []
        self._running[endpoint.name] += 1
        try:
            asked = attempt.asked(reserves_output=guard.reserves_output)
            send = partial(self._send_stream, attempt, placement)
            async with aclosing(guard.stream(asked, send, _quota_of_chunk)) as chunks:
                async for chunk in chunks:
                    if chunk.reply is not None:
                        self._heard(call, chunk.reply, placement[-1])
                    yield chunk
        finally:
            self._running[endpoint.name] -= 1

    def _attempt(self, endpoint: Endpoint, call: Call, ledger: Ledger | None = None) -> Attempt:
        return Attempt(self._rt, endpoint, call, ledger or self.ledger, self._failed)

    async def _send(self, attempt: Attempt, progress: Progress) -> Sent:
        async with attempt.reserved() as sending, self._placed(attempt) as placement:
            return await sending.answered(progress), placement

    async def _send_stream(
        self, attempt: Attempt, placements: list[Placement | None], progress: Progress
    ) -> AsyncGenerator[Chunk, None]:
        async with (
            attempt.reserved() as sending,
            self._placed(attempt) as placement,
            aclosing(sending.chunks(progress)) as chunks,
        ):
            placements.append(placement)
            async for chunk in chunks:
                yield chunk

    def _placed(self, attempt: Attempt) -> AbstractAsyncContextManager[Placement | None]:
        residency = self._residencies.get(attempt.endpoint.name)
        return nullcontext() if residency is None else residency.admitted(attempt.call)

    def _heard(self, call: Call, reply: Reply, placement: Placement | None) -> None:
        if self._listeners.reply is not None:
            self._listeners.reply(call, reply, placement)

    def _failed(self, failure: Failure) -> None:
        self.abandoned += 1
        if self._listeners.failure is not None:
            self._listeners.failure(failure)

    def _chosen(self, call: Call) -> tuple[Endpoint, Call]:
        """Who serves the call; nobody's call gets a name that will not come again where slots go by name."""
        if not isinstance(call, Call):
            raise UsageError(f"a fleet answers a Call, not {call!r:.60}")
        chosen, router = self._router.choose(call, self.status()), type(self._router).__name__
        if not isinstance(chosen, Candidate):
            raise UsageError(f"{router}.choose() returned {chosen!r:.60}; it must return one of fleet.able(call)")
        if chosen.name not in self.endpoints:
            raise unknown(f"endpoint chosen by router {router}:", chosen.name, self.endpoints)
        return self._served(call, chosen.name)

    def _named(self, call: Call, name: str) -> tuple[Endpoint, Call]:
        """The endpoint of a name. Raises Unsupported if it cannot serve the call."""
        if name not in self.endpoints:
            raise unknown("endpoint", name, self.endpoints)
        found = self._candidate(name)
        if not found.can_serve(call):
            who = call.agent or call.kind
            raise Unsupported(f"endpoint {name!r} cannot serve a call of {who}: {found.refusal(call)}")
        return self._served(call, name)

    def _served(self, call: Call, name: str) -> tuple[Endpoint, Call]:
        self._decisions += 1
        if name in self._residencies and not call.agent:
            call = replace(call, agent=f"anonymous call {next(self._anonymous)}")
        return self.endpoints[name], call

    def _candidate(self, name: str) -> Candidate:
        one = self.endpoints[name]
        return Candidate(name, one.profile, one.capabilities, self._running[name])


def _quota_of_sent(sent: Sent) -> Amounts:
    return quota_of(sent[0])


def _quota_of_chunk(chunk: Chunk) -> Amounts | None:
    return None if chunk.reply is None else quota_of(chunk.reply)
