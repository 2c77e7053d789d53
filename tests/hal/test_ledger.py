"""Money is never promised twice: a state machine over reserve, commit and refund, and accounts within accounts."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
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


def test_what_is_left_is_the_least_of_an_account_and_all_around_it() -> None:
    whole = Ledger(Budget(usd=10.0, calls=5))
    part, other = Ledger(Budget(usd=4.0, tokens=100), within=whole), Ledger(Budget(usd=9.0), within=whole)
    assert part.left == Amount(4.0, 100, 5, math.inf)
    held = part.reserve(Amount(3.0, 60, 1))
    assert (part.left.usd, part.left.tokens, other.left.usd, other.left.calls) == (1.0, 40, 7.0, 4)
    other.commit(other.reserve(Amount(6.5, 0, 1)), Amount(6.5, 0, 1))
    # The whole has 0.5 left, whatever the part would allow.
    assert part.left.usd == whole.left.usd == 0.5
    part.estimate(held, Amount(1.0, 10, 1))
    # What may still be billed stays aside.
    assert (part.uncertain.usd, part.left.usd, part.left.tokens) == (2.0, 0.5, 40)
    assert Ledger().left == Amount(math.inf, math.inf, math.inf, math.inf)


def test_what_the_whole_does_not_hold_changes_nothing_in_the_part() -> None:
    whole = Ledger(Budget(calls=1))
    part = Ledger(Budget(calls=9), within=whole)
    first = part.reserve(Amount(calls=1))
    with pytest.raises(BudgetExceeded, match="the budget holds 1 calls"):
        part.reserve(Amount(calls=1))
    assert part.reserved == whole.reserved == Amount(calls=1)
    part.refund(first)
    assert part.reserved == whole.reserved == Amount()
    with pytest.raises(ValueError, match="settled"):
        part.refund(first)
    assert whole.left.calls == 1


moves = st.tuples(
    st.integers(0, 2), st.sampled_from(["commit", "estimate", "refund", "keep"]), st.floats(0, 5), st.floats(0, 1)
)


@settings(max_examples=150, deadline=None)
@given(
    made=st.lists(moves, max_size=25), budgets=st.lists(st.floats(0, 12), min_size=4, max_size=4),
)  # fmt: skip
def test_accounts_within_accounts_add_up_and_keep_every_budget(made: list[Any], budgets: list[float]) -> None:
    """Two parts of the whole, and a part of the first of them."""
    whole = Ledger(Budget(usd=budgets[0]))
    first, second = (Ledger(Budget(usd=usd), within=whole) for usd in budgets[1:3])
    parts = [first, second, Ledger(Budget(usd=budgets[3]), within=first)]
    own = [0.0, 0.0, 0.0]
    for place, end, usd, used in made:
        try:
            held = parts[place].reserve(Amount(usd))
        except BudgetExceeded:
            assert usd > parts[place].left.usd - 1e-9
            continue
        if end == "refund":
            parts[place].refund(held)
        elif end != "keep":
            getattr(parts[place], end)(held, Amount(usd * used))
        own[place] += {"refund": 0.0, "commit": usd * used}.get(end, usd)
        for ledger, usd_gone in ((whole, sum(own)), (first, own[0] + own[2]), (second, own[1]), (parts[2], own[2])):
            gone = ledger.spent + ledger.reserved + ledger.uncertain
            assert gone.usd == pytest.approx(usd_gone)
            assert gone.usd <= ledger.budget.usd + 1e-9
