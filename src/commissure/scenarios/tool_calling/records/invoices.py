"""Invoices: number, vendor, total, and dates, which are asked for as ISO dates; with other numbers about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.family import DATE, MONEY, Family, text_of
from commissure.scenarios.tool_calling.records.names import COMPANIES, COMPANY_KINDS
from commissure.scenarios.tool_calling.records.written import amount, day, money, price_cents, written_day

HEADS = (
    "Invoice {number} from {vendor}, dated {issued}.",
    "{vendor}, invoice {number} of {issued}.",
    "On {issued} {vendor} issued invoice {number}.",
    "{vendor} sent us invoice {number}, issued on {issued}.",
    "Invoice number: {number}; vendor: {vendor}; date of issue: {issued}.",
    "This is invoice {number} by {vendor}, written on {issued}.",
)
SUMS = (
    "The total is {total} {currency}.",
    "Total: {total} {currency}.",
    "It comes to {total} {currency} in all.",
    "The amount to pay is {total} {currency}, of which {part} is tax.",
    "Net {net}, tax {part}, total {total} {currency}.",
)
DUE = ("It is due on {due}.", "Please pay by {due}.", "Payment is due by {due}.", "To be paid no later than {due}.")
ASIDES = ("Your order was {order}.", "It refers to delivery {order}.", "Our customer number is {order}.")
SPOKEN = {"EUR": "euros", "USD": "US dollars", "GBP": "pounds", "CHF": "Swiss francs"}
NUMBERS = ("INV-{}", "R{}", "{}", "A-{}", "RE-{}")


def write(dice: Dice) -> tuple[str, dict[str, Any]]:
    """Who wrote which invoice when, its total, often when it is due, and an aside."""
    cents, code, issued = price_cents(dice, dice.choice((100, 900, 900, 5000))), dice.choice(tuple(SPOKEN)), day(dice)
    due = issued + timedelta(days=dice.choice((10, 14, 30, 45))) if dice.random() < 0.8 else None
    part = cents * dice.choice((7, 19, 20)) // 100
    number = dice.choice(NUMBERS).format(dice.randrange(1_000, 99_999))
    vendor = f"{dice.choice(COMPANIES)} {dice.choice(COMPANY_KINDS)}"
    told = [dice.choice(HEADS), *([dice.choice(ASIDES)] if dice.random() < 0.4 else []), dice.choice(SUMS)]
    text = " ".join([*told, *([dice.choice(DUE)] if due else [])]).format(
        number=number,
        vendor=vendor,
        issued=written_day(dice, issued),
        due=due and written_day(dice, due),
        total=money(cents),
        net=money(cents - part),
        part=money(part),
        currency=dice.choice((code, code, SPOKEN[code])),
        order=dice.randrange(100_000, 999_999),
    )
    truth = {"invoice_number": number, "vendor": vendor, "issue_date": issued.isoformat()}
    return text, truth | {"due_date": due and due.isoformat(), "total": amount(cents), "currency": code}


FAMILY = Family(
    name="invoices",
    instruction="Write down the invoice. Dates are written as year-month-day; due_date is null where none is named.",
    properties={
        "invoice_number": text_of(16),
        "vendor": text_of(40),
        "issue_date": DATE,
        "due_date": {"anyOf": [DATE, {"type": "null"}]},
        "total": MONEY,
        "currency": {"enum": list(SPOKEN)},
    },
    examples=(
        (
            "Invoice INV-2231 from Acme Cheese, dated 14 March 2026. Total: 1,250.00 EUR. Please pay by 13 April 2026.",
            {
                "invoice_number": "INV-2231", "vendor": "Acme Cheese", "issue_date": "2026-03-14",
                "due_date": "2026-04-13", "total": 1250, "currency": "EUR",
            },
        ),
        (
            "On July 2, 2025 Borea Ferries issued invoice 78120. Total: 84.50 pounds.",
            {
                "invoice_number": "78120", "vendor": "Borea Ferries", "issue_date": "2025-07-02",
                "due_date": None, "total": 84.5, "currency": "GBP",
            },
        ),
        (
            "Tamis Flowers, invoice R4406 of 2024-11-30. The total is 19.99 USD. It is due on 10 Dec 2024.",
            {
                "invoice_number": "R4406", "vendor": "Tamis Flowers", "issue_date": "2024-11-30",
                "due_date": "2024-12-10", "total": 19.99, "currency": "USD",
            },
        ),
        (
            "Viola Films, invoice A-9053 of 5 Jan 2026. Net 300.00, tax 60.00, total 360.00 CHF. "
            "It is due on February 4, 2026.",
            {
                "invoice_number": "A-9053", "vendor": "Viola Films", "issue_date": "2026-01-05",
                "due_date": "2026-02-04", "total": 360, "currency": "CHF",
            },
        ),
    ),
    write=write,
)  # fmt: skip
