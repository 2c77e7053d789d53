"""Money is never promised twice: a state machine over reserve, commit and refund."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from commissure.hal.errors import BudgetExceeded
from commissure.hal.ledger import Amount, Budget, Ledger, Reservation

amounts = st.builds(Amount, usd=st.floats(0, 5), tokens=st.integers(0, 500), calls=st.just(1))


class LedgerMachine(RuleBasedStateMachine):
    open_ones = Bundle("open_ones")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(Budget(10.0, 1000, 20))
        self.committed: list[Amount] = []
        self.reserved: dict[int, Amount] = {}

    @rule(target=open_ones, amount=amounts)
    def reserve(self, amount: Amount) -> Reservation | None:
        before = self.ledger.spent, self.ledger.reserved
        try:
            reservation = self.ledger.reserve(amount)
        except BudgetExceeded:
            assert (self.ledger.spent, self.ledger.reserved) == before
            return None
        self.reserved[id(reservation)] = amount
        return reservation

    @rule(reservation=consumes(open_ones), used=st.floats(0, 1))
    def commit(self, reservation: Reservation | None, used: float) -> None:
        if reservation is None:
            return
        promised = self.reserved.pop(id(reservation))
        spent = Amount(promised.usd * used, promised.tokens * used, 1)
        self.ledger.commit(reservation, spent)
        self.committed.append(spent)
        with pytest.raises(ValueError, match="settled"):
            self.ledger.refund(reservation)

    @rule(reservation=consumes(open_ones))
    def refund(self, reservation: Reservation | None) -> None:
        if reservation is not None:
            del self.reserved[id(reservation)]
            self.ledger.refund(reservation)

    @invariant()
    def books_balance(self) -> None:
        assert self.ledger.spent == sum(self.committed, Amount())
        assert self.ledger.reserved.usd == pytest.approx(sum(one.usd for one in self.reserved.values()))
        promised = self.ledger.spent + self.ledger.reserved
        assert promised.usd <= 10.0 + 1e-9
        assert promised.tokens <= 1000 + 1e-9
        assert promised.calls <= 20


TestLedger = LedgerMachine.TestCase


def test_the_refusal_says_what_is_left() -> None:
    ledger = Ledger(Budget(usd=1.0))
    ledger.commit(ledger.reserve(Amount(usd=0.75)), Amount(usd=0.75))
    with pytest.raises(BudgetExceeded, match=r"holds 1\.0 usd, of which 0\.75 are spent .* may need 0\.5 more"):
        ledger.reserve(Amount(usd=0.5))


def test_more_than_was_reserved_is_booked_all_the_same() -> None:
    ledger = Ledger(Budget(usd=1.0))
    ledger.commit(ledger.reserve(Amount(usd=0.5)), Amount(usd=3.0))
    assert ledger.spent.usd == 3.0
    with pytest.raises(BudgetExceeded):
        ledger.reserve(Amount())
