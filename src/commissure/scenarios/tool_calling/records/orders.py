"""Orders of one to three items with quantities and prices, and their total, so that sums can be checked."""

from __future__ import annotations

from typing import Any

from commissure.hal.clock.dice import Dice
from commissure.scenarios.tool_calling.records.family import MONEY, Family, closed, text_of
from commissure.scenarios.tool_calling.records.names import COMPANIES, COMPANY_KINDS, SUPPLIES
from commissure.scenarios.tool_calling.records.written import amount, money, price_cents

MOST_ITEMS = 3
WORDS = ("two", "three", "four", "five", "six")
LINES = (
    "{quantity} packs of {item} at {price}",
    "{quantity} boxes of {item} at {price} each",
    "{quantity} x {item} at {price}",
)
HEADS = (
    "Please send us {lines}.", "We would like to order {lines}.", "{company} orders {lines}.",
    "Order of {company}: {lines}.",
    "Our order is {lines}.", "Could you deliver {lines}?",
)  # fmt: skip
TOTALS = ("The total is {total}.", "Total: {total}.", "That makes {total} in all.", "Together it is {total}.")
ASIDES = (
    "Our customer number is {code}.", "Delivery is free above {limit}.", "Last month we paid {limit}.",
    "Please call {code} before you come.",
)  # fmt: skip


def write(dice: Dice) -> tuple[str, dict[str, Any]]:
    """What is ordered, sometimes an aside, and what it costs together."""
    items, lines = [], []
    form = dice.choice(LINES)
    for name in dice.sample(SUPPLIES, dice.choice((1, 2, 2, 3))):
        quantity, cents = dice.randrange(2, 13), price_cents(dice, 60)
        spoken = WORDS[quantity - 2] if quantity - 2 < len(WORDS) and dice.random() < 0.2 else str(quantity)
        lines.append(form.format(quantity=spoken, item=name, price=money(cents)))
        items.append((name, quantity, cents))
    total = sum(quantity * cents for _, quantity, cents in items)
    told = [dice.choice(HEADS), *([dice.choice(ASIDES)] if dice.random() < 0.4 else []), dice.choice(TOTALS)]
    text = " ".join(told).format(
        lines=listed(lines),
        company=f"{dice.choice(COMPANIES)} {dice.choice(COMPANY_KINDS)}",
        total=money(total),
        code=dice.randrange(10_000, 99_999),
        limit=money(5000 * dice.randrange(1, 9)),
    )
    said = [{"item": name, "quantity": quantity, "unit_price": amount(cents)} for name, quantity, cents in items]
    return text, {"items": said, "total": amount(total)}


def listed(parts: list[str]) -> str:
    """One; one and another; one, another and a third."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


FAMILY = Family(
    name="orders",
    instruction="Write down the items that are ordered, each with its quantity and the price of one, and the total.",
    properties={
        "items": {
            "type": "array",
            "items": closed(
                {
                    "item": text_of(24),
                    "quantity": {"type": "integer", "minimum": 1, "maximum": 99},
                    "unit_price": MONEY,
                }
            ),
            "minItems": 1,
            "maxItems": MOST_ITEMS,
        },
        "total": MONEY,
    },
    examples=(
        (
            "Please send us 3 packs of cocoa at 4.50 and 10 packs of straws at 1.20. The total is 25.50.",
            {
                "items": [
                    {"item": "cocoa", "quantity": 3, "unit_price": 4.5},
                    {"item": "straws", "quantity": 10, "unit_price": 1.2},
                ],
                "total": 25.5,
            },
        ),
        (
            "Acme Cheese orders two boxes of floor wax at 12.00 each. Our customer number is 40713. Total: 24.00.",
            {"items": [{"item": "floor wax", "quantity": 2, "unit_price": 12}], "total": 24},
        ),
        (
            "We would like to order 5 x brass rings at 2.99, 4 x dry yeast at 3.00 and 8 x corks at 0.50. "
            "That makes 30.95 in all.",
            {
                "items": [
                    {"item": "brass rings", "quantity": 5, "unit_price": 2.99},
                    {"item": "dry yeast", "quantity": 4, "unit_price": 3},
                    {"item": "corks", "quantity": 8, "unit_price": 0.5},
                ],
                "total": 30.95,
            },
        ),
        (
            "Order of Borea Ferries: 7 packs of red wool at 6.25. Last month we paid 50.00. Together it is 43.75.",
            {"items": [{"item": "red wool", "quantity": 7, "unit_price": 6.25}], "total": 43.75},
        ),
    ),
    write=write,
)
