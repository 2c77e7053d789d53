"""A replay under a budget: every call's money and tokens are reserved before it is sent, and settled after it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from commissure.sim.engine.job import Job

Submit = Callable[[Job], Any]
# Money is counted in whole parts of so much of a dollar, so that reserving and settling leave no rounding behind.
PARTS_A_USD = 10**15


class Tariff:
    """What a token costs at one endpoint: new, cached and said; and the hidden tokens of each of its calls."""

    def __init__(self, new_usd: float, cached_usd: float, said_usd: float, hidden_tokens: int) -> None:
        self.new = round(new_usd * PARTS_A_USD)
        self.cached = round(cached_usd * PARTS_A_USD)
        self.said = round(said_usd * PARTS_A_USD)
        self.hidden = hidden_tokens

    def price(self, prompt: int, cached: int, output: int) -> int:
        """Of one call."""
        return (prompt - cached) * self.new + cached * self.cached + (output + self.hidden) * self.said


class Accounts:
    """The rules of `hal.ledger.Ledger`, in whole numbers: reserve, then commit or refund.

    Stands between the feed and the routing desk: `route` names who takes a call, and `chosen` which endpoint that
    is. A call that the budget does not hold fails at once with what `refuse` makes of its need; one that failed costs
    nothing. Hired endpoints cost by the hour, which no call can be charged with.
    """

    def __init__(
        self,
        usd: float,
        tokens: float,
        calls: float,
        tariffs: Sequence[Tariff],
        sizes: tuple[list[int], list[int]],
        route: Callable[[int], Submit],
        chosen: list[int],
        ended: Callable[[Job], Any],
        refuse: Callable[[int, int, int], Exception],
    ) -> None:
        self.spent_parts = 0
        self.spent_tokens = 0
        self.spent_calls = 0
        self._most_parts = math.inf if usd == math.inf else usd * PARTS_A_USD
        self._most_tokens = tokens
        self._most_calls = calls
        self._held_parts = 0
        self._held_tokens = 0
        self._open: dict[int, tuple[int, int]] = {}
        self._tariffs = list(tariffs)
        self._inputs, self._outputs = sizes
        self._route = route
        self._chosen = chosen
        self._ended = ended
        self._refuse = refuse

    @property
    def spent_usd(self) -> float:
        """US dollars of all calls that ended well."""
        return self.spent_parts / PARTS_A_USD

    def route(self, number: int) -> Submit:
        """Who takes a call, with its reservation made."""
        submit = self._route(number)
        tariff = self._tariffs[self._chosen[number]]
        prompt, output = self._inputs[number], self._outputs[number]
        parts, tokens = tariff.price(prompt, 0, output), prompt + output + tariff.hidden
        if (
            self.spent_parts + self._held_parts + parts > self._most_parts
            or self.spent_tokens + self._held_tokens + tokens > self._most_tokens
            or self.spent_calls + len(self._open) + 1 > self._most_calls
        ):
            return self.fail
        self._held_parts += parts
        self._held_tokens += tokens
        self._open[number] = (parts, tokens)
        return submit

    def fail(self, job: Job) -> None:
        """End a call that the budget does not hold."""
        tariff = self._tariffs[self._chosen[job.index]]
        tokens = job.prompt + job.output + tariff.hidden
        job.error = self._refuse(tariff.price(job.prompt, 0, job.output), tokens, self._held_parts)
        job.done(job)

    def ended(self, job: Job) -> None:
        """A call has left its endpoint, or never came to one."""
        self._ended(job)
        held = self._open.pop(job.index, None)
        if held is None:
            return
        self._held_parts -= held[0]
        self._held_tokens -= held[1]
        if job.error is None:
            tariff = self._tariffs[self._chosen[job.index]]
            self.spent_parts += tariff.price(job.prompt, job.cached, job.output)
            self.spent_tokens += job.prompt + job.output + tariff.hidden
            self.spent_calls += 1
