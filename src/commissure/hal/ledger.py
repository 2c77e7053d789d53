"""The account of a run: money, tokens and calls are reserved before a call and settled after it."""

from __future__ import annotations

import math
from dataclasses import dataclass

from commissure.hal.errors import BudgetExceeded, UsageError


@dataclass(frozen=True, slots=True)
class Amount:
    """What a call may use or has used: US dollars, tokens in and out, calls, and seconds of endpoint time."""

    usd: float = 0.0
    tokens: float = 0
    calls: float = 0
    time_s: float = 0.0

    def __add__(self, other: Amount) -> Amount:
        return Amount(
            self.usd + other.usd,
            self.tokens + other.tokens,
            self.calls + other.calls,
            self.time_s + other.time_s,
        )

    def beyond(self, other: Amount) -> Amount:
        """How much more this is than another, 0 where it is not."""
        return Amount(
            max(0.0, self.usd - other.usd),
            max(0, self.tokens - other.tokens),
            max(0, self.calls - other.calls),
            max(0.0, self.time_s - other.time_s),
        )


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that a run may spend; what is not given is not limited.

    How long a call takes is not known before: `time_s` stops further calls once so much was spent.
    """

    usd: float = math.inf
    tokens: float = math.inf
    calls: float = math.inf
    time_s: float = math.inf

    def __post_init__(self) -> None:
        for field in ("usd", "tokens", "calls", "time_s"):
            if not getattr(self, field) >= 0:
                raise UsageError(f"budget: {field} must be a number >= 0, not {getattr(self, field)}")


UNLIMITED = Budget()
FIELDS = ("usd", "tokens", "calls", "time_s")
# Of one: fine enough for the last bit of a float from a billionth of a dollar on.
PARTS = 2**80


@dataclass(eq=False, slots=True)
class Reservation:
    """An amount set aside for one call; settled exactly once."""

    amount: Amount
    open: bool = True
    # The same amount in the account that this one is a part of.
    outer: Reservation | None = None


class Ledger:
    """spent + reserved + uncertain never passes the budget, as long as no call uses more than was reserved for it.

    What a call really used is always booked. Where nobody says what it was, an estimate is booked, and the rest of the
    reservation stays aside as `uncertain`: the provider may still bill it.

    `within` is the account that this one is a part of: what is reserved and settled here is reserved and settled there
    too, so that many parts, each with a budget of its own, keep the whole's.
    """

    def __init__(self, budget: Budget = UNLIMITED, within: Ledger | None = None) -> None:
        self.budget = budget
        self.within = within
        self.spent = Amount()
        # The part of `spent` that is estimated.
        self.estimated = Amount()
        self.uncertain = Amount()
        # Whole numbers, so that adding and taking away again leaves nothing behind.
        self._promised = dict.fromkeys(FIELDS, 0)

    @property
    def left(self) -> Amount:
        """What may still be reserved, here and in what it is a part of; infinite where there is no limit."""
        gone, budget = self.spent + self.reserved + self.uncertain, self.budget
        here = {field: max(0.0, getattr(budget, field) - getattr(gone, field)) for field in FIELDS}
        if self.within is None:
            return Amount(**here)
        outer = self.within.left
        return Amount(**{field: min(value, getattr(outer, field)) for field, value in here.items()})

    @property
    def reserved(self) -> Amount:
        """What calls under way may still use."""
        return Amount(**{field: value / PARTS for field, value in self._promised.items()})

    def reserve(self, amount: Amount) -> Reservation:
        """Set an amount aside. Raises BudgetExceeded, and changes nothing, if a budget does not hold it."""
        if self.budget is not UNLIMITED:
            self._check(amount)
        outer = None if self.within is None else self.within.reserve(amount)
        self._promise(amount, 1)
        return Reservation(amount, outer=outer)

    def commit(self, reservation: Reservation, used: Amount) -> None:
        """Settle with what was really used, even where that is more than was reserved."""
        self._close(reservation)
        self.spent = self.spent + used
        if self.within is not None and reservation.outer is not None:
            self.within.commit(reservation.outer, used)

    def estimate(self, reservation: Reservation, about: Amount) -> None:
        """Settle with about what was used, where that is not known."""
        self._close(reservation)
        self.spent = self.spent + about
        self.estimated = self.estimated + about
        self.uncertain = self.uncertain + reservation.amount.beyond(about)
        if self.within is not None and reservation.outer is not None:
            self.within.estimate(reservation.outer, about)

    def refund(self, reservation: Reservation) -> None:
        """Settle with nothing used."""
        self._close(reservation)
        if self.within is not None and reservation.outer is not None:
            self.within.refund(reservation.outer)

    def _close(self, reservation: Reservation) -> None:
        if not reservation.open:
            raise ValueError("this reservation is already settled")
        reservation.open = False
        self._promise(reservation.amount, -1)

    def _promise(self, amount: Amount, sign: int) -> None:
        for field in FIELDS:
            value = getattr(amount, field)
            if value:
                self._promised[field] += sign * int(value * PARTS)

    def _check(self, amount: Amount) -> None:
        after = self.spent + self.reserved + self.uncertain + amount
        for field in FIELDS:
            wanted, allowed = getattr(after, field), getattr(self.budget, field)
            if wanted > allowed:
                raise BudgetExceeded(
                    f"the budget holds {allowed} {field}, of which {getattr(self.spent, field)} are spent and "
                    f"{getattr(self.reserved + self.uncertain, field)} reserved; this call may need "
                    f"{getattr(amount, field)} more"
                )
