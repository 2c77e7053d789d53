"""One recursion: every sub-call of every depth goes through it, is reserved, capped, cut off in time and recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from inspect import iscoroutine
from itertools import count

from commissure.hal.call import Call
from commissure.hal.errors import (
    BudgetExceeded,
    CommissureError,
    EndpointError,
    RateLimited,
    Unsupported,
    UsageError,
    unknown,
)
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import StepRecord
from commissure.hal.ledger import Ledger
from commissure.hal.policy import Candidate, FleetStatus
from commissure.hal.reply import Reply
from commissure.hal.runtime import Runtime
from commissure.policies.custom.module import failed as fault_of
from commissure.policies.recursion.ask import Ask, Failed, FailureKind, Limits, Outcome, Said
from commissure.policies.recursion.delegation.delegation import Delegation

# A sub-call that a provider has no quota for waits and tries again, with full jitter (Brooker, "Exponential Backoff
# And Jitter", AWS Architecture Blog 2015): its recursion asks for more than the quota allows, and has to slow down.
MOST_WAITS, FIRST_WAIT_S, LONGEST_WAIT_S = 20, 0.5, 30.0


class Tree:
    """The account, the limits and the trajectory of one recursion.

    `ledger` is its own, within the run's: nothing is sent that passes a budget. A call that brings no answer is a
    `Failed`, and the others go on; what is tried again is the endpoint's `resilience`. A fault of the delegation itself
    is the user's: UsageError, raised to whoever awaits the recursion. So is an endpoint that the fleet does not have.
    """

    def __init__(self, rt: Runtime, fleet: OpenFleet, name: str, delegation: Delegation, limits: Limits) -> None:
        for named in _endpoints(delegation):
            if named not in fleet.endpoints:
                raise unknown(f"endpoint of delegation {type(delegation).__name__}", named, fleet.endpoints)
        self.rt = rt
        self.fleet = fleet
        self.name = name
        self.delegation = delegation
        self.limits = limits
        self.ledger = Ledger(limits.budget, within=fleet.ledger)
        self.failures: list[Failed] = []
        self.steps: list[StepRecord] = []
        self.began_s = rt.now()
        self._places = rt.semaphore(limits.fan_out)
        self._ids = count()
        self._dice = rt.rng(f"{name} waits")

    @property
    def left_s(self) -> float:
        """Seconds until the recursion is cut off; infinite if it has no limit."""
        return max(0.0, self.began_s + self.limits.wall_s - self.rt.now())

    async def ask(self, ask: Ask) -> Outcome:
        """One sub-call: placed, reserved, sent and recorded. What fails is returned.

        It holds one of the places while it is sent, and at no other time: who waits for children holds none. Raises
        UsageError if the delegation fails.
        """
        if ask.depth > self.limits.depth:
            return self.failed("depth", f"depth {ask.depth} is below the deepest, {self.limits.depth}", ask)
        async with self._places:
            start_s = self.rt.now()
            if self.left_s <= 0:
                return self.failed("wall", f"the recursion's {self.limits.wall_s:g} s have passed", ask)
            call = ask.call(self.name)
            try:
                call, chosen = self._placed(ask, call)
            except Unsupported as error:
                return self.failed("room", str(error), ask, start_s)
            return await self._sent(ask, call, chosen, start_s)

    async def ask_all(self, asks: Sequence[Ask]) -> list[Outcome]:
        """Sub-calls side by side, `limits.fan_out` at once over the whole recursion; outcomes in their order."""
        return await self.rt.gather(*map(self.ask, asks)) if asks else []

    def failed(self, kind: FailureKind, problem: str, ask: Ask, start_s: float | None = None, at: str = "") -> Failed:
        """Record what did not become an answer."""
        step = self._lost(kind, problem, ask, self.rt.now() if start_s is None else start_s, at)
        self.failures.append(Failed(kind, problem, step))
        return self.failures[-1]

    def misread(self, said: Said, problem: str) -> None:
        """An answer came, but not in the form that was asked for."""
        self.failures.append(Failed("malformed", problem, said.step))

    def next_step(self) -> int:
        """The number of a step that is recorded by `note`, as a turn of code is."""
        return next(self._ids)

    def note(self, step: StepRecord) -> None:
        """Record a step."""
        self.steps.append(step)
        self.fleet.note(step)

    def _lost(self, error: str, problem: str, ask: Ask, start_s: float, at: str) -> int:
        step = StepRecord(
            tree=self.name, id=next(self._ids), parent=ask.parent, depth=ask.depth, kind=ask.kind, endpoint=at,
            start_s=start_s, end_s=self.rt.now(), prompt_chars=_chars(ask), error=error, problem=problem,
        )  # fmt: skip
        self.note(step)
        return step.id

    def _placed(self, ask: Ask, call: Call) -> tuple[Call, Candidate]:
        """The call, without its schema where that is not taken, and who serves it.

        Raises Unsupported if nobody can, UsageError if the delegation fails.
        """
        status = self.fleet.status()
        try:
            able = FleetStatus(status.able(replace(call, schema=None)), status.number)
        except UsageError as error:
            raise Unsupported(str(error)) from None
        policy = type(self.delegation).__name__
        try:
            chosen: object = self.delegation.place(ask.depth, ask.kind, ask.est_tokens, self.ledger.left, able)
        except UsageError:
            raise
        except (Exception, SystemExit) as error:
            raise fault_of(f"{policy}.place()", error, "asked") from error
        if iscoroutine(chosen):
            chosen.close()
            raise UsageError(f"{policy}.place() returned a coroutine: write `def place`, without async")
        if not isinstance(chosen, Candidate) or chosen not in able.candidates:
            allowed = ", ".join(one.name for one in able.candidates)
            raise UsageError(
                f"{policy}.place() returned {_shown(chosen)}; it must be one of fleet.candidates: {allowed}"
            )
        return (call if chosen.can_serve(call) else replace(call, schema=None)), chosen

    async def _sent(self, ask: Ask, call: Call, chosen: Candidate, start_s: float) -> Outcome:
        """What comes of a call, cut off when the recursion's time is over; a fault of the run itself passes through."""
        reply: Reply | None = None
        try:
            with self.rt.move_on_after(self.left_s):
                reply = await self._answered(call, chosen.name)
        except BudgetExceeded as error:
            return self.failed("budget", str(error), ask, start_s, chosen.name)
        except Unsupported as error:
            return self.failed("room", str(error), ask, start_s, chosen.name)
        except EndpointError as error:
            return self.failed("endpoint", str(error), ask, start_s, chosen.name)
        except CommissureError:
            raise
        except BaseException as error:
            # What it took is in the account, so it is in the trajectory too; there is nobody to give an outcome to.
            fault = isinstance(error, Exception)
            kind, words = (type(error).__name__, str(error)) if fault else ("cancelled", "stopped from outside")
            self._lost(kind, words, ask, start_s, chosen.name)
            raise
        if reply is None:
            problem = f"cut off: the {self.limits.wall_s:g} s have passed"
            return self.failed("wall", problem, ask, start_s, chosen.name)
        return self._said(ask, chosen, reply, start_s)

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

    def _said(self, ask: Ask, chosen: Candidate, reply: Reply, start_s: float) -> Said:
        usage, timing = reply.usage, reply.timing
        step = StepRecord(
            tree=self.name, id=next(self._ids), parent=ask.parent, depth=ask.depth, kind=ask.kind,
            endpoint=reply.endpoint, model=chosen.profile.model, chip=chosen.profile.chip, start_s=start_s,
            # What was waited for since it had its place: attempts that failed, quota, the endpoint's own queue.
            queue_s=timing.queue_s + max(0.0, timing.start_s - start_s),
            first_s=None if timing.first_s is None else timing.start_s + timing.first_s,
            end_s=self.rt.now(), prompt_tokens=usage.prompt_tokens, cached_tokens=usage.cached_tokens,
            output_tokens=usage.output_tokens, reasoning_tokens=usage.reasoning_tokens, cost_usd=reply.cost_usd,
            prompt_chars=_chars(ask), said=reply.text,
        )  # fmt: skip
        self.note(step)
        return Said(reply.text, step.id, reply.finish)


def _endpoints(delegation: Delegation) -> tuple[str, ...]:
    """Those that it knows by name. Raises UsageError where it cannot say them."""
    try:
        return tuple(delegation.endpoints)
    except (Exception, SystemExit) as error:
        raise fault_of(f"{type(delegation).__name__}.endpoints", error, "read") from error


def _chars(ask: Ask) -> int:
    return len(ask.system) + sum(len(one.text) for one in ask.history) + len(ask.prompt)


def _shown(value: object) -> str:
    try:
        return f"{value!r:.60}"
    except Exception:  # of its own making
        return f"a {type(value).__name__}"
