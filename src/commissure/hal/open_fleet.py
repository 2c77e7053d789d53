"""The path of a call: routed, placed, reserved, sent, settled and recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count

from commissure.hal.call import Call
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError, unknown
from commissure.hal.estimate import expected_usage
from commissure.hal.ledger import Amount, Ledger
from commissure.hal.policy import Candidate, Evictor, FleetStatus, Router
from commissure.hal.reply import Reply
from commissure.hal.residency import Placement, Residency
from commissure.hal.runtime import Runtime

Listener = Callable[[Call, Reply, Placement | None], None]


class OpenFleet:
    """A fleet with its endpoints open: what a workflow sees as `fleet`."""

    def __init__(
        self,
        rt: Runtime,
        endpoints: list[Endpoint],
        router: Router,
        evictor: Evictor | None,
        ledger: Ledger,
        listener: Listener | None = None,
    ) -> None:
        self.endpoints = {endpoint.name: endpoint for endpoint in endpoints}
        self.ledger = ledger
        self.abandoned = 0
        self._router = router
        self._listener = listener
        self._anonymous = count(1)
        self._decisions = 0
        self._running = dict.fromkeys(self.endpoints, 0)
        self._residencies = {
            endpoint.name: Residency(rt, endpoint, evictor)
            for endpoint in endpoints
            if evictor is not None and endpoint.capabilities.kv_slots
        }

    def status(self) -> FleetStatus:
        """The fleet as a router sees it."""
        return FleetStatus(
            tuple(
                Candidate(name, one.profile, one.capabilities, self._running[name])
                for name, one in self.endpoints.items()
            ),
            self._decisions,
        )

    async def generate(self, call: Call) -> Reply:
        """Answer a call by the endpoint that the router chooses. Raises EndpointError, BudgetExceeded."""
        if not isinstance(call, Call):
            raise UsageError(f"fleet.generate() takes a Call, not {call!r:.60}")
        endpoint = self._chosen(call)
        usage = expected_usage(call, endpoint.profile)
        bound = Amount(endpoint.profile.price_usd(usage), usage.prompt_tokens + usage.output_tokens, 1)
        reservation = self.ledger.reserve(bound)
        self._running[endpoint.name] += 1
        try:
            reply, placement = await self._send(endpoint, call)
        except BaseException:
            # What a provider bills for a call that was cut short is not known here.
            self.abandoned += 1
            self.ledger.refund(reservation)
            raise
        finally:
            self._running[endpoint.name] -= 1
        tokens = reply.usage.prompt_tokens + reply.usage.output_tokens
        self.ledger.commit(reservation, Amount(reply.cost_usd, tokens, 1, reply.timing.total_s))
        if self._listener is not None:
            self._listener(call, reply, placement)
        return reply

    async def _send(self, endpoint: Endpoint, call: Call) -> tuple[Reply, Placement | None]:
        residency = self._residencies.get(endpoint.name)
        if residency is None:
            return await endpoint.generate(call), None
        # Nobody's call takes a slot like any other, under a name of its own that will not come again.
        named = call if call.agent else replace(call, agent=f"anonymous call {next(self._anonymous)}")
        async with residency.admitted(named) as placement:
            return await endpoint.generate(named), placement

    def _chosen(self, call: Call) -> Endpoint:
        chosen, router = self._router.choose(call, self.status()), type(self._router).__name__
        self._decisions += 1
        if not isinstance(chosen, Candidate):
            raise UsageError(f"{router}.choose() returned {chosen!r:.60}; it must return one of fleet.able(call)")
        if chosen.name not in self.endpoints:
            raise unknown(f"endpoint chosen by router {router}:", chosen.name, self.endpoints)
        return self.endpoints[chosen.name]
