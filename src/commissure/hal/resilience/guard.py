"""The way of a call to an endpoint that may fail: attempts, hedged where that is asked, until one succeeds."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from commissure.hal.clock.primitives import Primitives
from commissure.hal.errors import EndpointError
from commissure.hal.profiles.serving import Limits
from commissure.hal.resilience.first_tokens import FirstTokens
from commissure.hal.resilience.gate import Gate
from commissure.hal.resilience.limits import Amounts
from commissure.hal.resilience.quota import LONGEST_S
from commissure.hal.resilience.race import Progress, Race
from commissure.hal.resilience.retry import Backoff, RetryBudget
from commissure.hal.resilience.settings import Resilience

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Call(Generic[T]):
    """A call under way. `shown`: a first token was seen, so that it is not tried again."""

    asked: Amounts
    attempt: Callable[[Progress], Awaitable[T]]
    used: Callable[[T], Amounts]
    shown: bool = False


class Guard:
    """What stands between an open fleet and one endpoint. `retries` and `hedges` count the extra attempts."""

    def __init__(self, rt: Primitives, endpoint: str, settings: Resilience, limits: Limits | None = None) -> None:
        self.retries = self.hedges = 0
        self.reserves_output = limits is not None and limits.reserve_output
        self._rt = rt
        self._settings = settings
        self._dice = rt.rng(f"retry/{endpoint}")
        self._budget = RetryBudget(settings.retry_share)
        self._gate = Gate(rt, endpoint, settings, limits)
        self._first_tokens = FirstTokens()

    async def call(
        self, asked: Amounts, attempt: Callable[[Progress], Awaitable[T]], used: Callable[[T], Amounts]
    ) -> T:
        """The value of an attempt that succeeds; every attempt has ended when this returns or raises.

        `asked` is the quota that an attempt reserves, and `used` tells what its value has taken. Raises the last
        attempt's error, CircuitOpen or RateLimited for one that was not sent, and the limiter's EndpointError for a
        call that can never fit. An error is final after a first token, and where the next try would not begin before
        the deadline around the task.
        """
        call = _Call(asked, attempt, used)
        backoff = Backoff(self._settings, self._dice)
        tries = 1
        self._budget.earn()
        while True:
            try:
                return await self._try(call)
            except EndpointError as error:
                wait_s = None if call.shown else self._wait_s(error, tries, backoff)
                if wait_s is None:
                    raise
            tries += 1
            await self._rt.sleep(wait_s)

    async def stream(
        self,
        asked: Amounts,
        attempt: Callable[[Progress], AsyncGenerator[T, None]],
        used: Callable[[T], Amounts | None],
    ) -> AsyncGenerator[T, None]:
        """The items of an attempt, tried again until one has shown its first; `used` finds the quota in the last.

        Raises as `call` does. Use it inside `aclosing`.
        """
        backoff = Backoff(self._settings, self._dice)
        tries = 1
        self._budget.earn()
        while True:
            ticket, progress, taken = await self._gate.enter(asked), Progress(self._rt), asked
            try:
                async with aclosing(attempt(progress)) as items:
                    async for item in items:
                        taken = used(item) or taken
                        yield item
            except BaseException as error:
                self._saw(progress)
                self._gate.leave_failed(ticket, asked, error)
                wait_s = None
                if isinstance(error, EndpointError) and progress.first_s is None:
                    wait_s = self._wait_s(error, tries, backoff)
                if wait_s is None:
                    raise
            else:
                self._saw(progress)
                self._gate.leave(ticket, asked, taken)
                return
            tries += 1
            await self._rt.sleep(wait_s)

    def _wait_s(self, error: EndpointError, tries: int, backoff: Backoff) -> float | None:
        """Seconds until the next try, whose share of the retry budget is then spent; None if there is none."""
        if not error.retryable or tries == self._settings.attempts:
            return None
        wait_s = backoff.next_s(error)
        if wait_s > LONGEST_S or self._rt.now() + wait_s >= self._rt.deadline_s() or not self._budget.allows():
            return None
        self._budget.spend()
        self.retries += 1
        return wait_s

    async def _try(self, call: _Call[T]) -> T:
        ticket = await self._gate.enter(call.asked)
        after_s = self._hedge_after_s()
        if after_s is None:
            return await self._send(call, ticket, Progress(self._rt))
        return await self._hedged(call, ticket, after_s)

    def _hedge_after_s(self) -> float | None:
        if not self._settings.hedge:
            return None
        fixed_s = self._settings.hedge_after_s
        return self._first_tokens.p95_s() if fixed_s is None else fixed_s

    async def _hedged(self, call: _Call[T], ticket: int, after_s: float) -> T:
        """An attempt, and another beside it if it shows no token for so long and the other may be sent at once.

        (Dean and Barroso, "The Tail at Scale", CACM 56(2), 2013.)
        """
        race: Race[T] = Race(self._rt)
        async with self._rt.task_group() as group:
            first = race.start(group, partial(self._send, call, ticket))
            with self._rt.move_on_after(after_s):
                await race.decided.wait()
            if not race.decided.is_set() and self._budget.allows():
                other = await self._gate.enter_now(call.asked)
                if other is not None:
                    self._budget.spend()
                    self.hedges += 1
                    race.start(group, partial(self._send, call, other))
        winner = race.winner
        if winner is not None and winner is not first and winner.first_s is not None:
            # The loser would have taken longer than this. Left out, each hedge would lower the percentile.
            self._first_tokens.add(winner.first_s - first.start_s)
        return race.result()

    async def _send(self, call: _Call[T], ticket: int, progress: Progress) -> T:
        """One attempt that was let in, to its end."""
        try:
            value = await call.attempt(progress)
            used = call.used(value)
        except BaseException as error:
            self._note(call, progress)
            self._gate.leave_failed(ticket, call.asked, error)
            raise
        self._note(call, progress)
        self._gate.leave(ticket, call.asked, used)
        return value

    def _note(self, call: _Call[T], progress: Progress) -> None:
        call.shown = call.shown or progress.first_s is not None
        self._saw(progress)

    def _saw(self, progress: Progress) -> None:
        if progress.first_s is not None:
            self._first_tokens.add(progress.first_s - progress.start_s)
