"""One recursion: every sub-call of every depth goes through it, is reserved, capped, cut off in time and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from commissure.hal.call import Call
from commissure.hal.errors import BudgetExceeded, CommissureError, EndpointError, RateLimited, Unsupported, UsageError
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import StepRecord
from commissure.hal.ledger import Ledger
from commissure.hal.policy import Candidate, FleetStatus
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.policies.recursion.ask import Ask, Failed, FailureKind, Limits, Outcome, Said
from commissure.policies.recursion.delegation.delegation import Delegation

# A sub-call that a provider has no quota for waits and tries again, with full jitter (Brooker, "Exponential Backoff
# And Jitter", AWS Architecture Blog 2015): its recursion asks for more than the quota allows, and has to slow down.
MOST_WAITS, FIRST_WAIT_S, LONGEST_WAIT_S = 20, 0.5, 30.0


class Tree:
    """The account, the limits and the trajectory of one recursion.

    `ledger` is its own, within the run's: nothing is sent that passes a budget. A call that brings no answer is a
    `Failed`, and the others go on.
    """

    def __init__(self, rt: Runtime, fleet: OpenFleet, name: str, delegation: Delegation, limits: Limits) -> None:
        self.rt = rt
        self.fleet = fleet
        self.name = name
        self.delegation = delegation
        self.limits = limits
        self.ledger = Ledger(limits.budget, within=fleet.ledger)
        self.failures: list[Failed] = []
        self.began_s = rt.now()
        self._places = rt.semaphore(limits.fan_out)
        self._ids = count()
        self._dice = rt.rng(f"{name} waits")

    @property
    def left_s(self) -> float:
        """Seconds until the recursion is cut off; infinite if it has no limit."""
        return max(0.0, self.began_s + self.limits.wall_s - self.rt.now())

    async def ask(self, ask: Ask) -> Outcome:
        """One sub-call: placed, reserved, sent and recorded. What fails is returned, never raised."""
        if ask.depth > self.limits.depth:
            return self.failed("depth", f"depth {ask.depth} is below the deepest, {self.limits.depth}", ask)
        async with self._places:
            start_s = self.rt.now()
            if self.left_s <= 0:
                return self.failed("wall", f"the recursion's {self.limits.wall_s:g} s have passed", ask)
            try:
                call, chosen = self._placed(ask)
            except UsageError as error:
                return self.failed("room", str(error), ask, start_s)
            return await self._sent(ask, call, chosen, start_s)

    async def ask_all(self, asks: Sequence[Ask]) -> list[Outcome]:
        """Sub-calls side by side, `limits.fan_out` at once over the whole recursion; outcomes in their order."""
        return await self.rt.gather(*map(self.ask, asks)) if asks else []

    def failed(self, kind: FailureKind, problem: str, ask: Ask, start_s: float | None = None, at: str = "") -> Failed:
        """Record what did not become an answer."""
        now_s = self.rt.now()
        step = StepRecord(
            tree=self.name, id=next(self._ids), parent=ask.parent, depth=ask.depth, kind=ask.kind, endpoint=at,
            start_s=now_s if start_s is None else start_s, end_s=now_s,
            prompt_chars=len(ask.system) + len(ask.prompt), error=kind, problem=problem,
        )  # fmt: skip
        self.fleet.note(step)
        self.failures.append(Failed(kind, problem, step.id))
        return self.failures[-1]

    def misread(self, said: Said, problem: str) -> None:
        """An answer came, but not in the form that was asked for."""
        self.failures.append(Failed("malformed", problem, said.step))

    def next_step(self) -> int:
        """The number of a step that is recorded by `note`, as a turn of code is."""
        return next(self._ids)

    def note(self, step: StepRecord) -> None:
        """Record a step that is no sub-call."""
        self.fleet.note(step)

    def _placed(self, ask: Ask) -> tuple[Call, Candidate]:
        """The call, and who serves it. Raises UsageError if nobody can."""
        call = Call(
            ask.prompt, system=ask.system, kind=ask.kind, agent=ask.agent or f"{self.name} {ask.kind}",
            workflow=self.name, node=f"depth {ask.depth}", max_tokens=ask.max_tokens, schema=ask.schema, stop=ask.stop,
            history=ask.history,
        )  # fmt: skip
        status = self.fleet.status()
        able = FleetStatus(status.able(replace(call, schema=None)), status.number)
        chosen = self.delegation.place(ask.depth, ask.kind, ask.est_tokens, self.ledger.left, able)
        if chosen not in able.candidates:
            allowed, policy = ", ".join(one.name for one in able.candidates), type(self.delegation).__name__
            raise UsageError(f"{policy}.place() returned {chosen!r:.60}; it must be one of fleet.candidates: {allowed}")
        return (replace(call, schema=None) if chosen.capabilities.missing(call) else call), chosen

    async def _sent(self, ask: Ask, call: Call, chosen: Candidate, start_s: float) -> Outcome:
        try:
            with self.rt.move_on_after(self.left_s):
                return self._said(ask, chosen, await self._answered(call, chosen.name))
        except BudgetExceeded as error:
            return self.failed("budget", str(error), ask, start_s, chosen.name)
        except Unsupported as error:
            return self.failed("room", str(error), ask, start_s, chosen.name)
        except EndpointError as error:
            return self.failed("endpoint", str(error), ask, start_s, chosen.name)
        except CommissureError as error:
            return self.failed("endpoint", str(error), ask, start_s, chosen.name)
        return self.failed("wall", f"cut off: the {self.limits.wall_s:g} s have passed", ask, start_s, chosen.name)

    async def _answered(self, call: Call, at: str) -> Reply:
        """The reply; where quota is used up it waits in its place, so that fewer go out until there is quota again."""
        for tries in count():
            try:
                return await self.fleet.generate(call, at=at, ledger=self.ledger)
            except RateLimited as error:
                if tries == MOST_WAITS:
                    raise
                wait_s = self._dice.uniform(0.0, min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**tries))
                await self.rt.sleep((error.retry_after_s or 0.0) + wait_s)
        raise AssertionError("counting does not end")

    def _said(self, ask: Ask, chosen: Candidate, reply: Reply) -> Said:
        usage, timing = reply.usage, reply.timing
        step = StepRecord(
            tree=self.name, id=next(self._ids), parent=ask.parent, depth=ask.depth, kind=ask.kind,
            endpoint=reply.endpoint, model=chosen.profile.model, chip=chosen.profile.chip, start_s=timing.start_s,
            queue_s=timing.queue_s, first_s=None if timing.first_s is None else timing.start_s + timing.first_s,
            end_s=self.rt.now(), prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens, reasoning_tokens=usage.reasoning_tokens, cost_usd=reply.cost_usd,
            prompt_chars=len(ask.system) + len(ask.prompt), said=reply.text,
        )  # fmt: skip
        self.fleet.note(step)
        return Said(reply.text, step.id, reply.finish)
