"""Amounts agree, and dates come in their order, where the names of fields say what they are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.policies.ensemble.grounding.finding import Finding, Standing, joined, neutral, refuted, supported
from commissure.policies.ensemble.grounding.ground import ground
from commissure.policies.ensemble.sample import Question

REFUTED, NEUTRAL, SUPPORTED = Standing.REFUTED, Standing.NEUTRAL, Standing.SUPPORTED
LINES = [{"item": "x", "quantity": 3, "unit_price": 4.5}, {"item": "y", "quantity": 10, "unit_price": 1.2}]


def whole(record: Any) -> Finding:
    return ground(record, Question("")).whole


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"items": LINES, "total": 25.5}, SUPPORTED),
        ({"items": LINES, "total": 25.6}, REFUTED),
        ({"lines": LINES, "totalAmount": 25.51}, SUPPORTED),
        ({"order": {"items": LINES, "amount_due": 99}}, REFUTED),
        ({"items": LINES, "subtotal": 25.5, "tax": 4.5, "total": 30}, SUPPORTED),
        ({"items": LINES, "subtotal": 25.5, "tax": 4.5, "total": 31}, REFUTED),
        ({"items": LINES, "subtotal": 25, "tax": 5, "total": 30}, REFUTED),
        ({"items": LINES, "shipping": 4.5, "discount": 10, "total": 20}, SUPPORTED),
        ({"items": LINES, "tax": 4.5, "total": 25.5}, SUPPORTED),
        ({"net": 300, "vat": 60, "total": 360}, SUPPORTED),
        ({"net": 300, "vat": 60, "total": 306}, REFUTED),
        ({"net": 300, "vat_rate": 20, "total": 360}, NEUTRAL),
        ({"qty": 2, "price": 1.1, "total": 2.2}, SUPPORTED),
        ({"qty": 2, "price": 1.1, "total": 2.3}, REFUTED),
        ({"items": [{"quantity": 2, "price": 3, "total": 7}]}, REFUTED),
        ({"items": [{"price": 3}, {"price": 4}], "total": 7}, SUPPORTED),
        ({"items": [{"total": 3}, {"total": 4}], "total": 8}, REFUTED),
        ({"items": [{"amount": 3, "price": 4}], "total": 12}, NEUTRAL),
        ({"items": [{"quantity": None, "price": 3}], "total": 12}, NEUTRAL),
        ({"items": [*LINES, "z"], "total": 25.5}, NEUTRAL),
        ({"items": [], "total": 25.5}, NEUTRAL),
        ({"items": LINES, "total_items": 2}, NEUTRAL),
        ({"items": LINES, "total": None}, NEUTRAL),
        ({"items": LINES, "total": float("nan")}, NEUTRAL),
        ({"items": LINES, "total": 10**400}, NEUTRAL),
        ({"invoice_number": 5, "price": 3, "total": 12}, NEUTRAL),
        ([], NEUTRAL),
        ("x", NEUTRAL),
    ],
)
def test_sums(record: Any, expected: Standing) -> None:
    assert whole(record).standing is expected


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 99), st.integers(1, 99_999)), min_size=1, max_size=9), st.integers(2, 10**6))
def test_sums_of_cents(lines: list[tuple[int, int]], off: int) -> None:
    items = [{"quantity": quantity, "unit_price": cents / 100} for quantity, cents in lines]
    total = sum(quantity * cents for quantity, cents in lines)
    assert whole({"items": items, "total": total / 100}).standing is SUPPORTED
    for wrong in (total - off, total + off):
        assert whole({"items": items, "total": wrong / 100}).standing is REFUTED


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("issue_date", "due_date"),
        ("invoiceDate", "invoiceDueDate"),
        ("start", "end"),
        ("from", "to"),
        ("check_in", "check_out"),
        ("departure_date", "return_date"),
        ("opened", "resolved_at"),
    ],
)
def test_dates_in_order(first: str, second: str) -> None:
    for early, late, expected in [
        ("2026-03-14", "2026-03-15", SUPPORTED),
        ("2026-03-14", "2026-03-14T09:00", SUPPORTED),
        ("2026-03-15", "2026-03-14", REFUTED),
        ("2026-03-15", None, NEUTRAL),
        ("15 March", "2026-03-14", NEUTRAL),
    ]:
        assert whole({first: early, second: late}).standing is expected
        assert whole([{second: late, "x": 1, first: early}]).standing is expected


def test_dates_of_other_names_and_of_other_objects_say_nothing() -> None:
    assert whole({"birthday": "2026-03-15", "holiday": "2026-03-14"}).standing is NEUTRAL
    assert whole({"a": {"start": "2026-03-15"}, "b": {"end": "2026-03-14"}}).standing is NEUTRAL


def test_the_reason_is_told() -> None:
    found = whole({"items": LINES, "total": 20, "start": "2026-03-14", "end": "2026-03-01"})
    assert found.reason == "the sum of the lines is 25.5, not 20; start 2026-03-14 is later than end 2026-03-01"


def test_findings_joined() -> None:
    assert joined([]).standing is NEUTRAL
    assert joined([neutral("a"), supported("b")]) == supported("b")
    assert joined([supported("b"), refuted("c"), refuted("d")]) == refuted("c; d")
