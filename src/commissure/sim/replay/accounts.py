"""A replay under a budget: every call's money and tokens are reserved before it is sent, and settled after it."""

from __future__ import annotations

from commissure.hal.call import Usage
from commissure.hal.errors import BudgetExceeded
from commissure.hal.ledger import Amount, Budget, Ledger, Reservation
from commissure.hal.profile import Profile
from commissure.sim.engine.job import Job
from commissure.sim.hosted.latency import hidden_tokens
from commissure.sim.replay.feed import Submit
from commissure.sim.replay.route import Desk


class Accounts:
    """Stands between the feed and the routing desk; a call that the budget does not hold fails at once.

    A call that failed costs nothing. Hired endpoints cost by the hour, which no call can be charged with.
    """

    def __init__(self, desk: Desk, profiles: list[Profile], budget: Budget) -> None:
        self.ledger = Ledger(budget)
        self._desk = desk
        self._profiles = profiles
        self._hidden = [hidden_tokens(profile) for profile in profiles]
        self._open: dict[int, Reservation] = {}

    def route(self, number: int) -> Submit:
        """Who takes a call, with its reservation made."""
        submit = self._desk.route(number)
        prompt, output = self._desk.size(number)
        try:
            self._open[number] = self.ledger.reserve(self._amount(number, prompt, 0, output))
        except BudgetExceeded as error:
            refused = error

            def refuse(job: Job) -> None:
                job.error = refused
                job.done(job)

            return refuse
        return submit

    def ended(self, job: Job) -> None:
        """A call has left its endpoint, or never came to one."""
        self._desk.ended(job)
        reservation = self._open.pop(job.index, None)
        if reservation is None:
            return
        if job.error is not None:
            self.ledger.refund(reservation)
        else:
            self.ledger.commit(reservation, self._amount(job.index, job.prompt, job.cached, job.output))

    def _amount(self, number: int, prompt: int, cached: int, output: int) -> Amount:
        place = self._desk.chosen[number]
        usage = Usage(prompt, cached, output, self._hidden[place])
        return Amount(self._profiles[place].price_usd(usage), prompt + output + self._hidden[place], 1)
